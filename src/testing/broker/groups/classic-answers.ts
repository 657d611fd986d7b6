import { none } from '../codes.js';
import { type ClassicMember } from './classic-member.js';
import { type ClassicMembers } from './classic-members.js';

/** What every answer of a classic group tells. @internal */
export interface Generation {
  readonly members: ClassicMembers;
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string | null;
}

/** The generation as JoinGroup tells it; only its leader hears of all members. @internal */
export function joinAnswer(group: Generation, member: ClassicMember) {
  return {
    errorCode: none,
    memberId: member.id,
    generationId: group.generation,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leader ?? '',
    skipAssignment: false,
    members: member.id === group.leader ? memberList(group) : [],
  };
}

const firstWithSkippedAssignment = 9;

/** For a static member that took the place of its predecessor in a stable group: nobody rejoins, and a leader does not assign. @internal */
export function replacedAnswer(group: Generation, member: ClassicMember, oldLeader: string | null, version: number) {
  const skipAssignment = group.leader === member.id && version >= firstWithSkippedAssignment;
  const leader = skipAssignment ? member.id : (oldLeader ?? '');
  return { ...joinAnswer(group, member), leader, skipAssignment, members: skipAssignment ? memberList(group) : [] };
}

function memberList({ members, protocolName }: Generation) {
  return members.all.map((member) => ({
    memberId: member.id,
    groupInstanceId: member.instanceId,
    metadata: member.metadataFor(protocolName),
  }));
}

/** @internal */
export function syncAnswer({ protocolType, protocolName }: Generation, { assignment }: ClassicMember) {
  return { errorCode: none, protocolType, protocolName, assignment };
}

/** A JoinGroup answer that brings no generation. @internal */
export function joinRefusal(errorCode: number, memberId: string) {
  return { errorCode, memberId, generationId: -1, protocolType: null, protocolName: null, leader: '', members: [] };
}

/** A SyncGroup answer without an assignment. @internal */
export function syncRefusal(errorCode: number) {
  return { errorCode, protocolType: null, protocolName: null, assignment: new Uint8Array(0) };
}
