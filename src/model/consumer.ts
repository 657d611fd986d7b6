import type { GroupedObservable, Observable, ObservableInput } from 'rxjs';
import type { CommitReceipt, GroupMetadata } from './commit.js';
import type { ConsumerRecord, RecordBatch } from './consumer-record.js';
import type { Assignor } from './assignor.js';
import type { OffsetStore } from './offset-store.js';
import type { Deserializer } from './serde.js';
import type {
  Bytes,
  OffsetList,
  PartitionInfo,
  PartitionLag,
  TopicPartition,
  TopicPartitionOffset,
} from './topic-partition.js';

/**
 * What is read: topics by name, topics whose name a pattern matches, or partitions by hand; exactly one of them. A pattern is not
 * anchored (`/^orders/` is), is evaluated in the client and creates no topic. A `serverPattern` is evaluated by the broker (RE2J,
 * over the whole name, internal topics included) and needs `groupProtocol: 'consumer'`. An `offset` is where a partition starts.
 * @public
 */
export type TopicSelection =
  | {
      readonly topics: string | readonly string[];
      readonly pattern?: never;
      readonly serverPattern?: never;
      readonly partitions?: never;
    }
  | {
      readonly pattern: RegExp;
      readonly topics?: never;
      readonly serverPattern?: never;
      readonly partitions?: never;
    }
  | {
      readonly serverPattern: string;
      readonly topics?: never;
      readonly pattern?: never;
      readonly partitions?: never;
    }
  | {
      readonly partitions: readonly (TopicPartition | TopicPartitionOffset)[];
      readonly topics?: never;
      readonly pattern?: never;
      readonly serverPattern?: never;
    };
/**
 * A deserializer may be left out only where bytes satisfy the type: `consumer<string, Order>({ topics })` does not compile.
 * @public
 */
export type DeserializerOption<Name extends string, T> = [Bytes | null] extends [T]
  ? { readonly [P in Name]?: Deserializer<T> | undefined }
  : { readonly [P in Name]: Deserializer<T> };
/**
 * Options of a consumer besides what it reads. Names and defaults are those of the Java client's property of the same name
 * unless said otherwise; times in milliseconds, sizes in bytes.
 * @public
 */
