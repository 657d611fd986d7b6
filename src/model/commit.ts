import type { OffsetList } from './topic-partition.js';

/**
 * The answer to a commit: `superseded` = the partition moved on to another owner before it could be written, `fenced` =
 * this member is no longer part of the group.
 * @public
 */
export interface CommitReceipt {
  /** Next record to read, per partition. */
  readonly offsets: OffsetList;
  readonly outcome: 'committed' | 'superseded' | 'fenced';
  /** Wall clock, milliseconds since the epoch. */
  readonly at: number;
}

/** Identity of a group member, as a transaction needs it (KIP-447). @public */
export interface GroupMetadata {
  readonly groupId: string;
  /** Generation (classic) or member epoch (KIP-848), -1 outside a group. */
  readonly generation: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}
