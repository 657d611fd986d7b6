import { type Cluster } from '../cluster/cluster.js';
import { type Cancel } from '../model/done.js';
import { type EpochEnd, OffsetLookup } from './offset-lookup.js';
import { type PartitionCursor } from './partition-cursor.js';

/**
 * Before a partition is fetched from under a new leader epoch, asks whether its position lies on that leader's log (KIP-320):
 * after an unclean election records that were read may not exist any more, and others may have taken their offsets.
 */
export class EpochValidation {
  readonly #lookup: OffsetLookup;
  readonly #valid: (cursor: PartitionCursor) => void;
  readonly #running: Map<PartitionCursor, Cancel> = new Map<PartitionCursor, Cancel>();

  constructor(cluster: Cluster, valid: (cursor: PartitionCursor) => void) {
    this.#lookup = new OffsetLookup(cluster, 0);
    this.#valid = valid;
  }

  /**
   * Nothing to do while the position was read under the leader's own epoch, or under an unknown one. A position of a later
   * epoch than the leader's comes from another log: one that lost its end, or a topic of the same name that is gone.
   */
  check(cursor: PartitionCursor): void {
    const { fetch, topic, partition, deliveryEpoch } = cursor;
    const { positionEpoch, offset, leaderEpoch } = fetch;
    if (fetch.validating || offset < 0 || positionEpoch < 0 || leaderEpoch < 0 || leaderEpoch === positionEpoch) return;
    if (fetch.validatedEpoch === leaderEpoch || fetch.broker < 0 || !fetch.usable) return;
    fetch.validating = true;
    this.forget(cursor);
    const cancel = this.#lookup.endOfEpoch([{ topic, partition, leaderEpoch: positionEpoch }], (error, ends) => {
      this.#running.delete(cursor);
      // a moveTo meanwhile has asked anew
      if (cursor.closed || cursor.deliveryEpoch !== deliveryEpoch || !fetch.validating) return;
      fetch.validating = false;
      fetch.validatedEpoch = leaderEpoch;
      // brokers too old to know, or not allowed to say: fetching answers in its own way
      const end = ends?.[0];
      if (end !== undefined && diverges(end, offset)) {
        fetch.divergesAt = end.endOffset;
        fetch.divergesEpoch = end.leaderEpoch;
        cursor.invalidate('truncated');
      } else this.#valid(cursor);
    });
    this.#running.set(cursor, cancel);
  }

  forget(cursor: PartitionCursor): void {
    this.#running.get(cursor)?.();
    this.#running.delete(cursor);
  }

  close(): void {
    for (const cancel of this.#running.values()) cancel();
    this.#running.clear();
  }
}

/** Both unknown: the leader's log has not even seen an epoch that late, nothing of the position is left. */
function diverges({ endOffset, leaderEpoch }: EpochEnd, offset: number): boolean {
  return endOffset < 0 || leaderEpoch < 0 || endOffset < offset;
}
