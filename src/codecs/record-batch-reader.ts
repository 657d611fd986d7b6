import { crc32c } from '../bytes/crc32c.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { CrcMismatchError, ProtocolDecodeError } from '../errors/protocol-error.js';
import { type TimestampType } from '../model/topic-partition.js';
import {
  batchAttribute,
  batchField,
  batchLogOverhead,
  batchOverhead,
  readInt16,
  readInt32,
  readInt64,
  smallestRecord,
} from './batch-format.js';
import { accelerateCrc32c } from './native-crc32c.js';

export { RecordCursor } from './record-cursor.js';
export { decompressBatch } from './batch-decompression.js';

/** The 61 bytes before the records of a batch v2, decoded; the batch itself stays where it is in `bytes`. */
export class BatchHeader {
  /** The frame in which the batch lies, from `start` to `end`; records begin at `recordsStart`. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly baseOffset: number;
  readonly batchLength: number;
  readonly partitionLeaderEpoch: number;
  readonly magic: number;
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  /** Milliseconds; what the records' deltas add to. A compacted batch may hold its delete horizon here instead. */
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.baseOffset = readInt64(bytes, start);
    this.batchLength = readInt32(bytes, start + batchField.batchLength);
    this.partitionLeaderEpoch = readInt32(bytes, start + batchField.partitionLeaderEpoch);
    this.magic = bytes[start + batchField.magic]!;
    this.crc = readInt32(bytes, start + batchField.crc) >>> 0;
    this.attributes = readInt16(bytes, start + batchField.attributes);
    this.lastOffsetDelta = readInt32(bytes, start + batchField.lastOffsetDelta);
    this.baseTimestamp = readInt64(bytes, start + batchField.baseTimestamp);
    this.maxTimestamp = readInt64(bytes, start + batchField.maxTimestamp);
    this.producerId = readInt64(bytes, start + batchField.producerId);
    this.producerEpoch = readInt16(bytes, start + batchField.producerEpoch);
    this.baseSequence = readInt32(bytes, start + batchField.baseSequence);
    this.recordCount = readInt32(bytes, start + batchField.recordCount);
  }

  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd; 5 to 7 are not assigned. */
  get codec(): number {
    return this.attributes & batchAttribute.codec;
  }
  get isControl(): boolean {
    return (this.attributes & batchAttribute.control) !== 0;
  }
  get isTransactional(): boolean {
    return (this.attributes & batchAttribute.transactional) !== 0;
  }
  get timestampType(): TimestampType {
    return (this.attributes & batchAttribute.logAppendTime) !== 0 ? 'logAppendTime' : 'createTime';
  }
  /** Where reading goes on behind this batch, however many records compaction has left in it. */
  get nextOffset(): number {
    return this.baseOffset + this.lastOffsetDelta + 1;
  }
  get recordsStart(): number {
    return this.start + batchOverhead;
  }
}

/** Batches that were read before something stopped the reading. */
export interface BatchHeaders {
  readonly batches: BatchHeader[];
  /** The last batch was cut off by the size limit of the fetch: it comes again. */
  readonly truncated: boolean;
  readonly error: KafkaError | null;
}

/**
 * The batches in `bytes[start, end)`, as a Fetch answer holds them for one partition. A batch that is cut off at the end is
 * left out. What is not a batch, or fails its CRC, ends the reading with `error`; the batches before it are good. Nothing is
 * copied: the headers refer to `bytes`.
 */
export function readBatchHeaders(bytes: Uint8Array, start: number, end: number, checkCrcs: boolean): BatchHeaders {
  const batches: BatchHeader[] = [];
  if (checkCrcs) accelerateCrc32c();
  let at = start;
  // every round moves on by at least the overhead of a batch
  while (end - at > batchField.magic) {
    const length = readInt32(bytes, at + batchField.batchLength);
    const magic = bytes[at + batchField.magic]!;
    if (magic !== 2) return { batches, truncated: false, error: badMagic(magic, at - start) };
    if (length < batchOverhead - batchLogOverhead) {
      return { batches, truncated: false, error: damaged(`has a length of ${length} bytes`, at - start) };
    }
    if (length > end - at - batchLogOverhead) return { batches, truncated: true, error: null };
    const next = at + batchLogOverhead + length;
    const header = new BatchHeader(bytes, at, next);
    const error = (checkCrcs ? checkCrc(header) : null) ?? checkHeader(header, at - start);
    if (error !== null) return { batches, truncated: false, error };
    batches.push(header);
    at = next;
  }
  return { batches, truncated: at < end, error: null };
}

function checkCrc(header: BatchHeader): KafkaError | null {
  const computed = crc32c(header.bytes, header.start + batchField.attributes, header.end);
  if (computed === header.crc) return null;
  return new CrcMismatchError(
    `Record batch at offset ${header.baseOffset} has CRC ${hex(computed)}, its header says ${hex(header.crc)}; the bytes were damaged on their way or on the broker's disk`,
    { offset: header.baseOffset },
  );
}

function checkHeader(header: BatchHeader, at: number): KafkaError | null {
  const { baseOffset, lastOffsetDelta, recordCount } = header;
  if (!Number.isSafeInteger(baseOffset) || baseOffset < 0) return damaged(`has base offset ${baseOffset}`, at);
  // a batch without records counts as one offset at least, so that reading always moves on
  if (lastOffsetDelta < 0) return damaged(`has last offset delta ${lastOffsetDelta}`, at);
  if (!Number.isSafeInteger(baseOffset + lastOffsetDelta + 1)) return damaged(`ends beyond offset 2^53`, at);
  if (!Number.isSafeInteger(header.baseTimestamp)) return damaged(`has base timestamp ${header.baseTimestamp}`, at);
  if (!Number.isSafeInteger(header.maxTimestamp)) return damaged(`has max timestamp ${header.maxTimestamp}`, at);
  if (!Number.isSafeInteger(header.producerId)) return damaged(`has producer id ${header.producerId}`, at);
  const room = header.end - header.recordsStart;
  if (recordCount < 0 || (header.codec === 0 && recordCount * smallestRecord > room)) {
    return damaged(`claims ${recordCount} records in ${room} bytes`, at);
  }
  return null;
}

function badMagic(magic: number, at: number): ProtocolDecodeError {
  return magic < 2
    ? damaged(`has the message format v${magic} of brokers before 0.11, which is not read`, at)
    : damaged(`has the unknown message format v${magic}`, at);
}

function damaged(what: string, at: number): ProtocolDecodeError {
  return new ProtocolDecodeError(`Record batch at byte ${at} ${what}`);
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}
