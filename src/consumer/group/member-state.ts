import { type TopicPartition } from '../../model/topic-partition.js';
import { PartitionSet } from '../../cluster/partition-set.js';

/**
 * - idle: not in the group. expired: left it for lack of progress.
 * - draining: eager only, everything is given up before JoinGroup.
 * - waiting: back-off before JoinGroup. joining: JoinGroup is out.
 * - computing: leader, needs metadata. syncing: SyncGroup is out. stable: has its assignment.
 * - leaving, failed, closed: nothing is joined any more.
 */
export type Phase =
  | 'idle'
  | 'draining'
  | 'waiting'
  | 'joining'
  | 'computing'
  | 'syncing'
  | 'stable'
  | 'expired'
  | 'leaving'
  | 'failed'
  | 'closed';

/** Everything a member knows of itself; changed by the reducer alone. */
export class MemberState {
  phase: Phase = 'idle';
  /** Counts joins; answers of earlier rounds are dropped. */
  round = 0;
  memberId = '';
  /** -1: not a member, or no longer. */
  generation = -1;
  /** What is wanted. */
  topics: readonly string[] = [];
  /** What the last JoinGroup said. */
  joinedTopics: readonly string[] = [];
  /** A join that came up while one was under way: why. */
  again: string | null = null;
  reason = 'joins';
  /** Of joins, in a row. */
  failures = 0;
  heartbeatFailures = 0;
  /** When the coordinator last confirmed that this member is alive. */
  heardAt = 0;
  /** Handed to the host and neither revoked nor lost. */
  readonly owned: PartitionSet = new PartitionSet();
  /** By drain: what the host is giving up. */
  readonly draining: Map<number, PartitionSet> = new Map<number, PartitionSet>();
  drains = 0;
  /** Assigned again while they drain. */
  returning: PartitionSet = new PartitionSet();
  /** Given up since the JoinGroup under way was sent, which still claimed them. */
  drainedSinceJoin: PartitionSet = new PartitionSet();
  /** Whether the host was told an assignment since the member joined or lost everything. */
  told = false;
  /** The consumer is shutting down: heartbeats and commits go on, joins do not. */
  frozen = false;
  /** For sticky assignors: the last assignment and its generation. */
  lastAssignment: readonly TopicPartition[] = [];
  lastGeneration = -1;

  isDraining(tp: TopicPartition): boolean {
    for (const set of this.draining.values()) if (set.has(tp)) return true;
    return false;
  }

  /** Back to the start, keeping counters that tell old answers from new ones. */
  reset(): void {
    this.phase = 'idle';
    this.round++;
    this.memberId = '';
    this.topics = [];
    this.joinedTopics = [];
    this.again = null;
    this.failures = 0;
    this.heartbeatFailures = 0;
    this.frozen = false;
    this.forgetPartitions();
  }

  forgetPartitions(): void {
    this.generation = -1;
    this.owned.clear();
    this.draining.clear();
    this.returning.clear();
    this.drainedSinceJoin.clear();
    this.told = false;
    this.lastAssignment = [];
    this.lastGeneration = -1;
  }
}
