import { type JoinGroupRequest, type JoinGroupResponse } from '../../../protocol/messages/join-group.js';
import { type SyncGroupRequest, type SyncGroupResponse } from '../../../protocol/messages/sync-group.js';
import { Timer } from '../../../runtime/timer.js';
import { type Answer, type Call } from '../call.js';
import { type ClusterState } from '../cluster-state.js';
import { code, none } from '../codes.js';
import { joinAnswer, joinRefusal, replacedAnswer, syncAnswer, syncRefusal } from './classic-answers.js';
import { type ClassicFacts, ClassicMember, type FormerMember, newMemberTimeoutMs } from './classic-member.js';
import { ClassicMembers } from './classic-members.js';
import { type ClassicState, commitError, groupFull, heartbeatError, joinError, syncError } from './classic-checks.js';
import { InitialDelay } from './initial-delay.js';
import { type GroupOffsets } from './group-offsets.js';
import { memberId } from './member-id.js';
import { PendingIds } from './pending-ids.js';
import { nothingStored, storeGeneration } from './stored-generation.js';

const unknownMember = code('UNKNOWN_MEMBER_ID');
const rebalancing = code('REBALANCE_IN_PROGRESS');
const fencedInstance = code('FENCED_INSTANCE_ID');
const memberIdRequired = code('MEMBER_ID_REQUIRED');
const notCoordinator = code('NOT_COORDINATOR');
const firstWithRequiredId = 4;

/**
 * A group of the classic protocol, as the group coordinator runs it.
 *
 * Empty -> PreparingRebalance (a member joins; all others must join again until the rebalance timeout) -> CompletingRebalance
 * (all have joined; the leader's SyncGroup is awaited) -> Stable -> PreparingRebalance (a member joins, leaves, expires or
 * changes its protocols). A dynamic member that does not join in time is removed, a static one is kept. @internal
 */
export class ClassicGroup {
  readonly kind = 'classic';
  readonly id: string;
  readonly offsets: GroupOffsets;
  readonly members: ClassicMembers = new ClassicMembers();
  state: ClassicState = 'Empty';
  generation = 0;
  protocolType: string | null = null;
  protocolName: string | null = null;
  leader: string | null = null;
  readonly #cluster: ClusterState;
  readonly #pending: PendingIds;
  readonly #pendingSync = new Set<string>();
  readonly #joinTimer: Timer;
  readonly #syncTimer: Timer;
  #previous: ClassicState = 'Empty';
  readonly #delay: InitialDelay;
  #initial = false;
  #stored = nothingStored;

