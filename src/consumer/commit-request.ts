import { BrokerError } from '../errors/broker-error.js';
import { UsageError } from '../errors/usage-error.js';
import { type GroupMetadata } from '../model/commit.js';
import { type OffsetList, type TopicPartition, type TopicPartitionOffset } from '../model/topic-partition.js';
import { type Input } from '../protocol/api.js';
import { byTopic, committedPartition } from '../protocol/by-topic.js';
import { type OffsetCommitRequest } from '../protocol/messages/offset-commit.js';

/** The request that writes these offsets in the name of that member. */
export function commitRequest(as: GroupMetadata, offsets: OffsetList): Input<OffsetCommitRequest> {
  const topics = byTopic(offsets, (offset) => ({ ...committedPartition(offset), commitTimestamp: -1 }));
  return {
    groupId: as.groupId,
    generationIdOrMemberEpoch: as.generation,
    memberId: as.memberId,
    groupInstanceId: as.groupInstanceId,
    topics: topics.map(([name, partitions]) => ({ name, partitions })),
  };
}

/** The broker's answer as an error. */
export function refusal(errorCode: number, { topic, partition, offset }: TopicPartitionOffset): BrokerError {
  return new BrokerError(errorCode, `Commit of ${topic}-${partition} at ${offset}`, { topic, partition, offset });
}

/** Committing it would overwrite its owner's offset. */
export function notHeld({ topic, partition }: TopicPartition): UsageError {
  const text = `Partition ${partition} of ${topic} is not assigned to this consumer, commit only what it holds`;
  return new UsageError(text, { topic, partition });
}

/** Null for an offset that may be committed. */
export function badOffset({ topic, partition, offset }: TopicPartitionOffset): UsageError | null {
  if (Number.isSafeInteger(offset) && offset >= 0) return null;
  return new UsageError(`Offset ${offset} of ${topic}-${partition} is no offset, commit whole numbers from 0 on`);
}
