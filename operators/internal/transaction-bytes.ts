import type { RecordSink } from '../../src/model/record-sink.js';
import type { Bytes } from '../../src/model/topic-partition.js';

/** The part of a transaction that a failure policy writes to. @public */
export interface TransactionBytes {
  /** A sink for bytes that are serialized already. */
  readonly bytes: RecordSink<Bytes | null, Bytes | null>;
}
