import { ZERO_UUID } from '../../../bytes/uuid.js';
import { brokerErrorCodes } from '../../../errors/broker-error-codes.js';
import {
  createTopicsApi,
  type CreateTopicsRequest,
  type CreateTopicsRequestCreatableTopic,
  type CreateTopicsResponse,
} from '../../../protocol/messages/create-topics.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { topicConfigNames } from '../topic-configs.js';
import { areReplicas } from '../topic.js';

const invalidConfig = code('INVALID_CONFIG');
const invalidAssignment = code('INVALID_REPLICA_ASSIGNMENT');
const invalidPartitions = code('INVALID_PARTITIONS');
const invalidFactor = code('INVALID_REPLICATION_FACTOR');
const exists = code('TOPIC_ALREADY_EXISTS');
const invalidTopic = code('INVALID_TOPIC_EXCEPTION');
const invalidRequest = code('INVALID_REQUEST');

/** CreateTopics (key 19); any broker takes it, as brokers of a KRaft cluster forward it to the controller. @internal */
export const createTopics = handler(createTopicsApi, handle, (body, errorCode) => ({
  topics: body.topics.map(({ name }) => refused(name, errorCode)),
}));

function handle(call: Call<CreateTopicsRequest>, answer: Answer<CreateTopicsResponse>): void {
  const names = call.body.topics.map(({ name }) => name);
  answer({
    topics: call.body.topics.map((asked) =>
      names.filter((name) => name === asked.name).length > 1
        ? refused(asked.name, invalidRequest)
        : create(call, asked),
    ),
  });
}

function create({ body, cluster }: Call<CreateTopicsRequest>, asked: CreateTopicsRequestCreatableTopic) {
  const { name } = asked;
  const configs = new Map(asked.configs.map((config) => [config.name, config.value ?? '']));
  const other = cluster.topics.has(name) ? undefined : collidingName(name, cluster.topics.keys());
  if (other !== undefined)
    return { ...refused(name, invalidTopic), errorMessage: `Topic '${name}' collides with existing topic: ${other}` };
  const assignment = assignmentOf(asked, cluster.brokers);
  if (assignment === undefined) return refused(name, invalidAssignment);
  const unknown = [...configs.keys()].find((config) => !topicConfigNames.includes(config));
  if (unknown !== undefined)
    return { ...refused(name, invalidConfig), errorMessage: `Unknown topic config name: ${unknown}` };
  const partitions = asked.numPartitions === -1 ? undefined : asked.numPartitions;
  const factor = asked.replicationFactor === -1 ? undefined : asked.replicationFactor;
  if (body.validateOnly) {
    if (cluster.topics.has(name)) return refused(name, exists);
    if ((partitions ?? 1) < 1) return refused(name, invalidPartitions);
    if ((factor ?? 1) < 1 || (factor ?? 1) > cluster.brokers.size) return refused(name, invalidFactor);
    return refused(name, none);
  }
  const made = cluster.createTopic(name, partitions, factor, configs, assignment);
  if (typeof made === 'number') return refused(name, made);
  return {
    ...refused(name, none),
    topicId: made.id,
    numPartitions: made.partitions.length,
    replicationFactor: made.partitions[0]!.replicas.length,
    configs: topicConfigNames.map((config) => ({
      name: config,
      value: cluster.config(made, config),
      readOnly: false,
      configSource: made.configs.has(config) ? 1 : 5,
      isSensitive: false,
    })),
  };
}

/** A topic whose name differs by dots and underscores only: the metrics of the two would have one name. */
function collidingName(name: string, names: Iterable<string>): string | undefined {
  const metric = name.replaceAll('.', '_');
  return [...names].find((each) => each.replaceAll('.', '_') === metric);
}

/** Replicas by partition, null where the cluster chooses, undefined for an assignment that makes no sense. */
function assignmentOf({ assignments }: CreateTopicsRequestCreatableTopic, brokers: ReadonlyMap<number, unknown>) {
  if (assignments.length === 0) return null;
  const replicas = new Array<readonly number[]>(assignments.length).fill([]);
  for (const { partitionIndex, brokerIds } of assignments) {
    if (partitionIndex < 0 || partitionIndex >= assignments.length || !areReplicas(brokerIds, brokers))
      return undefined;
    replicas[partitionIndex] = brokerIds;
  }
  // the first partition gives the replication factor
  const factor = replicas[0]!.length;
  return factor > 0 && replicas.every(({ length }) => length === factor) ? replicas : undefined;
}

function refused(name: string, errorCode: number) {
  return {
    name,
    topicId: ZERO_UUID,
    errorCode,
    errorMessage: errorCode === none ? null : brokerErrorCodes[errorCode]!.message,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  };
}
