import { ZERO_UUID } from '../bytes/uuid.js';
import { ErrorCode } from '../errors/broker-error-codes.js';
import {
  type MetadataResponse,
  type MetadataResponseMetadataResponsePartition as AnsweredPartition,
  type MetadataResponseMetadataResponseTopic as AnsweredTopic,
} from '../protocol/messages/metadata.js';
import { type BrokerNode, type ClusterView, type PartitionMetadata, type TopicMetadata } from './metadata-model.js';

/** What an answer is merged under. */
export interface MergeRules {
  /** Topics to keep although the answer does not name them. */
  keep(topic: string): boolean;
  /** Names the answer was asked for; what it leaves out does not exist. Null: it was asked for all topics. */
  readonly asked: readonly string[] | null;
}

/**
 * The view after an answer. A partition never goes back to an older leader epoch of the same topic id, whatever a broker
 * that is behind says; a topic with another id is another topic and starts anew.
 */
export function mergeMetadata(view: ClusterView, answer: MetadataResponse, rules: MergeRules): ClusterView {
  const topics = new Map<string, TopicMetadata>();
  for (const [name, topic] of view.topics) if (rules.keep(name)) topics.set(name, topic);
  const missing = new Set(rules.asked ?? topics.keys());
  for (const answered of answer.topics) {
    if (answered.name === null) continue;
    missing.delete(answered.name);
    topics.set(answered.name, mergeTopic(view.usable.get(answered.name), answered, answered.name));
  }
  for (const name of missing) topics.set(name, unusable(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION));
  const usable = new Map<string, TopicMetadata>();
  for (const [name, topic] of topics) {
    const last = topic.errorCode === 0 ? topic : view.usable.get(name);
    if (last !== undefined) usable.set(name, last);
  }
  return {
    brokers: mergeBrokers(view.brokers, answer),
    clusterId: answer.clusterId ?? view.clusterId,
    controllerId: answer.controllerId,
    topics,
    usable,
    names: namesById(topics),
  };
}

/** The view with one leader replaced, or the same view when the hint is not newer (KIP-951). */
export function mergeLeader(
  view: ClusterView,
  topic: string,
  partition: number,
  leader: number,
  leaderEpoch: number,
): ClusterView {
  const known = view.topics.get(topic);
  const before = known?.partitions[partition];
  if (known === undefined || before === undefined || leader < 0 || leaderEpoch <= before.leaderEpoch) return view;
  const partitions = known.partitions.slice();
  partitions[partition] = { ...before, leader, leaderEpoch, errorCode: 0 };
  const moved = { ...known, partitions };
  return {
    ...view,
    topics: new Map(view.topics).set(topic, moved),
    usable: new Map(view.usable).set(topic, moved),
  };
}

/** The view with more or other brokers. */
export function mergeNodes(view: ClusterView, nodes: readonly BrokerNode[]): ClusterView {
  const changed = nodes.filter((node) => !sameNode(view.brokers.get(node.id), node));
  if (changed.length === 0) return view;
  const brokers = new Map(view.brokers);
  for (const node of changed) brokers.set(node.id, node);
  return { ...view, brokers };
}

/** Does the first view lack a leader or a topic that the cluster may still come up with? */
export function hasGaps(view: ClusterView, topics: Iterable<string>): boolean {
  for (const name of topics) {
    const topic = view.topics.get(name);
    if (topic === undefined || retriableTopicErrors.has(topic.errorCode)) return true;
    if (topic.partitions.some(({ leader }) => leader < 0)) return true;
  }
  return false;
}

/** Same leaders, same ids, same partitions: the answer brought nothing that a caller waits for. */
export function sameLeaders(a: ClusterView, b: ClusterView): boolean {
  if (a.topics.size !== b.topics.size) return false;
  for (const [name, topic] of a.topics) {
    const other = b.topics.get(name);
    if (other?.topicId !== topic.topicId || other.errorCode !== topic.errorCode) return false;
    if (other.partitions.length !== topic.partitions.length) return false;
    for (const [index, { leader, leaderEpoch }] of topic.partitions.entries()) {
      const partition = other.partitions[index];
      if (partition?.leader !== leader || partition.leaderEpoch !== leaderEpoch) return false;
    }
  }
  return true;
}

const retriableTopicErrors: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.UNKNOWN_SERVER_ERROR,
]);

function mergeTopic(before: TopicMetadata | undefined, answered: AnsweredTopic, name: string): TopicMetadata {
  if (answered.errorCode !== 0) return unusable(name, answered.errorCode);
  // a broker that knows no topic ids does not say that the topic is another one
  const ids = [before?.topicId, answered.topicId];
  const same = before !== undefined && (ids[0] === ids[1] || ids.includes(ZERO_UUID));
  const partitions: PartitionMetadata[] = [];
  for (const part of answered.partitions) {
    const known = same ? before.partitions[part.partitionIndex] : undefined;
    partitions[part.partitionIndex] =
      known !== undefined && part.leaderEpoch >= 0 && known.leaderEpoch > part.leaderEpoch ? known : taken(part);
  }
  for (let id = 0; id < partitions.length; id++) partitions[id] ??= leaderless(id);
  return { name, topicId: answered.topicId, isInternal: answered.isInternal, errorCode: 0, partitions };
}

function taken(part: AnsweredPartition): PartitionMetadata {
  return {
    partition: part.partitionIndex,
    // with an error the leader field is -1, or a node that just went away
    leader: part.errorCode === ErrorCode.LEADER_NOT_AVAILABLE ? -1 : part.leaderId,
    leaderEpoch: part.leaderEpoch,
    replicas: part.replicaNodes,
    isr: part.isrNodes,
    offlineReplicas: part.offlineReplicas,
    errorCode: part.errorCode,
  };
}

function leaderless(partition: number): PartitionMetadata {
  const errorCode = ErrorCode.LEADER_NOT_AVAILABLE;
  return { partition, leader: -1, leaderEpoch: -1, replicas: [], isr: [], offlineReplicas: [], errorCode };
}

function unusable(name: string, errorCode: number): TopicMetadata {
  return { name, topicId: ZERO_UUID, isInternal: false, errorCode, partitions: [] };
}

function mergeBrokers(before: ReadonlyMap<number, BrokerNode>, answer: MetadataResponse): Map<number, BrokerNode> {
  const brokers = new Map<number, BrokerNode>();
  for (const { nodeId, host, port, rack } of answer.brokers) {
    const node: BrokerNode = { id: nodeId, host, port, rack };
    const known = before.get(nodeId);
    brokers.set(nodeId, known !== undefined && sameNode(known, node) ? known : node);
  }
  return brokers;
}

function sameNode(a: BrokerNode | undefined, b: BrokerNode): boolean {
  return a !== undefined && a.host === b.host && a.port === b.port && a.rack === b.rack;
}

function namesById(topics: ReadonlyMap<string, TopicMetadata>): Map<string, string> {
  const names = new Map<string, string>();
  for (const { name, topicId } of topics.values()) if (topicId !== ZERO_UUID) names.set(topicId, name);
  return names;
}
