import {
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
} from '../../../protocol/messages/consumer-group-heartbeat.js';
import { type Input } from '../../../protocol/api.js';
import { Timer } from '../../../runtime/timer.js';
import { type Call } from '../call.js';
import { type ClusterState } from '../cluster-state.js';
import { code, none } from '../codes.js';
import { type Topic } from '../topic.js';
import { ClassicParticipants } from './classic-participants.js';
import { byTopic, ConsumerMember, type PartitionKey, partitionKey } from './consumer-member.js';
import { type GroupOffsets } from './group-offsets.js';
import { reconcile } from './reconcile.js';
import { serverAssignors } from './server-assignors.js';

type Response = Input<ConsumerGroupHeartbeatResponse>;

const unknownMember = code('UNKNOWN_MEMBER_ID');
const fencedEpoch = code('FENCED_MEMBER_EPOCH');
const staleEpoch = code('STALE_MEMBER_EPOCH');
const illegalGeneration = code('ILLEGAL_GENERATION');
const fencedInstance = code('FENCED_INSTANCE_ID');
const unreleasedInstance = code('UNRELEASED_INSTANCE_ID');
const groupFull = code('GROUP_MAX_SIZE_REACHED');
const unsupported = code('UNSUPPORTED_VERSION');
const staticLeaveEpoch = -2;
const firstCommitVersion = 9;

/**
 * A group of the consumer protocol (KIP-848): the coordinator computes the target, members are moved to it one heartbeat at a
 * time. The group epoch rises with a new group, when a subscription or the topics change, and when a member leaves; the target is computed for it at once.
 * A member that does not give up in time what it must (its rebalance timeout), or is silent (session timeout), is fenced.
 * @internal
 */
export class ConsumerGroup {
  readonly kind = 'consumer';
  readonly id: string;
  readonly offsets: GroupOffsets;
  /** Members that speak the classic protocol. */
  readonly classics: ClassicParticipants;
  readonly members: Map<string, ConsumerMember> = new Map<string, ConsumerMember>();
  epoch = 0;
  assignor = 'uniform';
  readonly #cluster: ClusterState;
  #targets = new Map<string, ReadonlySet<PartitionKey>>();
  #targetEpoch = 0;
  /** Topics and partition counts that the target was computed for. */
  #topicsSeen = '';

  constructor(cluster: ClusterState, id: string, offsets: GroupOffsets) {
    this.#cluster = cluster;
    this.id = id;
    this.offsets = offsets;
    this.classics = new ClassicParticipants(cluster, this);
  }

  /** Goes on where a classic group stood, with members that have what its leader gave them. */
  takeOver(epoch: number, members: readonly ConsumerMember[]): void {
    this.epoch = this.#targetEpoch = epoch;
    for (const member of members) {
      this.members.set(member.id, member);
      this.#targets.set(member.id, member.assigned);
      this.watch(member);
    }
  }

  get memberIds(): readonly string[] {
    return [...this.members.keys()];
  }

  get isEmpty(): boolean {
    return this.members.size === 0;
  }

