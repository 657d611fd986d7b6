import { type JoinGroupRequest, type JoinGroupResponse } from '../../../protocol/messages/join-group.js';
import { type SyncGroupRequest, type SyncGroupResponse } from '../../../protocol/messages/sync-group.js';
import { type Answer, type Call } from '../call.js';
import { type ClusterState } from '../cluster-state.js';
import { code, none } from '../codes.js';
import { joinRefusal, syncRefusal } from './classic-answers.js';
import { type ConsumerGroup } from './consumer-group.js';
import { type ConsumerMember } from './consumer-member.js';
import { consumerProtocolType, readSubscription, writeAssignment } from './embedded-protocol.js';
import { memberId } from './member-id.js';

const unknownMember = code('UNKNOWN_MEMBER_ID');
const fencedInstance = code('FENCED_INSTANCE_ID');
const illegalGeneration = code('ILLEGAL_GENERATION');
const inconsistentProtocol = code('INCONSISTENT_GROUP_PROTOCOL');
const memberIdRequired = code('MEMBER_ID_REQUIRED');
const groupFull = code('GROUP_MAX_SIZE_REACHED');
const rebalancing = code('REBALANCE_IN_PROGRESS');
const firstWithRequiredId = 4;

/**
 * Members of the classic protocol in a KIP-848 group, which the coordinator takes along (KIP-848, "Online migration"): to them the
 * member epoch is the generation and there is no leader. JoinGroup is the step towards the target that a heartbeat is for the
 * others, answered at once; SyncGroup brings what is assigned now; a Heartbeat tells them to join again as long as a step is due.
 * A member that is told to join and does not, or joins and does not sync, within its rebalance timeout is fenced. @internal
 */
export class ClassicParticipants {
  readonly #cluster: ClusterState;
  readonly #group: ConsumerGroup;

  constructor(cluster: ClusterState, group: ConsumerGroup) {
    this.#cluster = cluster;
    this.#group = group;
  }

  join(call: Call<JoinGroupRequest>, answer: Answer<JoinGroupResponse>): void {
    const { body, clientId, caller, version } = call;
    const { groupInstanceId, protocols } = body;
    const isNew = body.memberId === '';
    const name = groupInstanceId ?? clientId ?? '';
    const id = isNew ? memberId(name, () => this.#cluster.runtime.random()) : body.memberId;
    const error = this.#refusal(body, id);
    if (error !== none) {
      answer(joinRefusal(error, body.memberId));
      return;
    }
    if (isNew && groupInstanceId === null && version >= firstWithRequiredId) {
      answer(joinRefusal(memberIdRequired, id));
      return;
    }
    const member = this.#enter(id, groupInstanceId, isNew);
    if (typeof member === 'number') {
      answer(joinRefusal(member, body.memberId));
      return;
    }
    const { topics, rackId, owned } = readSubscription(this.#cluster, protocols[0]!.metadata);
    member.clientId = clientId ?? '';
    member.clientHost = caller.clientHost;
    member.classic = {
      sessionTimeoutMs: body.sessionTimeoutMs,
      protocols: protocols.map(({ name: protocol, metadata }) => {
        return { name: protocol, metadata: Uint8Array.from(metadata) };
      }),
    };
    const changed = member.learn({
      rackId,
      // v0 has no rebalance timeout, the session's counts
      rebalanceTimeoutMs: body.rebalanceTimeoutMs < 0 ? body.sessionTimeoutMs : body.rebalanceTimeoutMs,
      serverAssignor: null,
      subscribedTopicNames: [...topics],
      subscribedTopicRegex: '',
    });
    this.#group.step(member, changed, owned);
    // by then it has to sync
    member.revocation.set(member.rebalanceTimeoutMs);
    answer({
      errorCode: none,
      memberId: member.id,
      generationId: member.epoch,
      protocolType: consumerProtocolType,
      protocolName: member.classic.protocols[0]!.name,
      leader: '',
      skipAssignment: false,
      members: [],
    });
    // where the last one of the consumer protocol came back as a classic one: it has what it had, and nobody rebalances
    this.#cluster.groups.downgrade(this.#group);
  }

  sync(request: SyncGroupRequest, answer: Answer<SyncGroupResponse>): void {
    const { generationId, protocolType, protocolName } = request;
    const member = this.#find(request.memberId, request.groupInstanceId);
    if (typeof member === 'number') {
      answer(syncRefusal(member));
      return;
    }
    const known = member.classic!.protocols.map(({ name }) => name);
    if (generationId !== member.epoch) answer(syncRefusal(illegalGeneration));
    else if (protocolType !== null && protocolType !== consumerProtocolType) answer(syncRefusal(inconsistentProtocol));
    else if (protocolName !== null && !known.includes(protocolName)) answer(syncRefusal(inconsistentProtocol));
    else {
      member.revocation.clear();
      this.#group.watch(member);
      const assignment = writeAssignment(this.#cluster, member.assigned);
      answer({
        errorCode: none,
        protocolType: consumerProtocolType,
        protocolName: protocolName ?? known[0]!,
        assignment,
      });
    }
  }

  heartbeat(id: string, instanceId: string | null, generation: number): number {
    const member = this.#find(id, instanceId);
    if (typeof member === 'number') return member;
    if (generation !== member.epoch) return illegalGeneration;
    this.#group.watch(member);
    const isDue =
      member.epoch < this.#group.targetEpoch ||
      member.state === 'unrevoked' ||
      (member.state === 'unreleased' && !this.#group.waitsForOthers(member));
    if (!isDue) return none;
    if (!member.revocation.armed) member.revocation.set(member.rebalanceTimeoutMs);
    return rebalancing;
  }

  /** Also of a member of the consumer protocol: tools remove members of any group with LeaveGroup. */
  leave(id: string, instanceId: string | null): number {
    const static_ = id === '' && instanceId !== null ? this.#group.static(instanceId) : undefined;
    const member = this.#member(static_?.id ?? id, instanceId);
    if (typeof member === 'number') return member;
    this.#group.fence(member);
    return none;
  }

  #refusal({ protocolType, protocols }: JoinGroupRequest, id: string): number {
    const { members } = this.#group;
    const limit = this.#cluster.settings.properties['group.consumer.max.size'];
    if (members.size >= limit && !members.has(id)) return groupFull;
    if (protocolType !== consumerProtocolType) return inconsistentProtocol;
    const classics = [...members.values()].flatMap(({ classic }) => classic ?? []);
    const isCommon = protocols.some(({ name }) =>
      classics.every((classic) => classic.protocols.some((protocol) => protocol.name === name)),
    );
    return isCommon ? none : inconsistentProtocol;
  }

  /** A dynamic member enters under its id; a static one that has none takes the place of its predecessor. */
  #enter(id: string, instanceId: string | null, isNew: boolean): ConsumerMember | number {
    if (instanceId === null) return this.#group.members.get(id) ?? this.#group.add(id, null);
    const before = this.#group.static(instanceId);
    if (!isNew) {
      if (before === undefined) return unknownMember;
      return before.id === id ? before : fencedInstance;
    }
    if (before === undefined) return this.#group.add(id, instanceId);
    this.#group.replace(before, id);
    return before;
  }

  #find(id: string, instanceId: string | null): ConsumerMember | number {
    const member = this.#member(id, instanceId);
    return typeof member === 'object' && member.classic === null ? unknownMember : member;
  }

  #member(id: string, instanceId: string | null): ConsumerMember | number {
    const member = instanceId === null ? this.#group.members.get(id) : this.#group.static(instanceId);
    if (member === undefined) return unknownMember;
    return member.id === id ? member : fencedInstance;
  }
}
