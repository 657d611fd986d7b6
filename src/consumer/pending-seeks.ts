import { type KafkaError } from '../errors/kafka-error.js';
import { UsageError } from '../errors/usage-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { type TopicPartitionOffset } from '../model/topic-partition.js';
import { hop } from '../runtime/timer.js';
import { type HeldPartition } from './held-partition.js';

/** What a seek to something that has to be looked up asks of its owner. */
export interface SeekHost {
  readonly runtime: Runtime;
  /** Go there. */
  found(held: HeldPartition, to: TopicPartitionOffset): void;
  /** Looked up in vain, or nobody wants it any more: the position is what it was. */
  abandoned(held: HeldPartition): void;
}

interface Pending {
  readonly waiters: Set<Done<number>>;
  /** Ends the hold on delivery. */
  readonly release: () => void;
  cancelLookUp: Cancel;
  /** Counts the seeks: an answer for an earlier one is late. */
  turn: number;
}

/**
 * Seeks whose target is looked up first. From the seek on nothing is delivered, so that no record from before it comes after
 * it; if the look-up fails, delivery goes on where it stood.
 *
 * Race: a seek comes while an earlier one is still looked up. The last one wins: the earlier look-up is given up, and whoever
 * waits for it is told where the last one went. A reset or a rewind that moves the partition meanwhile changes nothing: the
 * seek is the younger wish.
 */
export class PendingSeeks {
  readonly #host: SeekHost;
  readonly #pending: Map<HeldPartition, Pending> = new Map<HeldPartition, Pending>();

  constructor(host: SeekHost) {
    this.#host = host;
  }

  has(held: HeldPartition): boolean {
    return this.#pending.has(held);
  }

  /** @param lookUp - answers from a later turn, with the one offset */
  begin(
    held: HeldPartition,
    lookUp: (done: (error: KafkaError | null, to: TopicPartitionOffset | null) => void) => Cancel,
    done: Done<number>,
  ): Cancel {
    const pending = this.#pending.get(held) ?? this.#open(held);
    pending.cancelLookUp();
    const turn = ++pending.turn;
    pending.waiters.add(done);
    pending.cancelLookUp = lookUp((error, to) => {
      if (pending.turn !== turn || this.#pending.get(held) !== pending) return;
      this.#close(held, pending);
      if (to === null) this.#host.abandoned(held);
      else this.#host.found(held, to);
      for (const waiter of pending.waiters) {
        if (to === null) waiter(error, null);
        else waiter(null, to.offset);
      }
    });
    return () => {
      pending.waiters.delete(done);
      if (pending.waiters.size > 0 || this.#pending.get(held) !== pending) return;
      this.#close(held, pending);
      this.#host.abandoned(held);
    };
  }

  /** A later seek needed no look-up. */
  overtaken(held: HeldPartition, offset: number): void {
    this.#answer(held, (waiter) => {
      waiter(null, offset);
    });
  }

  /** The partition was given up. */
  ended(held: HeldPartition): void {
    const { topic, partition } = held;
    this.#answer(held, (waiter) => {
      waiter(
        new UsageError(`Partition ${partition} of ${topic} was given up during the seek`, { topic, partition }),
        null,
      );
    });
  }

  #open(held: HeldPartition): Pending {
    const release = held.cursor.hold('seek');
    const pending: Pending = { waiters: new Set(), release, cancelLookUp: () => undefined, turn: 0 };
    this.#pending.set(held, pending);
    return pending;
  }

  #close(held: HeldPartition, pending: Pending): void {
    this.#pending.delete(held);
    pending.cancelLookUp();
    pending.release();
  }

  #answer(held: HeldPartition, tell: (waiter: Done<number>) => void): void {
    const pending = this.#pending.get(held);
    if (pending === undefined) return;
    this.#close(held, pending);
    hop(this.#host.runtime, () => {
      for (const waiter of pending.waiters) tell(waiter);
    });
  }
}