export interface ConsumerSettings {
  /**
   * Shares the topics with the other members of that group and commits there; without it every partition is read and nothing
   * is committed. The one option that may not be undefined: a missing environment variable must not make a groupless consumer.
   */
  readonly groupId?: string;
  /** Static membership (KIP-345): the member keeps its partitions over a restart within `sessionTimeoutMs`. */
  readonly groupInstanceId?: string | undefined;
  /**
   * `consumer`: the broker assigns and paces heartbeats (KIP-848, Kafka 4.0 and up); the rebalances of others are not noticed.
   * `sessionTimeoutMs`, `heartbeatIntervalMs` and `assignors` belong to `classic`. @defaultValue 'classic' (group.protocol)
   */
  readonly groupProtocol?: 'classic' | 'consumer' | undefined;
  /**
   * Which of the broker's assignors, `uniform` or `range`; with `groupProtocol: 'consumer'`.
   * @defaultValue the broker's first (group.remote.assignor)
   */
  readonly serverAssignor?: string | undefined;
  /** In order of preference; classic only. @defaultValue [cooperativeSticky] */
  readonly assignors?: readonly Assignor[] | undefined;
  /** Where a partition without committed offset starts. @defaultValue 'latest' (auto.offset.reset) */
  readonly autoOffsetReset?: 'earliest' | 'latest' | 'none' | { readonly durationMs: number } | undefined;
  /** Start positions that are kept outside Kafka, asked before the committed ones. @defaultValue none */
  readonly offsetStore?: OffsetStore | undefined;
  /** `read_committed` leaves records of aborted transactions out and waits for the end of open ones. @defaultValue 'read_uncommitted' (isolation.level) */
  readonly isolationLevel?: 'read_uncommitted' | 'read_committed' | undefined;
  /**
   * When a record counts as done: when the pipe says so (`explicit`), or when `next` returned and no operator took it over
   * (`onNext`). `beforeDelivery` is at most once: the offset behind a record is committed before the record is delivered, up to
   * `maxPollRecords` at a time, and nothing is ever delivered twice; needs a group and commits. A process that dies skips what
   * was committed and not delivered. @defaultValue 'explicit' with a group, 'onNext' without
   */
  readonly acknowledge?: 'explicit' | 'onNext' | 'beforeDelivery' | undefined;
  /** Cadence of commits of settled records; false = none, revoke and close included. @defaultValue everyMs 5000 */
  readonly commit?:
    { readonly everyMs?: number | undefined; readonly everyRecords?: number | undefined } | false | undefined;
  /** Delivered and unsettled, per partition. @defaultValue records 1000, bytes 4194304 */
  readonly window?: { readonly records?: number | undefined; readonly bytes?: number | undefined } | undefined;
  /** Fetched and not settled, over the whole consumer. @defaultValue 33554432 */
  readonly bufferBytes?: number | undefined;
  /** A broker waits for so many bytes before it answers a fetch, `fetchMaxWaitMs` at most. @defaultValue 1 (fetch.min.bytes) */
  readonly fetchMinBytes?: number | undefined;
  /** The most that one fetch asks a broker for; a single larger batch comes all the same. @defaultValue 52428800 (fetch.max.bytes) */
  readonly fetchMaxBytes?: number | undefined;
  /** How long a broker waits for `fetchMinBytes`. @defaultValue 500 (fetch.max.wait.ms) */
  readonly fetchMaxWaitMs?: number | undefined;
  /** The most of one partition in a fetch; a single larger batch comes all the same. @defaultValue 1048576 (max.partition.fetch.bytes) */
  readonly maxPartitionFetchBytes?: number | undefined;
  /** Most records of one batch of `batches$`. @defaultValue 500 (max.poll.records) */
  readonly maxPollRecords?: number | undefined;
  /** Whether the CRC-32C of every batch is checked. @defaultValue true (check.crcs) */
  readonly checkCrcs?: boolean | undefined;
  /** Classic only. @defaultValue 45000 (session.timeout.ms) */
  readonly sessionTimeoutMs?: number | undefined;
  /** At most a third of `sessionTimeoutMs`; classic only. @defaultValue 3000 (heartbeat.interval.ms) */
  readonly heartbeatIntervalMs?: number | undefined;
  /** How long a rebalance waits for this member. @defaultValue 60000 (Java uses max.poll.interval.ms) */
  readonly rebalanceTimeoutMs?: number | undefined;
  /** Longest time without progress on delivered records. @defaultValue 300000 (max.poll.interval.ms) */
  readonly maxPollIntervalMs?: number | undefined;
  /** Longest wait for open work when partitions are given up. @defaultValue min(30000, rebalanceTimeoutMs / 2) */
  readonly drainTimeoutMs?: number | undefined;
  /** Age of an unsettled record at which a `stalled` event is raised. @defaultValue 60000 */
  readonly stallWarningMs?: number | undefined;
  /** Asking for a topic that is not there creates it, where the brokers allow that. @defaultValue true (allow.auto.create.topics) */
  readonly allowAutoCreateTopics?: boolean | undefined;
  /** Whether a pattern leaves topics of the brokers' own out. @defaultValue true (exclude.internal.topics) */
  readonly excludeInternalTopics?: boolean | undefined;
  /** Where this consumer is: it reads from a replica of the same rack, if the brokers are set up for it (KIP-392). @defaultValue '' (client.rack) */
  readonly clientRack?: string | undefined;
  /**
   * Awaited before anything of these partitions is delivered; seeking is legal here. A failure ends the subscription with its
   * error, and so does one that is not done by `context.deadline`, `drainTimeoutMs` after it began.
   */
  readonly onAssigned?: RebalanceListener | undefined;
  /**
   * Awaited after the open work of these partitions settled and before they are committed and given up: at a rebalance, a change
   * of the selection, drain, close and unsubscribe. A failure ends the subscription with its error, and nothing of these
   * partitions is committed. One that is not done by `context.deadline` is left behind and reported as `hookFailed`.
   */
  readonly onRevoked?: RebalanceListener | undefined;
  /**
   * The partitions went to somebody else without asking; nothing of them can be committed any more. The group does not wait for
   * it, `onAssigned` of the same partition does.
   */
  readonly onLost?: RebalanceListener | undefined;
}
/** A rebalance hook; what it returns is awaited. @public */
export type RebalanceListener = (
  partitions: readonly TopicPartition[],
  context: RebalanceContext,
) => ObservableInput<unknown> | void;
/** What a rebalance hook gets: the time by which it must be done, on the monotonic clock, in milliseconds. @public */
export interface RebalanceContext {
  /** Monotonic clock, milliseconds. */
  readonly deadline: number;
  /**
   * Where a partition of this hook starts; nothing before it is delivered. In `onAssigned` only.
   * @throws UsageError elsewhere, and for other partitions
   */
  seek(tp: TopicPartition, offset: number): void;
}
/** All options of a consumer. @public */
export type ConsumerOptions<K, V> = ConsumerSettings &
  TopicSelection &
  DeserializerOption<'keyDeserializer', K> &
  DeserializerOption<'valueDeserializer', V>;
