import { crc32c } from '../bytes/crc32c.js';
import { UsageError } from '../errors/usage-error.js';
import { type Done } from '../model/done.js';
import { batchAttribute, batchField, batchLogOverhead, batchOverhead } from './batch-format.js';
import { writeInt16, writeInt32, writeInt64 } from './batch-format.js';
import { BlockPool } from './block-pool.js';
import { codecNamed, type Compression } from './compression.js';
import { type EncodedHeaders } from './lazy-headers.js';
import { accelerateCrc32c } from './native-crc32c.js';
import { directHop, type Hop } from './optional-package.js';
import { BatchHeader, type RecordCursor } from './record-batch-reader.js';
import { recordBodySize, varintSize } from './record-size.js';
import { copyBytes, copyText, writeUvarint, writeVarlong } from './record-writing.js';

export { batchOverhead } from './batch-format.js';
export { recordSize } from './record-size.js';

/** What a batch learns only when it is sent. */
export interface BatchState {
  /** -1 without idempotence, as epoch and sequence. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly transactional: boolean;
  readonly compression: Compression;
  /** The rest is what brokers write; clients leave it out. */
  readonly control?: boolean | undefined;
  readonly baseOffset?: number | undefined;
  readonly partitionLeaderEpoch?: number | undefined;
  /** Stamps all records with this time (LogAppendTime). */
  readonly appendTime?: number | undefined;
}

const noBytes = new Uint8Array(0);

/**
 * A record batch v2 under construction (KIP-98): records are encoded at the end of one plain buffer as they come, `finish`
 * puts the header in front. The buffer grows through its pool and goes back there with `release` (or the pool's `give`).
 */
export class BatchBuffer {
  /** Bytes of the batch so far, header included, before compression. */
  size: number = batchOverhead;
  count = 0;
  firstTimestamp = -1;
  maxTimestamp = -1;
  /** Bytes of the last appended record's parts, -1 for null. */
  keySize = -1;
  valueSize = -1;
  readonly limit: number;
  readonly #pool: BlockPool;
  #buffer: Buffer;
  #finished: Uint8Array | null = null;
  #closed = false;
  #compressing = false;
  #ascii = true;

  constructor(limit: number, pool: BlockPool = new BlockPool(0)) {
    this.limit = limit;
    this.#pool = pool;
    this.#buffer = pool.first(limit);
  }

  /** Bytes of memory it holds, compressed result included. */
  get capacity(): number {
    const finished = this.#finished;
    return this.#buffer.length + (finished === null || finished.buffer === this.#buffer.buffer ? 0 : finished.length);
  }

  /**
   * Encodes a record at the end: its size, or -1 when the limit has no room for it (the first record is always taken).
   * `keyLength` takes a part of `key`, from its start: keys lie in a scratch array.
   */
  append(
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: EncodedHeaders | null,
    keyLength: number = key === null ? -1 : key.length,
  ): number {
    return this.appendRange(
      timestamp,
      key ?? noBytes,
      0,
      keyLength,
      value ?? noBytes,
      0,
      value === null ? -1 : value.length,
      headers,
    );
  }

  /** The same with key and value as parts of larger arrays: a consumed record passes without views. Length -1 is null. */
  appendRange(
    timestamp: number,
    key: Uint8Array,
    keyStart: number,
    keyLength: number,
    value: Uint8Array,
    valueStart: number,
    valueLength: number,
    headers: EncodedHeaders | null,
  ): number {
    let at = this.#begin(timestamp, keyLength, valueLength, headers);
    if (at < 0) return -1;
    const start = this.size;
    const buffer = this.#buffer;
    if (keyLength >= 0) {
      at = writeUvarint(buffer, at, keyLength << 1);
      copyBytes(buffer, at, key, keyStart, keyLength);
      at += keyLength;
    } else buffer[at++] = 1;
    if (valueLength >= 0) {
      at = writeUvarint(buffer, at, valueLength << 1);
      copyBytes(buffer, at, value, valueStart, valueLength);
      at += valueLength;
    } else buffer[at++] = 1;
    return this.#end(start, at, timestamp, keyLength, valueLength, headers);
  }

  /** The same with text, encoded as UTF-8 straight into the batch. */
  appendText(
    timestamp: number,
    key: string | Uint8Array | null,
    value: string | Uint8Array | null,
    headers: EncodedHeaders | null,
  ): number {
    // Most text is ASCII, whose length is known without a look at it: written on that guess, and once more with the exact
    // lengths when the guess was wrong. After a miss the lengths are counted first, until text is ASCII again.
    let keyLength = key === null ? -1 : key.length;
    let valueLength = value === null ? -1 : value.length;
    if (this.#ascii) {
      const written = this.#writeParts(timestamp, key, keyLength, value, valueLength, headers);
      if (written !== wrongLength) return written;
    }
    if (typeof key === 'string') keyLength = Buffer.byteLength(key);
    if (typeof value === 'string') valueLength = Buffer.byteLength(value);
    this.#ascii = keyLength <= (key?.length ?? -1) && valueLength <= (value?.length ?? -1);
    return this.#writeParts(timestamp, key, keyLength, value, valueLength, headers);
  }

