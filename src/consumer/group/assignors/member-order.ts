import { type AssignorMember } from '../../../model/assignor.js';
import { type TopicPartition } from '../../../model/topic-partition.js';

/**
 * Order in which members are served: static ones first, by instance id, which survives a restart while the member id does
 * not; so a restarted static member gets what it had.
 */
export function inOrder(members: readonly AssignorMember[]): AssignorMember[] {
  return [...members].sort((left, right) => {
    if (left.groupInstanceId !== null && right.groupInstanceId !== null) {
      return compare(left.groupInstanceId, right.groupInstanceId);
    }
    if (left.groupInstanceId !== null) return -1;
    if (right.groupInstanceId !== null) return 1;
    return compare(left.memberId, right.memberId);
  });
}

/** Topics to which at least one member subscribed and which exist, in order of name. */
export function topicsInOrder(
  members: readonly AssignorMember[],
  partitionsByTopic: ReadonlyMap<string, readonly number[]>,
): string[] {
  const topics = new Set<string>();
  for (const member of members) {
    for (const topic of member.topics) if (partitionsByTopic.has(topic)) topics.add(topic);
  }
  return [...topics].sort(compare);
}

/** An empty list for every member. */
export function emptyAssignment(members: readonly AssignorMember[]): Map<string, TopicPartition[]> {
  return new Map(members.map(({ memberId }) => [memberId, []]));
}

/** By code unit: the same on every machine, whatever its language. */
export function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
