import { type CommitReceipt } from '../model/commit.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { Timer } from '../runtime/timer.js';
import { type HeldPartition } from './held-partition.js';

/** What a drain needs from its session. */
export interface DrainHost {
  readonly runtime: Runtime;
  /** Whether a pipeline is there that can still settle what nobody took over. */
  readonly subscribed: boolean;
  /** The user's onRevoked, at most until that time; `done` never comes when it failed. */
  hook(partitions: readonly HeldPartition[], deadline: number, done: () => void): void;
  /** The final commit; `done` with null where nothing is committed automatically. */
  commit(partitions: readonly HeldPartition[], done: Done<CommitReceipt>): Cancel;
  /** The partition is over: `abandoned` open leases were left behind. */
  ended(partition: HeldPartition, drained: number, abandoned: number): void;
}

/** Of the time to the deadline, what is kept for the hook and the commit. */
const reserveMs = 1000;

/**
 * Gives partitions up in order: deliver nothing more, wait for what is being processed, run `onRevoked`, commit, end.
 * Each step is bounded by the deadline; what is still open then is fenced, so that a late settle cannot count here any more.
 *
 * Race: a partition may be lost (session over, group fenced) while it drains. `HeldPartition.state` is 'ended' then; the drain
 * neither waits for it nor commits it, and still finishes, because the membership waits for `done`.
 */
export class Drain {
  #deadline: number;
  readonly #partitions: readonly HeldPartition[];
  readonly #open: ReadonlyMap<HeldPartition, number>;
  readonly #host: DrainHost;
  readonly #done: () => void;
  readonly #timer: Timer;
  #step: 'settling' | 'hook' | 'commit' | 'over' = 'settling';
  #cancelCommit: Cancel | null = null;

  constructor(partitions: readonly HeldPartition[], deadline: number, host: DrainHost, done: () => void) {
    this.#partitions = partitions;
    this.#open = new Map(partitions.map((held) => [held, held.cursor.openLeases]));
    this.#deadline = deadline;
    this.#host = host;
    this.#done = done;
    this.#timer = new Timer(host.runtime, () => {
      this.#expired();
    });
  }

  /** The partitions have stopped delivering; call once, from a hop. */
  start(): void {
    this.#timer.set(this.#settlingMs());
    this.check();
  }

  get deadline(): number {
    return this.#deadline;
  }

  /** A shutdown has less time than the rebalance that began this had: the earlier deadline counts, in whatever step this is. */
  hasten(deadline: number): void {
    if (deadline >= this.#deadline || this.#step === 'over') return;
    this.#deadline = deadline;
    if (this.#step === 'settling') this.#timer.set(this.#settlingMs());
    else this.#timer.set(this.#step === 'hook' ? this.#left() / 2 : this.#left());
  }

  /** The session is over, and nobody waits any more: neither `done` nor the deadline comes. */
  stop(): void {
    this.#step = 'over';
    this.#timer.clear();
    this.#cancelCommit?.();
  }

  /** Something settled, was fenced or was lost. */
  check(): void {
    if (this.#step !== 'settling') return;
    const subscribed = this.#host.subscribed;
    for (const held of this.#live()) {
      if (!subscribed) held.cursor.fenceUntaken();
      if (held.cursor.openLeases > 0) return;
    }
    this.#runHook();
  }

  #left(): number {
    return Math.max(0, this.#deadline - this.#host.runtime.now());
  }

  #settlingMs(): number {
    const left = this.#left();
    return left - Math.min(reserveMs, left / 4);
  }

  #live(): HeldPartition[] {
    return this.#partitions.filter((held) => held.state !== 'ended');
  }

  #expired(): void {
    if (this.#step === 'settling') this.#runHook();
    else if (this.#step === 'hook') this.#commit();
    else if (this.#step === 'commit') this.#finish();
  }

  #runHook(): void {
    this.#step = 'hook';
    const forHook = this.#left() / 2;
    this.#timer.set(forHook);
    this.#host.hook(this.#live(), this.#host.runtime.now() + forHook, () => {
      if (this.#step === 'hook') this.#commit();
    });
  }

  #commit(): void {
    this.#step = 'commit';
    const live = this.#live();
    if (live.length === 0) {
      this.#finish();
      return;
    }
    this.#timer.set(this.#left());
    this.#cancelCommit = this.#host.commit(live, () => {
      if (this.#step === 'commit') this.#finish();
    });
  }

  #finish(): void {
    this.stop();
    for (const held of this.#live()) {
      const abandoned = held.cursor.openLeases;
      this.#host.ended(held, Math.max(0, (this.#open.get(held) ?? 0) - abandoned), abandoned);
    }
    this.#done();
  }
}
