import { type KafkaError } from '../errors/kafka-error.js';
import { type Runtime } from '../model/runtime.js';
import { type ConsumerFlowOptions, type CursorListener } from './flow-options.js';
import { type PartitionCursor } from './partition-cursor.js';
import { type RecordReader } from './record-reader.js';

/** What a cursor needs of the flow it belongs to. None of the calls acts at once: each is answered from a later hop. */
export interface CursorPort {
  readonly runtime: Runtime;
  readonly options: ConsumerFlowOptions;
  readonly listener: CursorListener;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  /** From fetched batches to records; `failed` is told of damage. */
  reader(cursor: PartitionCursor, failed: (error: KafkaError) => void): RecordReader;
  /** It may have become deliverable. */
  wakeDelivery(cursor: PartitionCursor): void;
  /** It may have become fetchable. */
  wakeFetch(cursor: PartitionCursor): void;
  /** Commit value or open leases changed. */
  mark(cursor: PartitionCursor): void;
  /** It was closed. */
  left(cursor: PartitionCursor): void;
}
