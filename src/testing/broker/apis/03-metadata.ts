import { ZERO_UUID } from '../../../bytes/uuid.js';
import { type Input } from '../../../protocol/api.js';
import {
  metadataApi,
  type MetadataRequest,
  type MetadataResponse,
  type MetadataResponseMetadataResponseTopic,
} from '../../../protocol/messages/metadata.js';
import { type Answer, type Call, handler } from '../call.js';
import { type ClusterState } from '../cluster-state.js';
import { code, none } from '../codes.js';
import { describedPartition, isListed } from '../described-partition.js';
import { isLegalTopicName, type Topic } from '../topic.js';

type TopicAnswer = Input<MetadataResponseMetadataResponseTopic>;

const unknownTopic = code('UNKNOWN_TOPIC_OR_PARTITION');
const unknownId = code('UNKNOWN_TOPIC_ID');
const invalidTopic = code('INVALID_TOPIC_EXCEPTION');

/** Metadata (key 3): brokers, topics, leaders. Names that are not there are created when both sides allow it. @internal */
export const metadata = handler(metadataApi, handle, (body, errorCode) => ({
  topics: (body.topics ?? []).map(({ name, topicId }) => ({ name, topicId, errorCode, partitions: [] })),
}));

function handle(call: Call<MetadataRequest>, answer: Answer<MetadataResponse>): void {
  const { cluster, body, version } = call;
  // in v0 an empty list means all topics, later null does
  const all = body.topics === null || (version === 0 && body.topics.length === 0);
  const topics = all
    ? [...cluster.topics.values()].map((topic) => described(cluster, topic))
    : body.topics!.map((wanted) => asked(call, wanted));
  answer({
    brokers: [...cluster.brokers.values()]
      .filter((broker) => isListed(cluster, broker.id))
      .map(({ id, host, port, rack }) => ({ nodeId: id, host, port, rack })),
    clusterId: cluster.settings.clusterId,
    controllerId: cluster.controllerId,
    topics,
    clusterAuthorizedOperations: -2147483648,
  });
}

function asked(call: Call<MetadataRequest>, wanted: { topicId: string; name: string | null }): TopicAnswer {
  const { cluster, body, version } = call;
  if (wanted.name === null || (version >= 12 && wanted.topicId !== ZERO_UUID)) {
    const topic = cluster.topicsById.get(wanted.topicId);
    if (topic === undefined) return { errorCode: unknownId, name: null, topicId: wanted.topicId, partitions: [] };
    return described(cluster, topic);
  }
  const { name } = wanted;
  const topic = cluster.topics.get(name);
  if (topic !== undefined) return described(cluster, topic);
  if (!isLegalTopicName(name)) return missing(name, invalidTopic);
  // the client is told that there is none, and finds it the next time it asks
  if (cluster.settings.properties['auto.create.topics.enable'] && (version < 4 || body.allowAutoTopicCreation)) {
    cluster.createTopic(name);
  }
  return missing(name, unknownTopic);
}

function missing(name: string, errorCode: number): TopicAnswer {
  return {
    errorCode,
    name,
    topicId: ZERO_UUID,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: -2147483648,
  };
}

function described(cluster: ClusterState, topic: Topic): TopicAnswer {
  return {
    errorCode: none,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions: topic.partitions.map((partition) => describedPartition(cluster, partition)),
    topicAuthorizedOperations: -2147483648,
  };
}
