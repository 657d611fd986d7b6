import { type TopicPartition, type TopicPartitionOffset } from '../model/topic-partition.js';

/** As requests list partitions: below their topic, in the order of the targets. */
export function byTopic<T extends TopicPartition, P>(targets: readonly T[], part: (target: T) => P): [string, P[]][] {
  const topics = new Map<string, P[]>();
  for (const target of targets) {
    const parts = topics.get(target.topic);
    if (parts === undefined) topics.set(target.topic, [part(target)]);
    else parts.push(part(target));
  }
  return [...topics];
}

/** What OffsetCommit and TxnOffsetCommit say of a partition. */
export function committedPartition({ partition, offset, leaderEpoch, metadata }: TopicPartitionOffset): {
  partitionIndex: number;
  committedOffset: number;
  committedLeaderEpoch: number;
  committedMetadata: string;
} {
  return {
    partitionIndex: partition,
    committedOffset: offset,
    committedLeaderEpoch: leaderEpoch ?? -1,
    committedMetadata: metadata ?? '',
  };
}
