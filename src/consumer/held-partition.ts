import { type TopicPartition } from '../model/topic-partition.js';
import { type PartitionCursor } from './partition-cursor.js';

/** resolving: no position yet. active: may deliver. draining: being given up. ended: no longer ours. */
export type HeldState = 'resolving' | 'active' | 'draining' | 'ended';

/**
 * One partition from its assignment to its end: the identity that a partition stream, a commit and a lease share. A partition
 * that comes back after it was given up is another one, with a later epoch.
 */
export class HeldPartition implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  /** Assignment epoch, growing over the life of the consumer. */
  readonly epoch: number;
  readonly cursor: PartitionCursor;
  state: HeldState = 'resolving';
  /** A seek came before the start position was known: the position stands, whatever the look-up answers. */
  positioned = false;
  /** The position comes from the reset policy and has to be committed before anything is delivered. */
  fromReset = false;
  /** `onAssigned` was told of it, and so will `onRevoked` or `onLost` be. */
  announced = false;
  /** Windows of transactions that have committed it. */
  transactions = 0;
  /** Said once, until the partition moves again. */
  stallReported = false;
  /** When it was last seen to stand still on purpose: time before that counts for nothing. */
  exemptAt = Number.NEGATIVE_INFINITY;
  /** Since when nobody subscribes its stream, null while somebody does. */
  unsubscribedSince: number | null = null;

  constructor(tp: TopicPartition, epoch: number, cursor: PartitionCursor) {
    this.topic = tp.topic;
    this.partition = tp.partition;
    this.epoch = epoch;
    this.cursor = cursor;
  }

  is(tp: TopicPartition): boolean {
    return this.partition === tp.partition && this.topic === tp.topic;
  }
}
