import type { GroupedObservable, Observable, ObservableInput } from 'rxjs';
import type { CommitReceipt, GroupMetadata } from './commit.js';
import type { ConsumerRecord, RecordBatch } from './consumer-record.js';
import type { Deserializer } from './serde.js';
import type {
  Bytes,
  OffsetList,
  PartitionInfo,
  PartitionLag,
  TopicPartition,
  TopicPartitionOffset,
} from './topic-partition.js';

export type TopicSelection =
  | {
      readonly topics: string | readonly string[];
      readonly pattern?: never;
      readonly partitions?: never;
      readonly serverPattern?: never;
    }
  | { readonly pattern: RegExp; readonly topics?: never; readonly partitions?: never; readonly serverPattern?: never }
  | { readonly serverPattern: string; readonly topics?: never; readonly pattern?: never; readonly partitions?: never }
  | {
      readonly partitions: readonly (TopicPartition | TopicPartitionOffset)[];
      readonly topics?: never;
      readonly pattern?: never;
      readonly serverPattern?: never;
    };
/** a (de)serializer may be left out only where bytes satisfy the type: `consumer<string, Order>({ topics })` does not compile. */
export type DeserializerOption<Name extends string, T> = [Bytes | null] extends [T]
  ? { readonly [P in Name]?: Deserializer<T> | undefined }
  : { readonly [P in Name]: Deserializer<T> };
export interface ConsumerSettings {
  readonly groupId?: string; // the one option without `| undefined`: a missing environment variable must not make a groupless consumer
  readonly groupInstanceId?: string | undefined;
  readonly groupProtocol?: 'classic' | 'consumer' | undefined;
  readonly autoOffsetReset?: 'earliest' | 'latest' | 'none' | { readonly durationMs: number } | undefined;
  readonly isolationLevel?: 'read_uncommitted' | 'read_committed' | undefined;
  readonly acknowledge?: 'explicit' | 'onNext' | 'beforeDelivery' | undefined;
  readonly commit?:
    { readonly everyMs?: number | undefined; readonly everyRecords?: number | undefined } | false | undefined;
  readonly window?: { readonly records?: number | undefined; readonly bytes?: number | undefined } | undefined;
  readonly bufferBytes?: number | undefined;
  readonly drainTimeoutMs?: number | undefined;
  readonly stallWarningMs?: number | undefined;
  readonly onAssigned?: RebalanceListener | undefined;
  readonly onRevoked?: RebalanceListener | undefined;
  readonly onLost?: RebalanceListener | undefined;
}
export type RebalanceListener = (
  partitions: readonly TopicPartition[],
  context: RebalanceContext,
) => ObservableInput<unknown> | void;
export interface RebalanceContext {
  readonly deadline: number;
  seek(tp: TopicPartition, offset: number): void;
}
export type ConsumerOptions<K, V> = ConsumerSettings &
  TopicSelection &
  DeserializerOption<'keyDeserializer', K> &
  DeserializerOption<'valueDeserializer', V>;
export type ConsumerState = 'idle' | 'joining' | 'stable' | 'rebalancing' | 'draining' | 'closed';
export type SeekTarget = number | 'beginning' | 'end' | 'committed' | { readonly timestamp: number };
export interface FlowState {
  readonly paused: readonly string[];
  readonly oldestLeaseAgeMs: number | null;
  readonly openLeases: number;
  readonly oldestOffset: number | null;
  readonly broker: number | null;
}
export interface DrainReport {
  readonly drained: number;
  readonly abandoned: number;
  readonly committed: OffsetList;
}
export type ConsumerEvent =
  | { readonly type: 'assigned' | 'revoked' | 'lost'; readonly partitions: readonly TopicPartition[] }
  | {
      readonly type: 'handedOff';
      readonly partitions: readonly TopicPartition[];
      readonly drained: number;
      readonly abandoned: OffsetList;
    }
  | {
      readonly type: 'discontinuity';
      readonly topic: string;
      readonly partition: number;
      readonly from: number;
      readonly to: number;
      readonly reason: 'seek' | 'reset' | 'truncated' | 'recreated' | 'abort';
    }
  | { readonly type: 'commitFailed'; readonly offsets: OffsetList; readonly error: unknown }
  | { readonly type: 'caughtUp'; readonly topic: string; readonly partition: number }
  | { readonly type: 'stalled'; readonly topic: string; readonly partition: number; readonly offset: number }
  | {
      readonly type: 'parked';
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly error: unknown;
      retry(): void;
      skip(): void;
    };

export interface Consumer<K, V> {
  readonly partitions$: Observable<PartitionStream<K, V>>;
  readonly records$: Observable<ConsumerRecord<K, V>>;
  readonly batches$: Observable<RecordBatch<K, V>>;
  /** Bounded read; an operator cannot learn the end of a partition that never emits. */
  readRange(range?: {
    readonly from?: 'beginning' | 'committed' | OffsetList | undefined;
    readonly to?: 'end' | OffsetList | undefined;
  }): Observable<ConsumerRecord<K, V>>;
  readonly assignment$: Observable<readonly TopicPartition[]>;
  readonly events$: Observable<ConsumerEvent>;
  readonly state$: Observable<ConsumerState>;
  /** Not subscribe/unsubscribe: those would make a consumer an RxJS Unsubscribable. */
  select(selection: TopicSelection | null): void;
  readonly selection: TopicSelection | null;
  readonly assignment: readonly TopicPartition[];
  pause(partitions?: readonly TopicPartition[]): void;
  resume(partitions?: readonly TopicPartition[]): void;
  readonly paused: readonly TopicPartition[];
  seek(tp: TopicPartition, to: SeekTarget): Observable<number>;
  position(tp: TopicPartition): Observable<number>;
  /** Partitions without a commit are left out. */
  committed(partitions: readonly TopicPartition[]): Observable<OffsetList>;
  commit(offsets?: OffsetList): Observable<CommitReceipt>;
  beginningOffsets(partitions: readonly TopicPartition[]): Observable<OffsetList>;
  endOffsets(partitions: readonly TopicPartition[]): Observable<OffsetList>;
  offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestamp: number })[],
  ): Observable<readonly (TopicPartitionOffset | null)[]>;
  partitionsFor(topic: string): Observable<readonly PartitionInfo[]>;
  listTopics(): Observable<readonly string[]>;
  /** `$` marks fields, options are one object. */
  lag(options?: { readonly everyMs?: number | undefined }): Observable<readonly PartitionLag[]>;
  groupMetadata(): GroupMetadata;
  why(tp: TopicPartition): FlowState;
  /** eager Promise, like close(): a cold drain that nobody subscribed is a shutdown that does nothing. */
  drain(options?: { readonly timeoutMs?: number | undefined }): Promise<DrainReport>;
  close(options?: {
    readonly timeoutMs?: number | undefined;
    readonly leaveGroup?: boolean | undefined;
  }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
/** A grouped Observable: `key` is the partition, as in RxJS's groupBy; topic and partition are there as well. */
export interface PartitionStream<K, V> extends GroupedObservable<TopicPartition, ConsumerRecord<K, V>>, TopicPartition {
  readonly epoch: number;
  readonly position: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly lag: number;
  readonly lastFetchedAt: number | null;
  pause(): void;
  resume(): void;
  readonly paused: boolean;
  seek(to: SeekTarget): Observable<number>;
  readonly revoking$: Observable<{ readonly deadline: number }>;
  readonly ended$: Observable<'revoked' | 'lost' | 'drained'>;
}
