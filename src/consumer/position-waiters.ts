import { UsageError } from '../errors/usage-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { hop } from '../runtime/timer.js';
import { type HeldPartition } from './held-partition.js';

/** Those who asked for the position of a partition that had none at that moment. */
export class PositionWaiters {
  readonly #runtime: Runtime;
  readonly #waiting: Map<HeldPartition, Set<Done<number>>> = new Map<HeldPartition, Set<Done<number>>>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  add(held: HeldPartition, done: Done<number>): Cancel {
    let waiters = this.#waiting.get(held);
    if (waiters === undefined) this.#waiting.set(held, (waiters = new Set<Done<number>>()));
    waiters.add(done);
    return () => {
      waiters.delete(done);
    };
  }

  /** The partition stands at that offset now. Called from a turn of its own. */
  known(held: HeldPartition, position: number): void {
    const waiters = this.#waiting.get(held);
    if (waiters === undefined) return;
    this.#waiting.delete(held);
    for (const done of waiters) done(null, position);
  }

  ended(held: HeldPartition): void {
    const waiters = this.#waiting.get(held);
    if (waiters === undefined) return;
    this.#waiting.delete(held);
    const { topic, partition } = held;
    hop(this.#runtime, () => {
      for (const done of waiters) {
        done(
          new UsageError(`Partition ${partition} of ${topic} was given up before it had a position`, {
            topic,
            partition,
          }),
          null,
        );
      }
    });
  }
}
