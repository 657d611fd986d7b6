import type { LeaseOwner } from './lease.js';

/** What is told of something that was set aside until somebody decides about it. Both ways out act once, from a later turn. @internal */
export interface ParkedNotice {
  /** Of the record that failed; of the first unsettled one where that is not known. */
  readonly offset: number;
  readonly error: unknown;
  /** Try again. */
  readonly retry: () => void;
  /** Acknowledge without processing, and go on. */
  readonly skip: () => void;
}

/** What `forEachPartition` needs of a partition stream to park it as a whole. @internal */
export interface PartitionPort {
  readonly owner: LeaseOwner;
  /** Offset of the record whose `next` is running, -1 when none is. */
  readonly delivering: number;
  /** Offset of the first record that is not acknowledged, or the next one to deliver. */
  readonly unsettled: number;
  /** Acknowledges the record at that offset, once, instead of delivering it. */
  skip(offset: number): void;
}

/** Key under which a partition stream carries its port. @internal */
export const partitionPort: unique symbol = Symbol.for('rx-kafka.partitionPort') as never;
