/** Raw bytes, never a Node `Buffer` in public types. @public */
export type Bytes = Uint8Array;

/** One partition of one topic. @public */
export interface TopicPartition {
  /** Name of the topic. */
  readonly topic: string;
  /** Counted from 0. */
  readonly partition: number;
}

/** A position in a partition: `offset` is the next record to read. @public */
export interface TopicPartitionOffset extends TopicPartition {
  /** The next record to read. */
  readonly offset: number;
  /** Epoch of the leader that wrote the record before `offset`, for truncation detection (KIP-320). */
  readonly leaderEpoch?: number | undefined;
  /** Text stored beside a committed offset. */
  readonly metadata?: string | undefined;
}

/**
 * Offsets of several partitions. A list, not a Map: a TopicPartition has no identity and "topic-partition" strings are
 * ambiguous.
 * @public
 */
export type OffsetList = readonly TopicPartitionOffset[];

/** What the cluster says of one partition. @public */
export interface PartitionInfo extends TopicPartition {
  /** Node id of the leader, null while there is none. */
  readonly leader: number | null;
  /** Node ids. */
  readonly replicas: readonly number[];
  /** Node ids of those that have everything. */
  readonly inSyncReplicas: readonly number[];
}

/** Distance between a consumer's position and the end of a partition, in offsets. @public */
export interface PartitionLag extends TopicPartition {
  /** `endOffset` less `position`, never below 0. */
  readonly lag: number;
  /** The next offset to deliver. */
  readonly position: number;
  /** One behind the last record that can be read under the isolation level. */
  readonly endOffset: number;
}

/** Who set a record's timestamp: the producer, the broker, or (format v0) nobody. @public */
export type TimestampType = 'createTime' | 'logAppendTime' | 'none';
