import { type Cancel, type Done } from '../model/done.js';
import { type OffsetList, type TopicPartition } from '../model/topic-partition.js';

/** Where offsets are kept: committed to the group's coordinator, or in a store of the user. */
export interface OffsetSource {
  /** Partitions without an offset are left out of the answer. */
  fetch(partitions: readonly TopicPartition[], done: Done<OffsetList>): Cancel;
}