  /** Encodes the cursor's current record, with its own timestamp and headers. */
  appendFrom(cursor: RecordCursor): number {
    const { bytes, headersStart, headerCount } = cursor;
    const headers =
      headerCount === 0 ? null : { bytes: bytes.subarray(headersStart, cursor.recordEnd), count: headerCount };
    return this.appendRange(
      cursor.timestamp,
      bytes,
      cursor.keyStart,
      cursor.keyLength,
      bytes,
      cursor.valueStart,
      cursor.valueLength,
      headers,
    );
  }

  /**
   * Completes the batch: the bytes as they go on the wire, or null when the codec answers later, through `done` in a hop
   * (from a promise without one). Uncompressed bytes are those of the buffer, not a copy. Compression that does not shrink
   * the batch is left out. Nothing can be appended afterwards.
   */
  finish(state: BatchState, done?: Done<Uint8Array>, hop: Hop = directHop): Uint8Array | null {
    this.#closed = true;
    accelerateCrc32c();
    const codec = codecNamed(state.compression.type);
    if (codec === null || this.count === 0) return this.#seal(state, this.#buffer, this.size, 0);
    const records = this.#buffer.subarray(batchOverhead, this.size);
    this.#compressing = true;
    const payload = codec.compress(
      records,
      state.compression.level,
      (error, compressed) => {
        this.#compressing = false;
        if (done === undefined) return;
        if (error !== null) done(error, null);
        else done(null, this.#sealCompressed(state, compressed!, codec.id));
      },
      hop,
    );
    if (payload !== null) {
      this.#compressing = false;
      return this.#sealCompressed(state, payload, codec.id);
    }
    if (done === undefined) throw new UsageError(`Codec ${codec.name} answers later, finish() needs a callback`);
    return null;
  }

  /** Gives a finished batch another place in its producer's sequence, in the same bytes. */
  resequence(producerId: number, producerEpoch: number, baseSequence: number): void {
    const bytes = this.#finished;
    if (bytes === null) throw new UsageError('Only a finished batch can be resequenced');
    writeInt64(bytes, batchField.producerId, producerId);
    writeInt16(bytes, batchField.producerEpoch, producerEpoch);
    writeInt32(bytes, batchField.baseSequence, baseSequence);
    writeInt32(bytes, batchField.crc, crc32c(bytes, batchField.attributes));
  }

  /** Places a cursor before the first record, finished or not, compressed or not: to split a batch. */
  openCursor(cursor: RecordCursor): void {
    this.#writeHeader(this.#buffer, this.size, plain, 0);
    cursor.reset(this.#buffer, batchOverhead, this.size, new BatchHeader(this.#buffer, 0, this.size));
  }

  /** Gives the memory back; idempotent. The finished bytes must not be used afterwards, unless they are compressed. */
  release(): void {
    const buffer = this.#buffer;
    if (buffer.length === 0) return;
    this.#closed = true;
    this.#buffer = empty;
    // a codec at work still reads it: then it is left to the garbage collector
    if (!this.#compressing) this.#pool.give(buffer);
  }

  /** Writes a record's beginning up to its key; where the key goes, or -1. */
  #begin(timestamp: number, keyLength: number, valueLength: number, headers: EncodedHeaders | null): number {
    const { count } = this;
    const timestampDelta = count === 0 ? 0 : timestamp - this.firstTimestamp;
    const body = recordBodySize(count, timestampDelta, keyLength, valueLength, headers);
    const end = this.size + varintSize(body) + body;
    if (this.#closed || (end > this.limit && count > 0)) return -1;
    if (end > this.#buffer.length) this.#grow(end);
    const buffer = this.#buffer;
    let at = writeUvarint(buffer, this.size, body << 1);
    buffer[at++] = 0;
    at = writeVarlong(buffer, at, timestampDelta);
    return writeUvarint(buffer, at, count << 1);
  }

  /** Writes the headers and counts the record in; its size. */
  #end(
    start: number,
    at: number,
    timestamp: number,
    keyLength: number,
    valueLength: number,
    headers: EncodedHeaders | null,
  ): number {
    const buffer = this.#buffer;
    if (headers === null) buffer[at++] = 0;
    else {
      at = writeUvarint(buffer, at, headers.count << 1);
      copyBytes(buffer, at, headers.bytes, 0, headers.bytes.length);
      at += headers.bytes.length;
    }
    if (this.count++ === 0) this.firstTimestamp = this.maxTimestamp = timestamp;
    else if (timestamp > this.maxTimestamp) this.maxTimestamp = timestamp;
    this.keySize = keyLength;
    this.valueSize = valueLength;
    this.size = at;
    return at - start;
  }

  #writeParts(
    timestamp: number,
    key: string | Uint8Array | null,
    keyLength: number,
    value: string | Uint8Array | null,
    valueLength: number,
    headers: EncodedHeaders | null,
  ): number {
    let at = this.#begin(timestamp, keyLength, valueLength, headers);
    // on a guess of the lengths that is too short the answer stays the same: the record is longer still
    if (at < 0) return -1;
    const buffer = this.#buffer;
    at = writeUvarint(buffer, at, (keyLength << 1) ^ (keyLength >> 31));
    if (typeof key === 'string') {
      if (!copyText(buffer, at, key, keyLength)) return wrongLength;
    } else if (key !== null) copyBytes(buffer, at, key, 0, keyLength);
    if (keyLength > 0) at += keyLength;
    at = writeUvarint(buffer, at, (valueLength << 1) ^ (valueLength >> 31));
    if (typeof value === 'string') {
      if (!copyText(buffer, at, value, valueLength)) return wrongLength;
    } else if (value !== null) copyBytes(buffer, at, value, 0, valueLength);
    if (valueLength > 0) at += valueLength;
    return this.#end(this.size, at, timestamp, keyLength, valueLength, headers);
  }

  #grow(size: number): void {
    const grown = this.#pool.take(Math.max(size, Math.min(this.#buffer.length * 2, this.limit)));
    grown.set(this.#buffer.subarray(0, this.size));
    this.#pool.give(this.#buffer);
    this.#buffer = grown;
  }

  #sealCompressed(state: BatchState, payload: Uint8Array, codecId: number): Uint8Array {
    const size = batchOverhead + payload.length;
    if (size >= this.size) {
      // released meanwhile: the caller drops the result anyway
      return this.#buffer.length === 0 ? noBytes : this.#seal(state, this.#buffer, this.size, 0);
    }
    const bytes = Buffer.allocUnsafeSlow(size);
    bytes.set(payload, batchOverhead);
    return this.#seal(state, bytes, size, codecId);
  }

  #seal(state: BatchState, bytes: Buffer, size: number, codecId: number): Uint8Array {
    this.#writeHeader(bytes, size, state, codecId);
    return (this.#finished = new Uint8Array(bytes.buffer, bytes.byteOffset, size));
  }

  #writeHeader(bytes: Uint8Array, size: number, state: BatchState, codecId: number): void {
    const { appendTime } = state;
    const attributes =
      codecId |
      (appendTime === undefined ? 0 : batchAttribute.logAppendTime) |
      (state.transactional ? batchAttribute.transactional : 0) |
      (state.control === true ? batchAttribute.control : 0);
    writeInt64(bytes, batchField.baseOffset, state.baseOffset ?? 0);
    writeInt32(bytes, batchField.batchLength, size - batchLogOverhead);
    writeInt32(bytes, batchField.partitionLeaderEpoch, state.partitionLeaderEpoch ?? -1);
    bytes[batchField.magic] = 2;
    writeInt16(bytes, batchField.attributes, attributes);
    writeInt32(bytes, batchField.lastOffsetDelta, Math.max(0, this.count - 1));
    writeInt64(bytes, batchField.baseTimestamp, this.count === 0 ? 0 : this.firstTimestamp);
    writeInt64(bytes, batchField.maxTimestamp, appendTime ?? (this.count === 0 ? 0 : this.maxTimestamp));
    writeInt64(bytes, batchField.producerId, state.producerId);
    writeInt16(bytes, batchField.producerEpoch, state.producerEpoch);
    writeInt32(bytes, batchField.baseSequence, state.baseSequence);
    writeInt32(bytes, batchField.recordCount, this.count);
    writeInt32(bytes, batchField.crc, crc32c(bytes, batchField.attributes, size));
  }
}

/**
 * Batches over memory that is used again once a batch is settled. One pool per producer; it keeps at most `maxBytes` of
 * unused memory, what it hands out is counted by the producer.
 */
export class BatchBufferPool {
  readonly #blocks: BlockPool;

  constructor(maxBytes: number = 16 * 1024 * 1024) {
    this.#blocks = new BlockPool(maxBytes);
  }

  /** Bytes of unused memory. */
  get pooledBytes(): number {
    return this.#blocks.pooledBytes;
  }

  /** An empty batch of at most `limit` bytes; its first record may exceed the limit. */
  take(limit: number): BatchBuffer {
    return new BatchBuffer(limit, this.#blocks);
  }

  /** Takes the memory of a settled batch back; its bytes must not be used afterwards. */
  give(batch: BatchBuffer): void {
    batch.release();
  }
}

const wrongLength = -2;
const empty = Buffer.alloc(0);
const plain: BatchState = {
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  transactional: false,
  compression: { type: 'none' },
};
