import type { OffsetList } from './topic-partition.js';

/**
 * The answer to a commit: `superseded` = the partition moved on to another owner before it could be written, `fenced` =
 * this member is no longer part of the group.
 * @public
 */
export interface CommitReceipt {
  /** Next record to read, per partition. */
  readonly offsets: OffsetList;
  /** What it came to, the worst of all partitions. */
  readonly outcome: 'committed' | 'superseded' | 'fenced';
  /** Wall clock, milliseconds since the epoch. */
  readonly at: number;
}

/** Identity of a group member, as a transaction needs it (KIP-447). @public */
export interface GroupMetadata {
  /** Name of the group (group.id). */
  readonly groupId: string;
  /** Generation (classic) or member epoch (KIP-848), -1 outside a group. */
  readonly generation: number;
  /** As the coordinator knows the member, `''` outside a group. */
  readonly memberId: string;
  /** Of a static member (group.instance.id, KIP-345), else null. */
  readonly groupInstanceId: string | null;
}
