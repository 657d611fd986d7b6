import { type Assignor, type AssignorMember } from '../../../model/assignor.js';
import { type TopicPartition } from '../../../model/topic-partition.js';
import { StickyBalance } from './sticky-balance.js';
import { decodeGeneration, encodeGeneration, type Claim } from './sticky-user-data.js';

/**
 * Balanced, and as close to what the members hold as that allows, with the cooperative protocol: members keep working during a
 * rebalance and give up only what moves. A partition that moves is assigned to nobody until its owner has given it up and
 * joined again.
 *
 * @see KIP-429; Kafka: `org.apache.kafka.clients.consumer.CooperativeStickyAssignor`
 * @public
 */
export const cooperativeSticky: Assignor = Object.freeze({
  name: 'cooperative-sticky',
  protocol: 'cooperative',
  userData(_owned, generation) {
    return encodeGeneration(generation);
  },
  assign(members, partitionsByTopic) {
    const claims = new Map<string, Claim>(
      members.map((member) => [member.memberId, { owned: member.owned, generation: generationOf(member) }]),
    );
    return withhold(members, new StickyBalance(members, claims, partitionsByTopic).run());
  },
} satisfies Assignor);

/** Subscriptions below version 2 have no generation of their own. */
function generationOf({ generation, userData }: AssignorMember): number {
  return generation >= 0 || userData === null ? generation : decodeGeneration(userData);
}

/** Leaves out what would go from a member that holds it to another one. Any claim counts, also one of an old generation. */
function withhold(
  members: readonly AssignorMember[],
  assignment: ReadonlyMap<string, readonly TopicPartition[]>,
): Map<string, readonly TopicPartition[]> {
  const holders = new Map<string, Map<number, string[]>>();
  for (const { memberId, owned } of members) {
    for (const { topic, partition } of owned) {
      let byPartition = holders.get(topic);
      if (byPartition === undefined) holders.set(topic, (byPartition = new Map<number, string[]>()));
      const list = byPartition.get(partition);
      if (list === undefined) byPartition.set(partition, [memberId]);
      else list.push(memberId);
    }
  }
  const result = new Map<string, readonly TopicPartition[]>();
  for (const [memberId, partitions] of assignment) {
    const free = partitions.filter(({ topic, partition }) => {
      const list = holders.get(topic)?.get(partition);
      return list === undefined || list.includes(memberId);
    });
    result.set(memberId, free);
  }
  return result;
}
