import { type KafkaError } from '../errors/kafka-error.js';
import { type CommitReceipt, type GroupMetadata } from '../model/commit.js';
import { type ParkedNotice } from '../model/parking.js';
import { type Deserializer } from '../model/serde.js';
import { type CadenceArguments } from './cursor-commits.js';
import { type FetchedBatch } from './fetched-batch.js';
import { type FetchedRecord } from './fetched-record.js';
import { type WindowCommits } from './lease-window.js';
import { type PartitionCursor } from './partition-cursor.js';

/** What the record flow of one consumer is told; sizes in bytes, times in milliseconds. */
export interface ConsumerFlowOptions {
  readonly windowRecords: number;
  readonly windowBytes: number;
  /** Fetched bytes over all partitions. */
  readonly bufferBytes: number;
  readonly fetchMinBytes: number;
  readonly fetchMaxBytes: number;
  readonly fetchMaxWaitMs: number;
  readonly maxPartitionFetchBytes: number;
  /** Records per batch delivery. */
  readonly maxPollRecords: number;
  readonly checkCrcs: boolean;
  /** 0 read_uncommitted, 1 read_committed. */
  readonly isolationLevel: 0 | 1;
  readonly clientRack: string;
  readonly keyDeserializer: Deserializer<unknown> | null;
  readonly valueDeserializer: Deserializer<unknown> | null;
  readonly acknowledge: 'explicit' | 'onNext' | 'beforeDelivery';
}

export type PositionTrouble = 'outOfRange' | 'truncated' | 'recreated' | 'released';

/** What the record flow tells the orchestrator. Never called in the stack of a call of the orchestrator into a cursor. */
export interface CursorListener {
  /** Marks only: the commit value moved or the number of open leases changed; once per cursor and turn. */
  settled(cursor: PartitionCursor): void;
  /** The cursor stands still until `moveTo`. */
  positionInvalid(cursor: PartitionCursor, why: PositionTrouble): void;
  /** Fatal for the partition (authorization, damage, codec): once, the position is unchanged, fetching stops until `moveTo`. */
  fetchFailed(cursor: PartitionCursor, error: KafkaError): void;
  pressure(cursor: PartitionCursor, why: 'windowFull'): void;
  /** A fetch was answered for this partition, with or without records: high watermark and log start are new. */
  fetched?(cursor: PartitionCursor): void;
  /** A receiver threw; delivery goes on with the next record. Without this method the error is thrown from a hop. */
  receiverFailed?(cursor: PartitionCursor, error: unknown): void;
  /** LeaseOwner, for the cursor; without them nothing can be committed through it. */
  commitNow?(cursor: PartitionCursor, done: (receipt: CommitReceipt | null, error?: unknown) => void): () => void;
  groupMetadata?(): GroupMetadata | undefined;
  commitCadence?(cursor: PartitionCursor, ...how: CadenceArguments): () => void;
  /** LeaseOwner.openWindow; without it no transaction can commit the partition. */
  windowCommits?(cursor: PartitionCursor): WindowCommits | undefined;
  /** LeaseOwner.park: somebody should know. */
  parked?(cursor: PartitionCursor, notice: ParkedNotice): void;
  /** LeaseOwner.rewind; without it the cursor moves itself. */
  rewind?(cursor: PartitionCursor): void;
}

/** One call per record. */
export interface RecordReceiver {
  next(record: FetchedRecord): void;
}

/** Up to `maxPollRecords` per call. */
export interface BatchReceiver {
  nextBatch(batch: FetchedBatch): void;
}
