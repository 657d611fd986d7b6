import { ZERO_UUID } from '../../../bytes/uuid.js';
import {
  describeTopicPartitionsApi,
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsResponse,
} from '../../../protocol/messages/describe-topic-partitions.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { describedPartition } from '../described-partition.js';

const unknownTopic = code('UNKNOWN_TOPIC_OR_PARTITION');
const mostPartitions = 2000;

/** DescribeTopicPartitions (key 75): topics by name, page by page (KIP-966). @internal */
export const describeTopicPartitions = handler(describeTopicPartitionsApi, handle, (body, errorCode) => ({
  topics: body.topics.map(({ name }) => ({ errorCode, name, topicId: ZERO_UUID, partitions: [] })),
}));

function handle(call: Call<DescribeTopicPartitionsRequest>, answer: Answer<DescribeTopicPartitionsResponse>): void {
  const { body, cluster } = call;
  const { cursor } = body;
  const asked = body.topics.length === 0 ? [...cluster.topics.keys()] : body.topics.map(({ name }) => name);
  const names = [...new Set(asked)].sort().filter((name) => cursor === null || name >= cursor.topicName);
  let room = Math.min(body.responsePartitionLimit, mostPartitions);
  let nextCursor: { topicName: string; partitionIndex: number } | null = null;
  const topics = [];
  for (const name of names) {
    const topic = cluster.topics.get(name);
    if (topic === undefined) {
      topics.push({ errorCode: unknownTopic, name, topicId: ZERO_UUID, partitions: [] });
      continue;
    }
    const from = cursor?.topicName === name ? cursor.partitionIndex : 0;
    const partitions = topic.partitions.slice(from, from + room).map((partition) => ({
      ...describedPartition(cluster, partition),
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
    }));
    room -= partitions.length;
    topics.push({ errorCode: none, name, topicId: topic.id, isInternal: topic.internal, partitions });
    if (from + partitions.length < topic.partitions.length) {
      nextCursor = { topicName: name, partitionIndex: from + partitions.length };
      break;
    }
  }
  answer({ topics, nextCursor });
}
