import { ProtocolDecodeError } from '../../../errors/protocol-error.js';
import { type ClusterState } from '../cluster-state.js';
import { ClassicGroup } from './classic-group.js';
import { ConsumerGroup } from './consumer-group.js';
import { consumerProtocolType, readAssignment, readSubscription, writeAssignment } from './embedded-protocol.js';

const upgrades: ReadonlySet<string> = new Set(['bidirectional', 'upgrade']);
const downgrades: ReadonlySet<string> = new Set(['bidirectional', 'downgrade']);

/**
 * The consumer group that a classic one becomes when a member of the consumer protocol joins it (KIP-848, "Online migration"): the
 * generation is its epoch, what the leader gave out is target and assignment. Who waits for a JoinGroup or SyncGroup joins again.
 * Null where the policy (group.consumer.migration.policy) or the members do not allow it. @internal
 */
export function upgraded(cluster: ClusterState, classic: ClassicGroup): ConsumerGroup | null {
  const { properties } = cluster.settings;
  if (!upgrades.has(properties['group.consumer.migration.policy'])) return null;
  if (classic.protocolType !== consumerProtocolType) return null;
  if (classic.members.size > properties['group.consumer.max.size']) return null;
  const group = new ConsumerGroup(cluster, classic.id, classic.offsets);
  try {
    const members = classic.members.all.map((before) => {
      const { id, instanceId, protocols, sessionTimeoutMs } = before;
      const { topics, rackId } = readSubscription(
        cluster,
        before.metadataFor(classic.protocolName ?? protocols[0]!.name),
      );
      const member = group.newMember(id, instanceId);
      member.clientId = before.clientId;
      member.clientHost = before.clientHost;
      member.rackId = rackId;
      member.rebalanceTimeoutMs = before.rebalanceTimeoutMs;
      member.topicNames = [...topics].sort();
      member.classic = { sessionTimeoutMs, protocols };
      member.epoch = member.previousEpoch = classic.generation;
      member.assigned = readAssignment(cluster, before.assignment);
      return member;
    });
    classic.dissolve();
    group.takeOver(classic.generation, members);
    return group;
  } catch (error) {
    if (error instanceof ProtocolDecodeError) return null;
    throw error;
  }
}

/** Whether a consumer group has become one of classic members only, and may be a classic group again. @internal */
export function mayDowngrade(cluster: ClusterState, { members }: ConsumerGroup): boolean {
  const { properties } = cluster.settings;
  if (members.size === 0 || members.size > properties['group.max.size']) return false;
  if (!downgrades.has(properties['group.consumer.migration.policy'])) return false;
  return [...members.values()].every(({ classic }) => classic !== null);
}

/** The classic group that a consumer group becomes with its last member of the consumer protocol gone; stable, without a leader. @internal */
export function downgraded(cluster: ClusterState, group: ConsumerGroup): ClassicGroup {
  const classic = new ClassicGroup(cluster, group.id, group.offsets);
  classic.takeOver(
    group.epoch,
    [...group.members.values()].map((member) => ({
      id: member.id,
      clientId: member.clientId,
      clientHost: member.clientHost,
      assignment: writeAssignment(cluster, group.targetOf(member.id)),
      groupInstanceId: member.instanceId,
      protocolType: consumerProtocolType,
      sessionTimeoutMs: member.classic!.sessionTimeoutMs,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      protocols: member.classic!.protocols,
    })),
  );
  return classic;
}
