import { type JoinGroupRequest } from '../../../protocol/messages/join-group.js';
import { type SyncGroupRequest } from '../../../protocol/messages/sync-group.js';
import { code, none } from '../codes.js';
import { type Generation } from './classic-answers.js';

/** States of a classic group, by the names DescribeGroups tells. @internal */
export type ClassicState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

type Group = Generation & { readonly state: ClassicState };

const unknownMember = code('UNKNOWN_MEMBER_ID');
const illegalGeneration = code('ILLEGAL_GENERATION');
const rebalancing = code('REBALANCE_IN_PROGRESS');
const inconsistentProtocol = code('INCONSISTENT_GROUP_PROTOCOL');

/** @internal */
export const groupFull = code('GROUP_MAX_SIZE_REACHED');

/** Whether the group takes a JoinGroup, whoever it is from. @internal */
export function joinError({ members, protocolType }: Group, request: JoinGroupRequest, limit: number): number {
  if (members.size >= limit && members.get(request.memberId) === undefined) return groupFull;
  return members.supports(request, protocolType) ? none : inconsistentProtocol;
}

/** Whether the group takes a Heartbeat; a member that is to join again is alive. @internal */
export function heartbeatError(group: Group, memberId: string, instanceId: string | null, generation: number): number {
  const error = group.members.validate(memberId, instanceId);
  if (error !== none) return error;
  if (generation !== group.generation) return illegalGeneration;
  if (group.state === 'Empty') return unknownMember;
  return group.state === 'PreparingRebalance' ? rebalancing : none;
}

/** Whether the group takes a SyncGroup. @internal */
export function syncError(group: Group, request: SyncGroupRequest): number {
  const error = group.members.validate(request.memberId, request.groupInstanceId);
  if (error !== none) return error;
  if (request.generationId !== group.generation) return illegalGeneration;
  const otherType = request.protocolType !== null && request.protocolType !== group.protocolType;
  const otherName = request.protocolName !== null && request.protocolName !== group.protocolName;
  if (otherType || otherName) return inconsistentProtocol;
  return group.state === 'PreparingRebalance' ? rebalancing : none;
}

/** Whether the group takes an offset commit. The broker does not check who owns a partition. @internal */
export function commitError(
  group: Group,
  memberId: string,
  instanceId: string | null,
  generation: number,
  transactional: boolean,
): number {
  if (generation < 0 && group.state === 'Empty') return none;
  if (generation >= 0 || memberId !== '' || instanceId !== null) {
    const error = group.members.validate(memberId, instanceId);
    if (error !== none) return error;
    if (generation !== group.generation) return illegalGeneration;
  } else if (!transactional && group.state !== 'Empty') return unknownMember;
  return !transactional && group.state === 'CompletingRebalance' ? rebalancing : none;
}
