import { type Metadata } from '../cluster/metadata.js';
import { BrokerError } from '../errors/broker-error.js';
import { ErrorCode } from '../errors/broker-error-codes.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type Cancel } from '../model/done.js';
import { PartitionQueue } from './partition-queue.js';
import { type WaitingRecord } from './waiting-record.js';
import { chooseStickyPartition } from './sticky-partition.js';

/** A topic that this producer writes to. */
export class TopicState {
  readonly name: string;
  readonly partitions: PartitionQueue[] = [];
  /** Ids for a custom partitioner. */
  ids: readonly number[] = [];
  available: readonly number[] = [];
  /** Records whose partition is not known yet, in the order of their calls. */
  readonly waiting: WaitingRecord[] = [];
  /** Why the topic cannot be written to at present, as far as metadata says so. */
  lastError: KafkaError | null = null;
  /** Batches end here; a topic with a small max.message.bytes lowers it. */
  batchLimit: number;
  /** Ends the interest in the topic's metadata. */
  release: Cancel | null = null;
  /** Where records without a key go at present, and how much went there. */
  sticky: PartitionQueue | null = null;
  stickyBytes = 0;

  constructor(name: string, batchLimit: number) {
    this.name = name;
    this.batchLimit = batchLimit;
  }

  get known(): boolean {
    return this.partitions.length > 0;
  }

  /** Takes over what metadata says; returns the partitions whose leader changed. */
  update(metadata: Metadata): PartitionQueue[] {
    const topic = metadata.topic(this.name);
    this.lastError = topicError(this.name, topic?.errorCode);
    if (topic === undefined || topic.errorCode !== 0) return [];
    const moved: PartitionQueue[] = [];
    for (let id = 0; id < topic.partitions.length; id++) {
      const queue = (this.partitions[id] ??= new PartitionQueue(this.name, id));
      const { leader, leaderEpoch } = topic.partitions[id]!;
      queue.leaderEpoch = leaderEpoch;
      if (queue.leader === leader) continue;
      queue.leader = leader;
      moved.push(queue);
    }
    // a topic that was made anew with fewer partitions: what waits for a missing one has no leader until it expires
    for (let id = topic.partitions.length; id < this.partitions.length; id++) {
      const queue = this.partitions[id]!;
      if (queue.leader < 0) continue;
      queue.leader = -1;
      moved.push(queue);
    }
    if (moved.length > 0 || this.ids.length !== topic.partitions.length) {
      this.ids = topic.partitions.map((partition) => partition.partition);
      this.available = this.ids.filter((id) => this.partitions[id]!.leader >= 0);
    }
    return moved;
  }

  /**
   * The partition for records without a key: the same one until batchSize bytes went there, then, at a batch boundary, another
   * one with weight inverse to its queue (KIP-794).
   * @param size - of the record that found no open batch with room
   */
  stickAt(size: number, batchSize: number, random: number): PartitionQueue {
    if (this.sticky?.hasLeader !== true || this.stickyBytes + size > batchSize) {
      const { length } = this.ids;
      const candidates = length === this.partitions.length ? this.partitions : this.partitions.slice(0, length);
      this.sticky = this.partitions[chooseStickyPartition(candidates, random)]!;
      this.stickyBytes = 0;
    }
    return this.sticky;
  }
}

function topicError(name: string, errorCode: number | undefined): KafkaError | null {
  if (errorCode === 0) return null;
  return new BrokerError(errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `Topic ${name}`, { topic: name });
}
