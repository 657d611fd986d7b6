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
import { byTopic, ConsumerMember, type PartitionKey, partitionKey } from './consumer-member.js';
import { GroupOffsets } from './group-offsets.js';
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
const leaveEpoch = -1;
const staticLeaveEpoch = -2;
const firstCommitVersion = 9;

/**
 * A group of the consumer protocol (KIP-848): the coordinator computes the target, members are moved to it one heartbeat at a
 * time. The group epoch rises when a subscription, a member or the topics change; the target is computed for it at once.
 * A member that does not give up in time what it must (its rebalance timeout), or is silent (session timeout), is fenced.
 * @internal
 */
export class ConsumerGroup {
  readonly kind = 'consumer';
  readonly id: string;
  readonly offsets: GroupOffsets = new GroupOffsets();
  readonly members: Map<string, ConsumerMember> = new Map<string, ConsumerMember>();
  epoch = 0;
  assignor = 'uniform';
  readonly #cluster: ClusterState;
  #targets = new Map<string, ReadonlySet<PartitionKey>>();
  #targetEpoch = 0;
  /** Topics and partition counts that the target was computed for. */
  #topicsSeen = '';

  constructor(cluster: ClusterState, id: string) {
    this.#cluster = cluster;
    this.id = id;
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
    const changed = member.learn(body) || !this.#targets.has(member.id);
    if (changed || this.#topicsNow() !== this.#topicsSeen) this.#newEpoch();
    if (this.epoch > this.#targetEpoch) this.#assign();
    reconcile(member, this.targetOf(member.id), this.#targetEpoch, owned, (key) => this.#isFree(member, key));
    this.#watch(member);
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

  /** Whether an offset commit is accepted: by the member's epoch; what it owns is not checked. */
  commitError(memberId: string, epoch: number, transactional: boolean, version: number): number {
    if (epoch < 0 && this.isEmpty) return none;
    const member = this.members.get(memberId);
    if (member === undefined) return unknownMember;
    if (!transactional && version < firstCommitVersion) return unsupported;
    if (epoch === member.epoch) return none;
    return transactional ? illegalGeneration : staleEpoch;
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
    this.#fence(member);
    return true;
  }

  /** Another broker coordinates the group: everything was stored, sessions start again. */
  moved(): void {
    for (const member of this.members.values()) {
      member.revocation.clear();
      this.#watch(member);
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
      const member = this.#static(body.instanceId);
      if (joins) return this.#joinStatic(body, member);
      if (member === undefined) return unknownMember;
      if (member.id !== body.memberId) return fencedInstance;
      return epochError(member, body.memberEpoch, owned) ?? member;
    }
    const member = this.members.get(body.memberId);
    if (member === undefined) return joins ? this.#add(body) : unknownMember;
    return epochError(member, body.memberEpoch, owned) ?? member;
  }

  #joinStatic(body: ConsumerGroupHeartbeatRequest, before: ConsumerMember | undefined): ConsumerMember | number {
    if (before === undefined) return this.#add(body);
    if (before.id === body.memberId && before.epoch !== staticLeaveEpoch) return before;
    if (before.epoch !== staticLeaveEpoch) return unreleasedInstance;
    const target = this.#targets.get(before.id);
    this.#targets.delete(before.id);
    this.members.delete(before.id);
    before.id = body.memberId;
    before.epoch = 0;
    before.previousEpoch = 0;
    this.members.set(before.id, before);
    if (target !== undefined) this.#targets.set(before.id, target);
    return before;
  }

  #add(body: ConsumerGroupHeartbeatRequest): ConsumerMember {
    const { runtime } = this.#cluster;
    const fence = (): void => {
      this.#fence(member);
    };
    const member = new ConsumerMember(
      body.memberId,
      body.instanceId,
      new Timer(runtime, fence),
      new Timer(runtime, fence),
    );
    this.members.set(member.id, member);
    return member;
  }

  #leave(body: ConsumerGroupHeartbeatRequest): Response {
    const member = body.instanceId === null ? this.members.get(body.memberId) : this.#static(body.instanceId);
    if (member === undefined) return refused(unknownMember);
    if (member.id !== body.memberId) return refused(fencedInstance);
    if (body.memberEpoch === staticLeaveEpoch) {
      // it comes back within its session, and finds what it had
      member.epoch = staticLeaveEpoch;
      member.revoking = new Set<PartitionKey>();
      member.revocation.clear();
    } else this.#fence(member);
    return { errorCode: none, memberId: body.memberId, memberEpoch: body.memberEpoch, heartbeatIntervalMs: 0 };
  }

  #fence(member: ConsumerMember): void {
    member.clear();
    this.members.delete(member.id);
    this.#targets.delete(member.id);
    this.#newEpoch();
  }

  #watch(member: ConsumerMember): void {
    member.session.set(this.#cluster.settings.properties['group.consumer.session.timeout.ms']);
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

  #static(instanceId: string): ConsumerMember | undefined {
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
  return { errorCode, memberEpoch: leaveEpoch, heartbeatIntervalMs: 0, assignment: null };
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