/** Where a consumer stands. @public */
export type ConsumerState = 'idle' | 'joining' | 'stable' | 'rebalancing' | 'draining' | 'closed';
/** Where to go: an offset, an end, the committed offset, or the first record at a time (milliseconds since the epoch). @public */
export type SeekTarget = number | 'beginning' | 'end' | 'committed' | { readonly timestamp: number };
/**
 * A bounded read. Lists name partitions and offsets: the first to read, and one behind the last. What only one of two lists names
 * is read from the beginning, or to the end; partitions without committed offset from the beginning.
 * @public
 */
export interface ReadRange {
  /** Where it begins. @defaultValue 'beginning' */
  readonly from?: 'beginning' | 'committed' | OffsetList | undefined;
  /** Where it ends. @defaultValue 'end', the last stable offset under read_committed */
  readonly to?: 'end' | OffsetList | undefined;
}
/** Why a partition is not moving. @public */
export interface FlowState {
  /**
   * `user`, names of `LeaseOwner.hold`, `window`, `released` (goes back once the others have settled), `bytes`, `unsubscribed`,
   * `resolving` (no position yet), `draining`; `unassigned` or `expired` when it is not held. Empty: it is moving.
   */
  readonly paused: readonly string[];
  /** How long the oldest unsettled record has been out. */
  readonly oldestLeaseAgeMs: number | null;
  /** Records that are delivered and not settled. */
  readonly openLeases: number;
  /** The first of them, null without any. */
  readonly oldestOffset: number | null;
  /** Node id of the leader. */
  readonly broker: number | null;
}
/** What a drain came to, in records. @public */
export interface DrainReport {
  /** Settled in time. */
  readonly drained: number;
  /** Not settled: the next owner gets them again. */
  readonly abandoned: number;
  /** Next record to read, per partition. */
  readonly committed: OffsetList;
}
/** What happens to a consumer; none of it needs an answer. @public */
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
      /** With `truncated`: from this offset on, what was read is no longer in the log (KIP-320). */
      readonly truncatedAt?: number;
    }
  /** Once per assignment and seek: what was there when reading began is delivered and settled. */
  | { readonly type: 'caughtUp'; readonly topic: string; readonly partition: number }
  /** A rebalance hook threw, or was not done by its deadline (`TimeoutExpiredError`). */
  | {
      readonly type: 'hookFailed';
      readonly hook: 'onAssigned' | 'onRevoked' | 'onLost';
      readonly partitions: readonly TopicPartition[];
      readonly error: unknown;
    }
  | { readonly type: 'commitFailed'; readonly offsets: OffsetList; readonly error: unknown }
  | {
      /** A partition stands still; `offset` is the oldest unsettled record, or the next one where no stream is subscribed. */
      readonly type: 'stalled';
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly reason: 'unread' | 'unsettled' | 'unsubscribed';
    }
  /** No progress for `maxPollIntervalMs`: the member leaves its group, and joins again when one of these is settled. */
  | { readonly type: 'expired'; readonly offsets: OffsetList }
  | {
      /**
       * A record that failed is set aside (`onFailure: 'park'`), or with `onError: 'park'` its whole partition. `retry` runs
       * it again, `skip` acknowledges it and goes on; the first call counts. Neither does anything once the partition was
       * revoked or lost or the record was sought past: it was not committed, and the next owner gets it.
       */
      readonly type: 'parked';
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly error: unknown;
      retry(): void;
      skip(): void;
    };

/**
 * A consumer. Its sources are cold and views of one membership, one at a time: subscribing joins, unsubscribing leaves
 * gracefully. Queries are cold Observables of one value; lifecycle commands are eager promises.
 * @public
 */
