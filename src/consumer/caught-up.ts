import { type ConsumerEvent } from '../model/consumer.js';
import { type HeldPartition } from './held-partition.js';

/**
 * Says of each partition, once, that it has caught up: everything in front of the end that was known when reading began is
 * delivered and settled. The end of the first fetch answer counts and not the end of the moment, so that the event comes under
 * a steady stream of new records, too. "Rebuild state, then go live" is this event.
 *
 * A seek, a reset, a truncation or another topic of the same name begin anew; the rewind after a release does not.
 */
export class CaughtUp {
  readonly #committedOnly: boolean;
  readonly #event: (event: ConsumerEvent) => void;
  /** The end to reach; null once it was told. */
  readonly #ends: WeakMap<HeldPartition, number | null> = new WeakMap<HeldPartition, number | null>();

  /** @param committedOnly - the end is the last stable offset */
  constructor(committedOnly: boolean, event: (event: ConsumerEvent) => void) {
    this.#committedOnly = committedOnly;
    this.#event = event;
  }

  /** A fetch was answered: the first answer says which end is meant. */
  fetched(held: HeldPartition): void {
    if (!this.#ends.has(held)) {
      const { lastStableOffset, highWatermark } = held.cursor;
      const end = this.#committedOnly ? lastStableOffset : highWatermark;
      if (end < 0) return;
      this.#ends.set(held, end);
    }
    this.settled(held);
  }

  settled(held: HeldPartition): void {
    const end = this.#ends.get(held) ?? null;
    if (end === null || held.state !== 'active') return;
    const value = held.cursor.commitValue;
    if (value === null || value.offset < end) return;
    this.#ends.set(held, null);
    const { topic, partition } = held;
    this.#event({ type: 'caughtUp', topic, partition });
  }

  moved(held: HeldPartition): void {
    this.#ends.delete(held);
  }
}
