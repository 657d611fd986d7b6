import { type CommitReceipt } from '../model/commit.js';
import { type ConsumerEvent } from '../model/consumer.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { type ConsumerCommits } from './consumer-commits.js';
import { type ConsumerView } from './consumer-ports.js';
import { Drain, type DrainHost } from './drain.js';
import { type HeldPartition } from './held-partition.js';

/** What drains need of their session. */
export interface DrainsHost {
  readonly runtime: Runtime;
  readonly commits: ConsumerCommits;
  view(): ConsumerView | null;
  hook(partitions: readonly HeldPartition[], deadline: number, done: () => void): void;
  end(held: HeldPartition, why: 'revoked' | 'drained'): void;
  event(event: ConsumerEvent): void;
  /** Partitions ended: the assignment is another one. */
  over(): void;
}

/** A shutdown that has drained its own and waits for the drains of rebalances that it overtook. */
interface Overtaking {
  readonly others: Set<Drain>;
  readonly done: () => void;
}

/** All drains of a session: those of rebalances, side by side, and the one of its end. */
export class PartitionDrains {
  readonly #host: DrainsHost;
  readonly #running: Set<Drain> = new Set<Drain>();
  readonly #overtaking: Set<Overtaking> = new Set<Overtaking>();
  #drained = 0;
  #abandoned = 0;

  constructor(host: DrainsHost) {
    this.#host = host;
  }

  get totals(): { readonly drained: number; readonly abandoned: number } {
    return { drained: this.#drained, abandoned: this.#abandoned };
  }

  /** Partitions that drain already are left to the drain they are in; the one at the end of a session waits for those. */
  drain(partitions: readonly HeldPartition[], deadline: number, why: 'revoked' | 'drained', done: () => void): void {
    const live = partitions.filter(({ state }) => state !== 'ended' && state !== 'draining');
    for (const held of live) {
      held.state = 'draining';
      held.cursor.stopDelivery();
      held.cursor.press(why === 'revoked' ? 'revoking' : 'draining');
      this.#host.view()?.revoking(held, deadline);
    }
    const others = why === 'drained' ? [...this.#running] : [];
    for (const other of others) other.hasten(deadline);
    const own = new CountedDrain(this.#host);
    const drain = new Drain(live, deadline, own, () => {
      this.#running.delete(drain);
      this.#drained += own.drained;
      this.#abandoned += own.abandoned;
      this.#finish(live, why, own.drained);
      this.#whenOver(others, done);
      this.#ended(drain);
    });
    this.#running.add(drain);
    drain.start();
  }

  /** Something settled, moved or was lost. */
  check(): void {
    for (const drain of this.#running) drain.check();
  }

  /** The time to settle is over earlier than it was said. */
  hasten(deadline: number): void {
    for (const drain of this.#running) drain.hasten(deadline);
  }

  /** The session is over: all end without a word. */
  close(): void {
    for (const drain of this.#running) drain.stop();
    this.#running.clear();
    this.#overtaking.clear();
  }

  #whenOver(others: readonly Drain[], done: () => void): void {
    const still = others.filter((other) => this.#running.has(other));
    if (still.length === 0) done();
    else this.#overtaking.add({ others: new Set(still), done });
  }

  #ended(drain: Drain): void {
    for (const waiting of this.#overtaking) {
      if (!waiting.others.delete(drain) || waiting.others.size > 0) continue;
      this.#overtaking.delete(waiting);
      waiting.done();
    }
  }

  #finish(partitions: readonly HeldPartition[], why: 'revoked' | 'drained', drained: number): void {
    const live = partitions.filter(({ state }) => state !== 'ended');
    if (live.length === 0) return;
    const names = live.map(({ topic, partition }) => ({ topic, partition }));
    const abandoned = live.flatMap(({ topic, partition, cursor }) => {
      const oldest = cursor.openLeases > 0 ? cursor.commitValue : null;
      return oldest === null ? [] : [{ topic, partition, offset: oldest.offset }];
    });
    for (const held of live) this.#host.end(held, why);
    this.#host.event({ type: 'revoked', partitions: names });
    this.#host.event({ type: 'handedOff', partitions: names, drained, abandoned });
    this.#host.over();
  }
}

/** The host of one drain, with its own count. */
class CountedDrain implements DrainHost {
  readonly runtime: Runtime;
  drained = 0;
  abandoned = 0;
  readonly #host: DrainsHost;

  constructor(host: DrainsHost) {
    this.runtime = host.runtime;
    this.#host = host;
  }

  get subscribed(): boolean {
    return this.#host.view() !== null;
  }
  hook(partitions: readonly HeldPartition[], deadline: number, done: () => void): void {
    this.#host.hook(partitions, deadline, done);
  }
  commit(partitions: readonly HeldPartition[], done: Done<CommitReceipt>): Cancel {
    return this.#host.commits.automatic(partitions, done);
  }
  ended(_held: HeldPartition, drained: number, abandoned: number): void {
    this.drained += drained;
    this.abandoned += abandoned;
  }
}
