import { type ConsumerGroupHeartbeatRequest } from '../../../protocol/messages/consumer-group-heartbeat.js';
import { type JoinGroupRequest } from '../../../protocol/messages/join-group.js';
import { type Timer } from '../../../runtime/timer.js';

/** A partition as `topicId:index`. @internal */
export type PartitionKey = string;

/** @internal */
export function partitionKey(topicId: string, index: number): PartitionKey {
  return `${topicId}:${index}`;
}

/** @internal */
export function keyParts(key: PartitionKey): { readonly topicId: string; readonly partition: number } {
  const at = key.lastIndexOf(':');
  return { topicId: key.slice(0, at), partition: Number(key.slice(at + 1)) };
}

/** Partitions by topic, as the protocol lists them. @internal */
export function byTopic(keys: Iterable<PartitionKey>): { topicId: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>();
  for (const key of keys) {
    const { topicId, partition } = keyParts(key);
    const partitions = topics.get(topicId);
    if (partitions === undefined) topics.set(topicId, [partition]);
    else partitions.push(partition);
  }
  return [...topics].map(([topicId, partitions]) => ({ topicId, partitions: partitions.sort((a, b) => a - b) }));
}

/** Where a member stands on its way to the target assignment (KIP-848). @internal */
export type MemberState = 'stable' | 'unrevoked' | 'unreleased';

/** What a heartbeat says of its member, as far as it counts for the assignment. @internal */
export type MemberFacts = Pick<
  ConsumerGroupHeartbeatRequest,
  'rackId' | 'rebalanceTimeoutMs' | 'serverAssignor' | 'subscribedTopicNames' | 'subscribedTopicRegex'
>;

/** What a member of the classic protocol has beside the rest. @internal */
export interface ClassicPart {
  readonly sessionTimeoutMs: number;
  readonly protocols: JoinGroupRequest['protocols'];
}

/** A member of a KIP-848 group. @internal */
export class ConsumerMember {
  id: string;
  readonly instanceId: string | null;
  clientId = '';
  clientHost = '';
  rackId: string | null = null;
  rebalanceTimeoutMs = -1;
  topicNames: readonly string[] = [];
  topicRegex: string | null = null;
  assignor: string | null = null;
  /** Null for who speaks the consumer protocol. */
  classic: ClassicPart | null = null;
  epoch = 0;
  previousEpoch = -1;
  state: MemberState = 'stable';
  assigned: ReadonlySet<PartitionKey> = new Set<PartitionKey>();
  revoking: ReadonlySet<PartitionKey> = new Set<PartitionKey>();
  readonly session: Timer;
  /** For what the member has to do within its rebalance timeout: give up, or, of the classic protocol, join or sync. */
  readonly revocation: Timer;

  constructor(id: string, instanceId: string | null, session: Timer, revocation: Timer) {
    this.id = id;
    this.instanceId = instanceId;
    this.session = session;
    this.revocation = revocation;
  }

  /** Takes what the heartbeat says of itself. @returns whether what it subscribes to has changed */
  learn(request: MemberFacts): boolean {
    const before = this.#subscription();
    if (request.rackId !== null) this.rackId = request.rackId;
    if (request.rebalanceTimeoutMs >= 0) this.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
    if (request.serverAssignor !== null) this.assignor = request.serverAssignor;
    if (request.subscribedTopicNames !== null) this.topicNames = [...request.subscribedTopicNames].sort();
    if (request.subscribedTopicRegex !== null) this.topicRegex = request.subscribedTopicRegex || null;
    return before !== this.#subscription();
  }

  clear(): void {
    this.session.clear();
    this.revocation.clear();
  }

  #subscription(): string {
    return JSON.stringify([this.topicNames, this.topicRegex]);
  }
}
