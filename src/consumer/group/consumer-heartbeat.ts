import { type TopicPartition } from '../../model/topic-partition.js';
import { type Input } from '../../protocol/api.js';
import {
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatRequestTopicPartitions,
} from '../../protocol/messages/consumer-group-heartbeat.js';
import { type ConsumerGroupOptions } from './consumer-group-options.js';
import { type ConsumerMemberState, type SaidFields } from './consumer-member-state.js';

/** What a heartbeat would say now. */
export function fieldsOf(state: ConsumerMemberState): SaidFields {
  return {
    topics: state.topics.join(','),
    pattern: state.pattern,
    owned: JSON.stringify(ownedOf(state)),
  };
}

/**
 * The next heartbeat (KIP-848): everything when the member joins or when the coordinator may not know what it was told, else
 * only what changed since.
 */
export function heartbeatRequest(
  options: ConsumerGroupOptions,
  state: ConsumerMemberState,
  fields: SaidFields,
): Input<ConsumerGroupHeartbeatRequest> {
  const { groupId, groupInstanceId, rebalanceTimeoutMs, serverAssignor, clientRack } = options;
  const said = state.full ? null : state.said;
  const memberId = { groupId, memberId: state.memberId, instanceId: groupInstanceId };
  const settings = { rebalanceTimeoutMs, serverAssignor, rackId: clientRack === '' ? null : clientRack };
  // the empty pattern ends a subscription by pattern, which outlives a rejoin; brokers before version 1 have neither
  const patternSaid = said?.pattern !== fields.pattern && (state.pattern !== null || state.patternSaid);
  return {
    ...memberId,
    memberEpoch: Math.max(0, state.epoch),
    ...(said === null ? settings : {}),
    ...(said?.topics === fields.topics ? {} : { subscribedTopicNames: [...state.topics] }),
    ...(patternSaid ? { subscribedTopicRegex: state.pattern ?? '' } : {}),
    ...(said?.owned === fields.owned ? {} : { topicPartitions: ownedOf(state) }),
  };
}

/** Held and draining, by id; nothing while the member joins. */
function ownedOf(state: ConsumerMemberState): ConsumerGroupHeartbeatRequestTopicPartitions[] {
  if (state.epoch <= 0) return [];
  const ids = new Map<string, string>();
  for (const [id, name] of state.names) ids.set(name, id);
  // of a topic that was created anew meanwhile, the id that is assigned now
  for (const { topicId } of state.target) ids.set(state.names.get(topicId) ?? '', topicId);
  const byId = new Map<string, number[]>();
  for (const { topic, partition } of sorted(state.held.all())) {
    const id = ids.get(topic)!;
    const list = byId.get(id);
    if (list === undefined) byId.set(id, [partition]);
    else list.push(partition);
  }
  return [...byId].map(([topicId, partitions]) => ({ topicId, partitions }));
}

function sorted(partitions: readonly TopicPartition[]): TopicPartition[] {
  return [...partitions].sort((left, right) =>
    left.topic === right.topic ? left.partition - right.partition : left.topic < right.topic ? -1 : 1,
  );
}