  constructor(cluster: ClusterState, id: string, offsets: GroupOffsets) {
    this.#cluster = cluster;
    this.id = id;
    this.offsets = offsets;
    this.#pending = new PendingIds(cluster.runtime);
    this.#delay = new InitialDelay(cluster.settings.properties['group.initial.rebalance.delay.ms']);
    this.#joinTimer = new Timer(cluster.runtime, () => {
      this.#joinTimeout();
    });
    this.#syncTimer = new Timer(cluster.runtime, () => {
      this.#syncTimeout();
    });
  }

  get memberIds(): readonly string[] {
    return this.members.all.map(({ id }) => id);
  }

  get isEmpty(): boolean {
    return this.members.size === 0 && this.#pending.size === 0;
  }

  join(call: Call<JoinGroupRequest>, answer: Answer<JoinGroupResponse>): void {
    const { memberId: id, groupInstanceId } = call.body;
    const unfit = joinError(this, call.body, this.#cluster.settings.properties['group.max.size']);
    if (unfit !== none) answer(joinRefusal(unfit, unfit === groupFull ? '' : id));
    else if (id === '') this.#joinUnknown(call, answer);
    else if (this.#pending.take(id)) this.#add(call, id, answer);
    else {
      const error = this.members.validate(id, groupInstanceId);
      if (error !== none) answer(joinRefusal(error, id));
      else this.#rejoin(call.body, this.members.get(id)!, answer);
    }
  }

  sync(request: SyncGroupRequest, answer: Answer<SyncGroupResponse>): void {
    const error = syncError(this, request);
    if (error !== none) {
      answer(syncRefusal(error));
      return;
    }
    const member = this.members.get(request.memberId)!;
    this.#pendingSync.delete(member.id);
    if (this.state === 'Stable') {
      answer(syncAnswer(this, member));
      return;
    }
    member.syncing = answer;
    if (member.id !== this.leader) return;
    const given = new Map(request.assignments.map(({ memberId, assignment }) => [memberId, assignment]));
    for (const each of this.members.all) each.assignment = Uint8Array.from(given.get(each.id) ?? []);
    this.#to('Stable');
    this.#stored = storeGeneration(this);
    for (const each of this.members.all) {
      if (each.answerSync(syncAnswer(this, each))) this.#keepAlive(each);
    }
    if (this.#pendingSync.size === 0) this.#syncTimer.clear();
  }

  heartbeat(memberId: string, instanceId: string | null, generation: number): number {
    const error = heartbeatError(this, memberId, instanceId, generation);
    if (error === none || error === rebalancing) this.#keepAlive(this.members.get(memberId)!);
    return error;
  }

  leave(memberId: string, instanceId: string | null): number {
    if (memberId === '') {
      const found = instanceId === null ? undefined : this.members.static(instanceId);
      if (found === undefined) return unknownMember;
      this.#remove(found);
      return none;
    }
    if (this.#pending.take(memberId)) return none;
    const error = this.members.validate(memberId, instanceId);
    if (error === none) this.#remove(this.members.get(memberId)!);
    return error;
  }

  /** After the members of a LeaveGroup request were taken out by {@link leave}. */
  left(): void {
    if (this.state === 'Stable' || this.state === 'CompletingRebalance') this.#rebalance();
    else this.#maybeComplete();
  }

  /** Whether an offset commit is accepted. The broker does not check who owns a partition. */
  commitError(memberId: string, instanceId: string | null, generation: number, transactional: boolean): number {
    const error = commitError(this, memberId, instanceId, generation, transactional);
    if (error !== none || transactional) return error;
    const member = this.members.get(memberId);
    if (member !== undefined) this.#keepAlive(member);
    return none;
  }

  expire(memberId: string): boolean {
    const member = this.members.get(memberId);
    if (member === undefined) return false;
    this.#expired(member);
    return true;
  }

  /**
   * Another broker coordinates the group: whoever waits is told, and what was not stored is forgotten: a rebalance that was
   * under way begins anew when members come. Sessions start again.
   */
  moved(): void {
    this.members.refuseWaiting(notCoordinator);
    this.stop();
    const { generation, protocolName, leader, members } = this.#stored;
    this.#pendingSync.clear();
    this.members.clear();
    this.generation = generation;
    this.protocolName = protocolName;
    this.leader = leader;
    for (const restore of members) {
      const member = restore();
      this.members.add(member);
      this.#keepAlive(member);
    }
    this.#to(this.members.size === 0 ? 'Empty' : 'Stable');
  }

  /** It becomes a group of the other kind: who waits is told to join again. */
  dissolve(): void {
    this.members.refuseWaiting(rebalancing);
    this.stop();
  }

  /** Goes on where a group of the other kind stood; {@link left} makes the members join. */
  takeOver(generation: number, members: readonly FormerMember[]): void {
    this.generation = generation;
    this.protocolType = members[0]!.protocolType;
    for (const former of members) {
      const member = this.#member(former.id, former, former.clientId, former.clientHost);
      Object.assign(member, { isNew: false, assignment: former.assignment });
      this.members.add(member);
      this.#keepAlive(member);
    }
    this.protocolName = this.members.chooseProtocol();
    this.#to('Stable');
    this.#stored = storeGeneration(this);
  }

  stop(): void {
    this.#joinTimer.clear();
    this.#syncTimer.clear();
    for (const member of this.members.all) member.session.clear();
    this.#pending.clear();
  }

  #joinUnknown(call: Call<JoinGroupRequest>, answer: Answer<JoinGroupResponse>): void {
    const { groupInstanceId, sessionTimeoutMs } = call.body;
    const id = memberId(groupInstanceId ?? call.clientId ?? '', () => this.#cluster.runtime.random());
    if (groupInstanceId !== null) {
      const before = this.members.static(groupInstanceId);
      if (before === undefined) this.#add(call, id, answer);
      else this.#replace(call, before, id, answer);
      return;
    }
    if (call.version < firstWithRequiredId) {
      this.#add(call, id, answer);
      return;
    }
    this.#pending.add(id, sessionTimeoutMs, () => {
      this.#maybeComplete();
    });
    answer(joinRefusal(memberIdRequired, id));
  }

  #add(call: Call<JoinGroupRequest>, id: string, answer: Answer<JoinGroupResponse>): void {
    const member = this.#member(id, call.body, call.clientId ?? '', call.caller.clientHost);
    if (this.members.size === 0) this.protocolType = member.protocolType;
    this.members.add(member);
    this.leader ??= id;
    member.joining = answer;
    if (this.state === 'PreparingRebalance' && this.#previous === 'Empty') this.#delay.memberAdded();
    member.session.set(Math.max(newMemberTimeoutMs, member.sessionTimeoutMs));
    this.#rebalance();
  }

  #member(id: string, facts: ClassicFacts, clientId: string, clientHost: string): ClassicMember {
    const session = new Timer(this.#cluster.runtime, () => {
      this.#sessionTimeout(member);
    });
    const member = new ClassicMember(id, facts, clientId, clientHost, session);
    return member;
  }

  #rejoin(request: JoinGroupRequest, member: ClassicMember, answer: Answer<JoinGroupResponse>): void {
    const unchanged = member.matches(request.protocols);
    const answered =
      (this.state === 'CompletingRebalance' && unchanged) ||
      (this.state === 'Stable' && unchanged && member.id !== this.leader);
    if (answered) {
      answer(joinAnswer(this, member));
      return;
    }
    member.rejoin(request, answer);
    this.#rebalance();
  }

  /** A static member came back under a new id: the old id is fenced, and while its protocols choose the same nobody rejoins. */
  #replace(call: Call<JoinGroupRequest>, before: ClassicMember, id: string, answer: Answer<JoinGroupResponse>): void {
    const oldLeader = this.leader;
    before.answerJoin(joinRefusal(fencedInstance, before.id));
    before.answerSync(syncRefusal(fencedInstance));
    this.members.delete(before.id);
    this.#pendingSync.delete(before.id);
    if (oldLeader === before.id) this.leader = id;
    before.id = id;
    this.members.add(before);
    before.rejoin(call.body, answer);
    this.#keepAlive(before);
    if (this.state === 'Stable') {
      if (this.members.chooseProtocol() !== this.protocolName) {
        this.#rebalance();
        return;
      }
      this.#stored = storeGeneration(this);
      before.answerJoin(replacedAnswer(this, before, oldLeader, call.version));
    } else if (this.state === 'CompletingRebalance') this.#rebalance();
    else this.#maybeComplete();
  }

  #rebalance(): void {
    if (this.state === 'PreparingRebalance') {
      this.#maybeComplete();
      return;
    }
    if (this.state === 'CompletingRebalance') {
      for (const member of this.members.all) {
        member.assignment = new Uint8Array(0);
        const answered = member.answerSync(syncRefusal(rebalancing));
        if (answered) this.#keepAlive(member);
      }
    }
    this.#pendingSync.clear();
    this.#syncTimer.clear();
    this.#initial = this.state === 'Empty';
    this.#to('PreparingRebalance');
    if (this.#initial) {
      this.#joinTimer.set(this.#delay.begin(this.members.rebalanceTimeoutMs));
    } else if (this.#everyoneIsHere) this.#complete();
    else this.#joinTimer.set(this.members.rebalanceTimeoutMs);
  }

  #joinTimeout(): void {
    const wait = this.#initial ? this.#delay.next() : 0;
    if (wait > 0) {
      this.#joinTimer.set(wait);
      return;
    }
    this.#complete();
  }

  #maybeComplete(): void {
    // an initial rebalance waits for its delay
    if (this.state === 'PreparingRebalance' && this.#previous !== 'Empty' && this.#everyoneIsHere) this.#complete();
  }

  get #everyoneIsHere(): boolean {
    return this.#pending.size === 0 && this.members.allJoined;
  }

  /** The join phase ends: who did not come is out, and the rest is a new generation. */
  #complete(): void {
    this.#joinTimer.clear();
    for (const member of this.members.all) {
      if (member.joining === null && member.instanceId === null) this.#remove(member);
    }
    const isLeaderHere = this.leader !== null && (this.members.get(this.leader)?.joining ?? null) !== null;
    if (!isLeaderHere) {
      const next = this.members.all.find(({ joining }) => joining !== null);
      if (next === undefined && this.members.size > 0) {
        // only static members that are away: the group waits for one of them
        this.#joinTimer.set(this.members.rebalanceTimeoutMs);
        return;
      }
      this.leader = next?.id ?? null;
    }
    this.generation++;
    if (this.members.size === 0) {
      this.protocolName = null;
      this.leader = null;
      this.#to('Empty');
      this.#stored = storeGeneration(this);
      return;
    }
    this.protocolName = this.members.chooseProtocol();
    this.#to('CompletingRebalance');
    for (const member of this.members.all) {
      member.isNew = false;
      this.#pendingSync.add(member.id);
      this.#keepAlive(member);
      member.answerJoin(joinAnswer(this, member));
    }
    this.#syncTimer.set(this.members.rebalanceTimeoutMs);
  }

  /** Members that got a generation and never asked for their share of it are removed. */
  #syncTimeout(): void {
    if (this.#pendingSync.size === 0 || (this.state !== 'CompletingRebalance' && this.state !== 'Stable')) return;
    for (const id of [...this.#pendingSync]) {
      const member = this.members.get(id);
      if (member !== undefined) this.#remove(member);
    }
    this.#rebalance();
  }

  #sessionTimeout(member: ClassicMember): void {
    // who waits for others is alive; its session starts again when the wait ends
    if (!member.isNew && (member.joining !== null || member.syncing !== null)) return;
    this.#expired(member);
  }

  #expired(member: ClassicMember): void {
    member.answerJoin(joinRefusal(unknownMember, ''));
    this.#remove(member);
    this.left();
  }

  #remove(member: ClassicMember): void {
    member.session.clear();
    member.answerJoin(joinRefusal(unknownMember, ''));
    member.answerSync(syncRefusal(unknownMember));
    this.members.delete(member.id);
    this.#pendingSync.delete(member.id);
    if (this.leader === member.id) this.leader = this.members.all[0]?.id ?? null;
  }

  #keepAlive(member: ClassicMember): void {
    member.session.set(member.sessionTimeoutMs);
  }

  #to(state: ClassicState): void {
    this.#previous = this.state;
    this.state = state;
  }
}
