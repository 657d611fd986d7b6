import { type Cancel, type Done } from '../model/done.js';
import { type OffsetList, type TopicPartition } from '../model/topic-partition.js';
import { type GroupPort } from './group/group-port.js';

/** Reads what a group has committed. */
export class CommittedOffsets {
  constructor(_group: GroupPort) {
    // skeleton
  }
  /** Partitions without a commit are left out. */
  fetch(_partitions: readonly TopicPartition[], _done: Done<OffsetList>): Cancel {
    throw new Error('not yet');
  }
}