export interface Consumer<K, V> {
  /** One grouped Observable per assigned partition; completes on `drain` or `close`. */
  readonly partitions$: Observable<PartitionStream<K, V>>;
  /** Records of all partitions, merged fairly. */
  readonly records$: Observable<ConsumerRecord<K, V>>;
  /** One batch per partition and delivery: the fast path. */
  readonly batches$: Observable<RecordBatch<K, V>>;
  /**
   * Reads from one offset to another and completes: by default what is selected, from the beginning to the end of this moment,
   * also when that end is made of control records, aborted or compacted ones. Cold: each subscription reads over connections of
   * its own, joins no group, commits nothing, and does not meet the subscription of the other sources. Records hold leases under
   * `window`; what no operator takes over is done with its delivery.
   *
   * Fails with OffsetResetError when an offset is not in the log. @throws InvalidOptionError, UsageError
   */
  readRange(range?: ReadRange): Observable<ConsumerRecord<K, V>>;
  /** The partitions held, once for each change. Hot: replays the present ones, completes at close. */
  readonly assignment$: Observable<readonly TopicPartition[]>;
  /** Hot, nothing is replayed: subscribe before a source. Completes at close. */
  readonly events$: Observable<ConsumerEvent>;
  /** Hot: replays the present one, completes at close. */
  readonly state$: Observable<ConsumerState>;
  /** The partitions held now. */
  readonly assignment: readonly TopicPartition[];
  /**
   * Reads something else from now on, or nothing (`null`) until the next selection; before a subscription it counts for the
   * next one. Buffered records of what is not selected any more are never delivered; its partitions are drained and given up.
   * Another selection of the same kind replaces the one before, partitions in both keep their position; another kind needs
   * `select(null)` first. With nothing selected the consumer leaves its group and stays subscribed.
   * @throws InvalidOptionError when it is not exactly one kind, or another kind than the present one
   * @throws ClientClosedError after `close`
   */
  select(selection: TopicSelection | null): void;
  /** What is selected; null for nothing. */
  readonly selection: TopicSelection | null;
  /** Stops delivery of these partitions, or of all that are held, from the next record on; the membership goes on. */
  pause(partitions?: readonly TopicPartition[]): void;
  /** Ends `pause`, and nothing else that holds a partition up. */
  resume(partitions?: readonly TopicPartition[]): void;
  /** By `pause`. */
  readonly paused: readonly TopicPartition[];
  /**
   * Emits the new position. From the subscription on no record from before it is delivered, also while a target is looked up;
   * the last seek wins. `'committed'` without a commit goes where the reset policy says.
   */
  seek(tp: TopicPartition, to: SeekTarget): Observable<number>;
  /** The next offset to deliver; waits until it is known. */
  position(tp: TopicPartition): Observable<number>;
  /** Partitions without a commit are left out. */
  committed(partitions: readonly TopicPartition[]): Observable<OffsetList>;
  /** Without offsets: everything acknowledged by now. An offset is the next record to read. */
  commit(offsets?: OffsetList): Observable<CommitReceipt>;
  /** The first offset that is in the log. */
  beginningOffsets(partitions: readonly TopicPartition[]): Observable<OffsetList>;
  /** One behind the last record: the high watermark, or the last stable offset under `read_committed`. */
  endOffsets(partitions: readonly TopicPartition[]): Observable<OffsetList>;
  /** The first record at or after each timestamp (milliseconds since the epoch), in the order asked; null where there is none. */
  offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestamp: number })[],
  ): Observable<readonly (TopicPartitionOffset | null)[]>;
  /** The partitions of a topic with leader and replicas. Fails with BrokerError for one that does not exist. */
  partitionsFor(topic: string): Observable<readonly PartitionInfo[]>;
  /** Names of all topics that the client may see. */
  listTopics(): Observable<readonly string[]>;
  /** Cold: of the partitions held, every `everyMs` milliseconds (5000). */
  lag(options?: { readonly everyMs?: number | undefined }): Observable<readonly PartitionLag[]>;
  /** Identity in the group at this moment. */
  groupMetadata(): GroupMetadata;
  /** Why a partition is not moving, at this moment. */
  why(tp: TopicPartition): FlowState;
  /** Eager, as a drain that nobody subscribed would do nothing: settles, commits, leaves, and completes the source. */
  drain(options?: { readonly timeoutMs?: number | undefined }): Promise<DrainReport>;
  /**
   * Eager: settles what it can in `timeoutMs` (`drainTimeoutMs`), commits, leaves the group (unless `leaveGroup` is false; a static
   * member only when it is true) and completes everything.
   */
  close(options?: {
    readonly timeoutMs?: number | undefined;
    readonly leaveGroup?: boolean | undefined;
  }): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
/** A grouped Observable: `key` is the partition, as in RxJS's groupBy; topic and partition are there as well. @public */
export interface PartitionStream<K, V> extends GroupedObservable<TopicPartition, ConsumerRecord<K, V>>, TopicPartition {
  /** Assignment epoch: another one each time the partition is assigned. */
  readonly epoch: number;
  /** The next offset to deliver, -1 until it is known. */
  readonly position: number;
  /** One behind what all replicas in sync have, as of the last fetch; -1 until then. */
  readonly highWatermark: number;
  /** Everything before it belongs to no open transaction, as of the last fetch; -1 until then. */
  readonly lastStableOffset: number;
  /** Offsets from `position` to the end that is read up to, 0 until known. */
  readonly lag: number;
  /** When a fetch was answered for it last, in milliseconds since the epoch; null until then. */
  readonly lastFetchedAt: number | null;
  /** As `Consumer.pause` for this partition. */
  pause(): void;
  /** As `Consumer.resume` for this partition. */
  resume(): void;
  /** By `pause`, here or of the consumer. */
  readonly paused: boolean;
  /** Cold, as `Consumer.seek`. */
  seek(to: SeekTarget): Observable<number>;
  /** Once, replayed: it is being given up. By `deadline`, on the monotonic clock in milliseconds, what is open has to be settled. */
  readonly revoking$: Observable<{ readonly deadline: number }>;
  /** Once, replayed: why it completed. */
  readonly ended$: Observable<'revoked' | 'lost' | 'drained'>;
}