  /** By the names ConsumerGroupDescribe tells. */
  get state(): 'Empty' | 'Assigning' | 'Reconciling' | 'Stable' {
    if (this.isEmpty) return 'Empty';
    if (this.epoch > this.#targetEpoch) return 'Assigning';
    const done = [...this.members.values()].every(
      ({ state, epoch }) => state === 'stable' && epoch === this.#targetEpoch,
    );
    return done ? 'Stable' : 'Reconciling';
  }

  get targetEpoch(): number {
    return this.#targetEpoch;
  }

  targetOf(memberId: string): ReadonlySet<PartitionKey> {
    return this.#targets.get(memberId) ?? new Set<PartitionKey>();
  }

  heartbeat({ body, clientId, caller }: Call<ConsumerGroupHeartbeatRequest>): Response {
    if (body.memberEpoch < 0) return this.#leave(body);
    const owned = ownedBy(body);
    const found = this.#member(body, owned);
    if (typeof found === 'number') return refused(found);
    const member = found;
    const before = keysText(member.assigned);
    member.clientId = clientId ?? '';
    member.clientHost = caller.clientHost;
    this.step(member, member.learn(body), owned);
    const full = body.memberEpoch === 0 || (body.rebalanceTimeoutMs !== -1 && body.topicPartitions !== null);
    const tells = full || before !== keysText(member.assigned);
    return {
      errorCode: none,
      memberId: member.id,
      memberEpoch: member.epoch,
      heartbeatIntervalMs: this.#cluster.settings.properties['group.consumer.heartbeat.interval.ms'],
      assignment: tells ? { topicPartitions: byTopic(member.assigned) } : null,
    };
  }

  /**
   * Moves a member one step towards its target, which is computed anew when something has changed. @internal
   * @param owned - what the member says that it has, null when it says nothing
   */
  step(member: ConsumerMember, changed: boolean, owned: ReadonlySet<PartitionKey> | null): void {
    if (this.epoch === 0) this.#newEpoch();
    if (changed || this.#topicsNow() !== this.#topicsSeen) this.#newEpoch();
    if (this.epoch > this.#targetEpoch) this.#assign();
    reconcile(member, this.targetOf(member.id), this.#targetEpoch, owned, (key) => this.#isFree(member, key));
    this.watch(member);
  }

  /** Something that the member is to get is not free yet. @internal */
  waitsForOthers(member: ConsumerMember): boolean {
    return [...this.targetOf(member.id)].some((key) => !member.assigned.has(key) && !this.#isFree(member, key));
  }

  /** Whether an offset commit is accepted: by the member's epoch; what it owns is not checked. */
  commitError(
    memberId: string,
    instanceId: string | null,
    epoch: number,
    transactional: boolean,
    version: number,
  ): number {
    if (epoch < 0 && this.isEmpty) return none;
    // producers before KIP-447 do not tell who they are
    if (transactional && epoch < 0 && memberId === '' && instanceId === null) return none;
    const member = this.members.get(memberId);
    if (member === undefined) return unknownMember;
    const isClassic = member.classic !== null;
    if (!transactional && !isClassic && version < firstCommitVersion) return unsupported;
    if (epoch === member.epoch) return none;
    return transactional || isClassic ? illegalGeneration : staleEpoch;
  }

  /** Whether a fetch of offsets is accepted; without a member id it always is. */
  fetchError(memberId: string | null, epoch: number): number {
    if (memberId === null && epoch < 0) return none;
    const member = this.members.get(memberId ?? '');
    if (member === undefined) return unknownMember;
    return epoch === member.epoch ? none : staleEpoch;
  }

  /** The session of a member ends now. False when there is none of that id. */
  expire(memberId: string): boolean {
    const member = this.members.get(memberId);
    if (member === undefined) return false;
    this.fence(member);
    return true;
  }

  /** Another broker coordinates the group: everything was stored, sessions start again. */
  moved(): void {
    for (const member of this.members.values()) {
      member.revocation.clear();
      this.watch(member);
    }
  }

  stop(): void {
    for (const member of this.members.values()) member.clear();
  }

  /** Topics that a member subscribes to and that exist. */
  topicsOf(member: ConsumerMember): Topic[] {
    const { topics } = this.#cluster;
    const found = new Set(member.topicNames.flatMap((name) => topics.get(name) ?? []));
    if (member.topicRegex !== null) {
      // RE2J over the whole name
      const whole = new RegExp(`^(?:${member.topicRegex})$`);
      for (const topic of topics.values()) if (whole.test(topic.name)) found.add(topic);
    }
    return [...found];
  }

  #member(body: ConsumerGroupHeartbeatRequest, owned: ReadonlySet<PartitionKey> | null): ConsumerMember | number {
    const joins = body.memberEpoch === 0;
    const limit = this.#cluster.settings.properties['group.consumer.max.size'];
    if (joins && !this.members.has(body.memberId) && this.members.size >= limit) return groupFull;
    if (body.instanceId !== null) {
      const member = this.static(body.instanceId);
      if (joins) return this.#joinStatic(body, member);
      if (member === undefined) return unknownMember;
      if (member.id !== body.memberId) return fencedInstance;
      return epochError(member, body.memberEpoch, owned) ?? member;
    }
    const member = this.members.get(body.memberId);
    if (member === undefined) return joins ? this.add(body.memberId, null) : unknownMember;
    return epochError(member, body.memberEpoch, owned) ?? member;
  }

  #joinStatic(body: ConsumerGroupHeartbeatRequest, before: ConsumerMember | undefined): ConsumerMember | number {
    if (before === undefined) return this.add(body.memberId, body.instanceId);
    // who was classic is replaced at once, as in a classic group
    if (before.epoch !== staticLeaveEpoch && before.classic === null) return unreleasedInstance;
    this.replace(before, body.memberId);
    before.classic = null;
    return before;
  }

  /** A static member comes back under another id, and finds what it had. @internal */
  replace(member: ConsumerMember, id: string): void {
    const target = this.#targets.get(member.id);
    this.#targets.delete(member.id);
    this.members.delete(member.id);
    member.id = id;
    member.epoch = 0;
    member.previousEpoch = 0;
    this.members.set(id, member);
    if (target !== undefined) this.#targets.set(id, target);
  }

  /** @internal */
  add(id: string, instanceId: string | null): ConsumerMember {
    const member = this.newMember(id, instanceId);
    this.members.set(id, member);
    return member;
  }

  /** One that does not belong to it yet. @internal */
  newMember(id: string, instanceId: string | null): ConsumerMember {
    const { runtime } = this.#cluster;
    const fence = (): void => {
      this.fence(member);
    };
    const member = new ConsumerMember(id, instanceId, new Timer(runtime, fence), new Timer(runtime, fence));
    return member;
  }

  #leave(body: ConsumerGroupHeartbeatRequest): Response {
    const member = body.instanceId === null ? this.members.get(body.memberId) : this.static(body.instanceId);
    if (member === undefined) return refused(unknownMember);
    if (member.id !== body.memberId) return refused(fencedInstance);
    if (body.memberEpoch === staticLeaveEpoch) {
      // it comes back within its session, and finds what it had
      member.epoch = staticLeaveEpoch;
      member.revoking = new Set<PartitionKey>();
      member.revocation.clear();
    } else this.fence(member);
    return { errorCode: none, memberId: body.memberId, memberEpoch: body.memberEpoch, heartbeatIntervalMs: 0 };
  }

  /** The member is out. With the last one of the consumer protocol the others have a classic group again. @internal */
  fence(member: ConsumerMember): void {
    member.clear();
    this.members.delete(member.id);
    if (this.#cluster.groups.downgrade(this)) {
      this.#cluster.groups.classic(this.id).left();
      return;
    }
    this.#targets.delete(member.id);
    this.#newEpoch();
    // topics that nobody subscribes to any more are no news of their own
    this.#topicsSeen = this.#topicsNow();
  }

  /** Its session begins anew; what it has to do goes on. @internal */
  watch(member: ConsumerMember): void {
    const { properties } = this.#cluster.settings;
    member.session.set(member.classic?.sessionTimeoutMs ?? properties['group.consumer.session.timeout.ms']);
    if (member.classic !== null) return;
    if (member.state !== 'unrevoked') member.revocation.clear();
    else if (!member.revocation.armed) member.revocation.set(member.rebalanceTimeoutMs);
  }

  #newEpoch(): void {
    this.epoch++;
  }

  #assign(): void {
    const votes = [...this.members.values()].map(({ assignor }) => assignor).filter((name) => name !== null);
    this.assignor = mostCommon(votes) ?? 'uniform';
    const members = [...this.members.values()].map((member) => ({
      id: member.id,
      instanceId: member.instanceId,
      topics: this.topicsOf(member),
      before: this.targetOf(member.id),
    }));
    this.#targets = serverAssignors.get(this.assignor)!(members);
    this.#targetEpoch = this.epoch;
    this.#topicsSeen = this.#topicsNow();
  }

