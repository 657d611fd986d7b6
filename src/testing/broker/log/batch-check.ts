import { crc32c } from '../../../bytes/crc32c.js';
import {
  batchAttribute,
  batchField,
  batchLogOverhead,
  batchOverhead,
  readInt32,
  writeInt16,
  writeInt32,
  writeInt64,
} from '../../../codecs/batch-format.js';
import { codec } from '../../../codecs/compression.js';
import { BatchHeader } from '../../../codecs/record-batch-reader.js';
import { RecordCursor } from '../../../codecs/record-cursor.js';
import { KafkaError } from '../../../errors/kafka-error.js';
import { code, none } from '../codes.js';

/** What a topic demands of the batches that are written to it. @internal */
export interface BatchRules {
  readonly maxBytes: number;
  readonly compacted: boolean;
  readonly appendTime: boolean;
  /** Milliseconds that a timestamp may lie ahead of the broker's clock. */
  readonly aheadMs: number;
  readonly zstd: boolean;
}

/** A refused batch, with the text a broker sends along, or one that may be appended. @internal */
export type CheckedBatch =
  | {
      readonly errorCode: number;
      readonly message: string | null;
      readonly header: null;
      /** Places in the batch of the records that are to blame (KIP-467); none when it is the batch. */
      readonly records: readonly number[];
    }
  | { readonly errorCode: 0; readonly message: null; readonly header: BatchHeader };

const corrupt = code('CORRUPT_MESSAGE');
const invalid = code('INVALID_RECORD');
const tooLarge = code('MESSAGE_TOO_LARGE');
const invalidTimestamp = code('INVALID_TIMESTAMP');
const badCompression = code('UNSUPPORTED_COMPRESSION_TYPE');
const zstdCodec = 4;
const noKey = 'Compacted topic cannot accept message without key';

/** The checks of a leader before it appends what a producer sent for one partition (`LogValidator`). @internal */
export function checkBatch(records: Uint8Array | null, rules: BatchRules, wallClock: number): CheckedBatch {
  if (records === null || records.length < batchOverhead) return refused(invalid, 'No record batch');
  if (records[batchField.magic] !== 2)
    return refused(invalid, `Unexpected message format v${records[batchField.magic]!}`);
  const size = readInt32(records, batchField.batchLength) + batchLogOverhead;
  if (size > records.length || size < batchOverhead) return refused(corrupt, null);
  if (size < records.length) return refused(invalid, 'Produce requests hold exactly one record batch for a partition');
  if (size > rules.maxBytes) return refused(tooLarge, null);
  const header = new BatchHeader(records, 0, records.length);
  if (crc32c(records, batchField.attributes, records.length) !== header.crc) return refused(corrupt, null);
  if (header.isControl) return refused(invalid, 'Clients are not allowed to write control records');
  if (header.recordCount <= 0 || header.lastOffsetDelta !== header.recordCount - 1) {
    return refused(invalid, 'Record count and last offset delta do not agree');
  }
  if (header.producerId >= 0 && header.baseSequence < 0) return refused(invalid, 'A producer id without a sequence');
  if (header.codec === zstdCodec && !rules.zstd) return refused(badCompression, null);
  if (header.codec > zstdCodec) return refused(badCompression, null);
  if (!rules.appendTime && header.maxTimestamp > wallClock + rules.aheadMs) {
    return refused(invalidTimestamp, 'Timestamp is out of range');
  }
  const keyless = rules.compacted ? withoutKey(header) : [];
  if (keyless.length > 0) return refused(invalid, noKey, keyless);
  return { errorCode: none, message: null, header };
}

/** The batch with the broker's time on all its records (message.timestamp.type LogAppendTime). @internal */
export function stamped(given: Uint8Array, wallClock: number): Uint8Array {
  const bytes = Uint8Array.from(given);
  const attributes = (bytes[batchField.attributes]! << 8) | bytes[batchField.attributes + 1]!;
  writeInt16(bytes, batchField.attributes, attributes | batchAttribute.logAppendTime);
  writeInt64(bytes, batchField.maxTimestamp, wallClock);
  writeInt32(bytes, batchField.crc, crc32c(bytes, batchField.attributes, bytes.length) | 0);
  return bytes;
}

/** The records of a batch where they can be read at once; null for codecs that answer later. @internal */
export function recordsNow(header: BatchHeader): Uint8Array | null {
  const found = codec(header.codec);
  const records = header.bytes.subarray(header.recordsStart, header.end);
  if (found === null) return records;
  return found.decompress(
    records,
    256 * 1024 * 1024,
    () => undefined,
    (work) => {
      work();
    },
  );
}

function withoutKey(header: BatchHeader): readonly number[] {
  const found: number[] = [];
  try {
    const records = recordsNow(header);
    if (records === null) return found;
    const cursor = new RecordCursor();
    cursor.reset(records, 0, records.length, header);
    for (let index = 0; cursor.next(); index++) if (cursor.keyLength < 0) found.push(index);
    return found;
  } catch (error) {
    if (KafkaError.is(error)) return [];
    throw error;
  }
}

function refused(errorCode: number, message: string | null, records: readonly number[] = []): CheckedBatch {
  return { errorCode, message, header: null, records };
}
