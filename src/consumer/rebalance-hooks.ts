import { TimeoutExpiredError } from '../errors/client-errors.js';
import { UsageError } from '../errors/usage-error.js';
import { type ConsumerEvent, type RebalanceContext } from '../model/consumer.js';
import { type Runtime } from '../model/runtime.js';
import { type TopicPartition } from '../model/topic-partition.js';
import { Timer } from '../runtime/timer.js';
import { type ConsumerSurface } from './consumer-ports.js';
import { type HeldPartition } from './held-partition.js';
import { checkSeek } from './seek-target.js';

export type HookName = 'assigned' | 'revoked' | 'lost';

/** What hooks need of their session. */
export interface RebalanceHooksHost {
  readonly runtime: Runtime;
  readonly run: ConsumerSurface['hook'];
  event(event: ConsumerEvent): void;
  warn(message: string): void;
  /** A seek from `onAssigned`. */
  move(held: HeldPartition, offset: number): void;
  /** The subscriber is told, and the membership ends. */
  failed(error: unknown): void;
}

interface Running {
  readonly partitions: readonly HeldPartition[];
  readonly waiting: (() => void)[];
}

const optionOf = { assigned: 'onAssigned', revoked: 'onRevoked', lost: 'onLost' } as const;

/**
 * Runs the user's rebalance hooks, each awaited and bounded by its deadline. A partition is in one hook at a time: `onAssigned`
 * for one that came back waits until an `onLost` of it has ended.
 *
 * A hook that fails ends the subscription with its error: state that could not be saved or loaded must not be passed over. One
 * that is not done at its deadline is reported; the group does not wait any longer, so `onRevoked` and `onLost` are left behind
 * and the partition goes on, while `onAssigned` fails like a throw, because what it was to prepare is not there. That is also how
 * a hook ends that waits for the very stream that waits for the hook.
 */
export class RebalanceHooks {
  readonly #host: RebalanceHooksHost;
  readonly #running: Set<Running> = new Set<Running>();
  readonly #timers: Set<Timer> = new Set<Timer>();
  #closed = false;

  constructor(host: RebalanceHooksHost) {
    this.#host = host;
  }

  /** `done` when the hook ended well or is left behind; never after a failure. Partitions it never saw arrive never leave it. */
  run(name: HookName, partitions: readonly HeldPartition[], deadline: number, done: () => void): void {
    const seen = partitions.filter(({ announced, state }) => (name === 'assigned' ? state !== 'ended' : announced));
    if (seen.length === 0) {
      done();
      return;
    }
    const before = [...this.#running].find((other) => other.partitions.some((held) => seen.some((tp) => held.is(tp))));
    if (before === undefined) this.#start(name, seen, deadline, done);
    else {
      before.waiting.push(() => {
        this.run(name, partitions, deadline, done);
      });
    }
  }

  /** What still runs ends unheard. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.clear();
    this.#timers.clear();
    this.#running.clear();
  }

  #start(name: HookName, partitions: readonly HeldPartition[], deadline: number, done: () => void): void {
    if (this.#closed) return;
    const { runtime } = this.#host;
    const running: Running = { partitions, waiting: [] };
    for (const held of partitions) held.announced = true;
    this.#running.add(running);
    let over = false;
    const end = (): boolean => {
      if (over || this.#closed) return false;
      over = true;
      timer.clear();
      this.#timers.delete(timer);
      this.#running.delete(running);
      return true;
    };
    const go = (): void => {
      done();
      for (const next of running.waiting) next();
    };
    const timer = new Timer(runtime, () => {
      if (!end()) return;
      const error = overdue(name, partitions);
      this.#report(name, partitions, error);
      if (name === 'assigned') this.#host.failed(error);
      else {
        this.#host.warn(error.message);
        go();
      }
    });
    this.#timers.add(timer);
    timer.set(Math.max(0, deadline - runtime.now()));
    this.#host.run(name, partitions.map(plain), this.#context(name, partitions, deadline), (error) => {
      if (!end()) return;
      if (error === null) {
        go();
        return;
      }
      this.#report(name, partitions, error);
      this.#host.failed(error);
    });
  }

  #report(hook: HookName, partitions: readonly HeldPartition[], error: unknown): void {
    this.#host.event({ type: 'hookFailed', hook: optionOf[hook], partitions: partitions.map(plain), error });
  }

  #context(name: HookName, partitions: readonly HeldPartition[], deadline: number): RebalanceContext {
    return {
      deadline,
      seek: (tp, offset) => {
        checkSeek(tp, offset);
        const held = partitions.find((candidate) => candidate.is(tp));
        if (name !== 'assigned' || held === undefined) {
          throw new UsageError(
            `Partition ${tp.partition} of ${tp.topic} cannot be moved in ${optionOf[name]}, seek in onAssigned, and only what it was given`,
            { topic: tp.topic, partition: tp.partition },
          );
        }
        // taken away again while the hook ran: the seek is the next owner's business
        if (held.state === 'resolving' || held.state === 'active') this.#host.move(held, offset);
      },
    };
  }
}

function overdue(name: HookName, partitions: readonly HeldPartition[]): TimeoutExpiredError {
  const { topic, partition } = partitions[0]!;
  return new TimeoutExpiredError(
    `${optionOf[name]} was not done by its deadline (context.deadline), give it less to do or more time with drainTimeoutMs and rebalanceTimeoutMs; a hook must not wait for the stream that waits for it`,
    { topic, partition },
  );
}

function plain({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition };
}