  #topicsNow(): string {
    const topics = new Set([...this.members.values()].flatMap((member) => this.topicsOf(member)));
    return [...topics]
      .map(({ id, partitions }) => `${id}*${partitions.length}`)
      .sort()
      .join();
  }

  #isFree(taker: ConsumerMember, key: PartitionKey): boolean {
    for (const member of this.members.values()) {
      if (member !== taker && (member.assigned.has(key) || member.revoking.has(key))) return false;
    }
    return true;
  }

  /** @internal */
  static(instanceId: string): ConsumerMember | undefined {
    return [...this.members.values()].find((member) => member.instanceId === instanceId);
  }
}

/** The epoch before is accepted while the answer with the new one may have been lost; 0 begins anew under the same id. */
function epochError(member: ConsumerMember, received: number, owned: ReadonlySet<PartitionKey> | null): number | null {
  if (received === member.epoch || received === 0) return null;
  if (received > member.epoch || received !== member.previousEpoch || owned === null) return fencedEpoch;
  return [...owned].every((key) => member.assigned.has(key)) ? null : fencedEpoch;
}

function ownedBy({ topicPartitions }: ConsumerGroupHeartbeatRequest): ReadonlySet<PartitionKey> | null {
  if (topicPartitions === null) return null;
  return new Set(
    topicPartitions.flatMap(({ topicId, partitions }) => partitions.map((index) => partitionKey(topicId, index))),
  );
}

function refused(errorCode: number): Response {
  return { errorCode, memberEpoch: 0, heartbeatIntervalMs: 0, assignment: null };
}

function keysText(keys: ReadonlySet<PartitionKey>): string {
  return [...keys].sort().join();
}

function mostCommon(names: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  let best: string | null = null;
  for (const [name, count] of counts) if (best === null || count > counts.get(best)!) best = name;
  return best;
}
