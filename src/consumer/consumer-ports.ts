import { type KafkaError } from '../errors/kafka-error.js';
import { type ConsumerEvent, type ConsumerState, type RebalanceContext } from '../model/consumer.js';
import { type OffsetList, type TopicPartition } from '../model/topic-partition.js';
import { type ConsumerFlowOptions } from './flow-options.js';
import { type Assignor } from '../model/assignor.js';
import { type HeldPartition } from './held-partition.js';
import { type OffsetSource } from './offset-source.js';
import { type Selection } from './selection.js';

/** Where a partition starts that has no usable committed offset. */
export type ResetPolicy = 'earliest' | 'latest' | 'none' | { readonly durationMs: number };

/** When the consumer commits by itself; null parts are off. */
export interface Cadence {
  readonly everyMs: number | null;
  readonly everyRecords: number | null;
}

/** A consumer's options with every default filled in; times in milliseconds, sizes in bytes. */
export interface ConsumerCoreOptions extends ConsumerFlowOptions {
  /** The one to begin with. */
  readonly selection: Selection;
  readonly groupId: string | null;
  readonly groupInstanceId: string | null;
  /** `consumer`: the broker assigns (KIP-848); session, heartbeat interval and assignors are its business then. */
  readonly groupProtocol: 'classic' | 'consumer';
  readonly serverAssignor: string | null;
  readonly assignors: readonly Assignor[];
  readonly autoOffsetReset: ResetPolicy;
  /** Start positions that are kept outside Kafka, asked before the committed ones. */
  readonly storedOffsets: OffsetSource | null;
  /** False: no automatic commit anywhere, revoke and close included. */
  readonly commit: Cadence | false;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly maxPollIntervalMs: number;
  readonly drainTimeoutMs: number;
  readonly stallWarningMs: number;
  readonly allowAutoCreateTopics: boolean;
  readonly excludeInternalTopics: boolean;
}

/** What the core tells the layer above, whoever is subscribed. Never called in the stack of a call into the core. */
export interface ConsumerSurface {
  event(event: ConsumerEvent): void;
  state(state: ConsumerState): void;
  assignment(partitions: readonly TopicPartition[]): void;
  /** Runs the user's hook; `done` with its failure, or null. */
  hook(
    name: 'assigned' | 'revoked' | 'lost',
    partitions: readonly TopicPartition[],
    context: RebalanceContext,
    done: (error: unknown) => void,
  ): void;
  /** One line for the operator of the process. */
  warn(message: string): void;
}

/** One subscription of `partitions$`, `records$` or `batches$`. */
export interface ConsumerView {
  /** The partition has a position and may be attached to. */
  opened(partition: HeldPartition): void;
  /** It will be given up: nothing more is delivered, what is open may settle until the deadline (Runtime.now()). */
  revoking(partition: HeldPartition, deadline: number): void;
  ended(partition: HeldPartition, why: 'revoked' | 'lost' | 'drained'): void;
  failed(error: unknown): void;
  /** Drained or closed by its owner. */
  completed(): void;
}

/** What a drain came to, in records and offsets. */
export interface DrainOutcome {
  readonly drained: number;
  readonly abandoned: number;
  readonly committed: OffsetList;
}

export type Failure = KafkaError;
