import { type TopicPartition } from '../../model/topic-partition.js';
import { type ConsumerGroupHeartbeatResponseTopicPartitions } from '../../protocol/messages/consumer-group-heartbeat.js';
import { HeldSet } from './held-set.js';
import { PartitionSet } from '../../cluster/partition-set.js';

/**
 * - idle: not in the group. member: in it, or on the way (epoch 0). expired: left it for lack of progress.
 * - leaving, failed, closed: no heartbeat any more.
 */
export type ConsumerMemberPhase = 'idle' | 'member' | 'expired' | 'leaving' | 'failed' | 'closed';

/** The fields of a heartbeat that are left out while the coordinator knows them, in a form that can be compared. */
export interface SaidFields {
  readonly topics: string;
  readonly pattern: string | null;
  readonly owned: string;
}

/** Everything a member of a KIP-848 group knows of itself; changed by the reducer alone. */
export class ConsumerMemberState {
  phase: ConsumerMemberPhase = 'idle';
  memberId: string;
  /** Member epoch; 0: joins, -1: no member. */
  epoch = -1;
  /** What is wanted. */
  topics: readonly string[] = [];
  pattern: string | null = null;
  /** The coordinator has heard of a pattern. */
  patternSaid = false;
  /** Counts heartbeats; answers to earlier ones are dropped. */
  beats = 0;
  /** The heartbeat that is out and what it says. */
  inFlight: SaidFields | null = null;
  /** What the coordinator has confirmed to know. */
  said: SaidFields | null = null;
  /** The next heartbeat says everything. */
  full = true;
  /** A heartbeat that has to leave as soon as the one that is out is answered. */
  due = false;
  /** Of heartbeats, in a row. */
  failures = 0;
  /** When another member was first found to have our instance id. */
  takenSince: number | null = null;
  /** As the broker gave it. */
  intervalMs: number | null = null;
  heardAt = 0;
  /** The last assignment that was told, by topic id. */
  target: readonly ConsumerGroupHeartbeatResponseTopicPartitions[] = [];
  /** By id. A name stays known while its partitions are held, also when the topic was deleted meanwhile. */
  readonly names: Map<string, string> = new Map<string, string>();
  unresolved = '';
  retained = '';
  readonly held: HeldSet = new HeldSet();
  /** Whether the host was told an assignment since the member joined or lost everything. */
  told = false;
  /** Partitions were given up and the coordinator has not confirmed it. */
  shrunk = false;
  /** The consumer is shutting down: heartbeats and commits go on, assignments are not acted on. */
  frozen = false;
  /** The coordinator may know this member. */
  known = false;

  constructor(memberId: string) {
    this.memberId = memberId;
  }

  /** The part of the target whose topics have names. */
  wanted(): PartitionSet {
    const wanted = new PartitionSet();
    for (const { topicId, partitions } of this.target) {
      const topic = this.names.get(topicId);
      if (topic !== undefined) for (const partition of partitions) wanted.add({ topic, partition });
    }
    return wanted;
  }

  nameless(): string[] {
    return this.target.flatMap(({ topicId }) => (this.names.has(topicId) ? [] : [topicId])).sort();
  }

  /** Forgets the names of topics that are neither wanted nor held. */
  pruneNames(): void {
    const needed = new Set([...this.target.map(({ topicId }) => topicId)]);
    const topics = new Set(this.held.all().map(({ topic }) => topic));
    for (const [id, name] of this.names) if (!needed.has(id) && !topics.has(name)) this.names.delete(id);
  }

  /** No member any more; what was held. */
  forgetMembership(): TopicPartition[] {
    this.epoch = -1;
    this.inFlight = null;
    this.said = null;
    this.full = true;
    this.due = false;
    this.takenSince = null;
    this.target = [];
    this.told = false;
    this.shrunk = false;
    const held = this.held.lose();
    this.names.clear();
    return held;
  }
}
