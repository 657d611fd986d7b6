import { type Cluster } from '../cluster/cluster.js';
import { type Runtime } from '../model/runtime.js';
import { type TopicPartition } from '../model/topic-partition.js';
import { type CursorListener } from './flow-options.js';
import { type MembershipHost } from './group/membership-host.js';
import { type OffsetSource } from './offset-source.js';
import { type OpenMembership } from './open-membership.js';
import { type PartitionCursor } from './partition-cursor.js';
import { type Selection } from './selection.js';
import { type StartPositions } from './start-positions.js';

/** What a consumer needs of the cluster besides the parts below: time, chance and a place for log lines. */
export type ConsumerHome = Pick<Cluster, 'runtime' | 'logger'>;

/** Where records come from: cursors that are filled by somebody. */
export interface RecordFlow {
  /** `position` null: nothing is read before `moveTo`. `leaderEpoch` -1 where it is unknown. */
  open(at: TopicPartition, epoch: number, position: number | null, leaderEpoch: number): PartitionCursor;
  /** Bytes that may still be fetched. */
  readonly budget: { readonly available: number };
  close(): void;
}

/**
 * The parts of a session that reach outside: the brokers, or a script in a test. Everything else of a consumer (delivery,
 * leases, commits, drains, hooks, positions) is the same above both.
 */
export interface SessionParts {
  flow(listener: CursorListener): RecordFlow;
  /** @param memberId - of a KIP-848 group */
  membership(selection: Selection, host: MembershipHost, memberId: () => string): OpenMembership;
  /**
   * @param stored - the user's own store, null for none
   * @param committed - null without a group
   */
  starts(stored: OffsetSource | null, committed: OffsetSource | null): StartPositions;
  /** Whose time the watch over stalled and expired partitions goes by; it ticks as long as the session lives. */
  readonly watch: Runtime;
}
