import type { ObservableInput } from 'rxjs';
import type { OffsetList, TopicPartition } from './topic-partition.js';

/**
 * Start positions that are kept outside Kafka, beside the results they belong to: saved in the same transaction of the same
 * database they give effects exactly once. Only loading is the consumer's part; saving is the application's, with `commit: false`
 * where nothing shall be committed to Kafka as well.
 *
 * @example
 * ```ts
 * const offsetStore = {
 *   load: (partitions) => database.query('select topic, part as partition, next as "offset" from offsets where ...', partitions),
 * };
 * ```
 * @public
 */
export interface OffsetStore {
  /**
   * Asked with the partitions that were just assigned, once per assignment, before committed offsets and the reset policy. The
   * first value counts. An offset is the next record to read (last saved + 1); partitions without one are left out and start as
   * if there were no store. A failure ends the subscription with that error: nothing is read from a guess.
   */
  readonly load: (partitions: readonly TopicPartition[]) => ObservableInput<OffsetList>;
}
