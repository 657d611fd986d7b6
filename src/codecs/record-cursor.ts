import { ProtocolDecodeError } from '../errors/protocol-error.js';
import { smallestRecord } from './batch-format.js';
import { type BatchHeader } from './record-batch-reader.js';

const noBytes = new Uint8Array(0);
const two28 = 0x1000_0000;

/**
 * Walks over the records of one batch without allocating: after each `next()` the fields say where the parts of the current
 * record lie in `bytes`. Kept and reset by its owner, it is the only object of this class a consumer needs.
 *
 * Everything is checked before it is shown: lengths stay within the record, the record within the batch, offsets ascend
 * within what the header announced, and the records fill the batch exactly (`ProtocolDecodeError` otherwise).
 */
export class RecordCursor {
  bytes: Uint8Array = noBytes;
  offset = -1;
  /** Milliseconds; the batch's maximum for every record where the broker stamps on append. */
  timestamp = -1;
  /** Where the length of the key stands, and with it the parts of the record begin. */
  partsStart = 0;
  keyStart = 0;
  /** -1 for null. */
  keyLength = -1;
  valueStart = 0;
  /** -1 for null. */
  valueLength = -1;
  /** Where the first header lies, behind the count. */
  headersStart = 0;
  headerCount = 0;
  /** Where the record begins, its length prefix included. */
  recordStart = 0;
  recordEnd = 0;
  #at = 0;
  #end = 0;
  #left = 0;
  #baseOffset = 0;
  #baseTimestamp = 0;
  #appendTime = -1;
  #stampedOnAppend = false;
  #lastDelta = -1;
  #maxDelta = -1;

  /** Places the cursor before the first record of `payload[start, end)`, the decompressed records of the batch. */
  reset(payload: Uint8Array, start: number, end: number, header: BatchHeader): void {
    this.bytes = payload;
    this.#at = start;
    this.#end = end;
    this.#left = header.recordCount;
    this.#baseOffset = header.baseOffset;
    this.#baseTimestamp = header.baseTimestamp;
    this.#appendTime = header.maxTimestamp;
    this.#stampedOnAppend = header.timestampType === 'logAppendTime';
    this.#lastDelta = -1;
    this.#maxDelta = header.lastOffsetDelta;
    // a claim the payload cannot hold is refused here, not after millions of records
    if (this.#left * smallestRecord > end - start) throw this.#damaged(`claims ${this.#left} records`);
  }

  /** Lets go of the payload, so that a parked cursor does not keep a frame alive. */
  release(): void {
    this.bytes = noBytes;
    this.#left = 0;
    this.#at = this.#end = 0;
  }

  /** Moves to the next record; false behind the last one. */
  next(): boolean {
    if (this.#left === 0) {
      if (this.#at !== this.#end) throw this.#damaged(`has ${this.#end - this.#at} bytes after its last record`);
      return false;
    }
    const bytes = this.bytes;
    let at = this.#at;
    this.recordStart = at;

    // Reading a few bytes beyond the batch is harmless: nothing is used before the checks against recordEnd.
    // Each varint is inlined for one and two bytes, which is nearly all there is.
    let raw = bytes[at++]!;
    if (raw > 127) {
      const second = bytes[at]!;
      if (second < 128) {
        raw = (raw & 127) | (second << 7);
        at++;
      } else {
        raw = this.#longVarint(at - 1);
        at = this.#at;
      }
    }
    const length = (raw >>> 1) ^ -(raw & 1);
    const recordEnd = at + length;
    if (length < smallestRecord - 1 || recordEnd > this.#end) throw this.#damaged(`has a record of ${length} bytes`);

    // one byte of attributes without meaning
    at++;

    let timestampDelta: number;
    raw = bytes[at++]!;
    if (raw < 128) timestampDelta = (raw >>> 1) ^ -(raw & 1);
    else {
      const second = bytes[at]!;
      if (second < 128) {
        raw = (raw & 127) | (second << 7);
        timestampDelta = (raw >>> 1) ^ -(raw & 1);
        at++;
      } else {
        timestampDelta = this.#varlong(at - 1);
        at = this.#at;
      }
    }

    raw = bytes[at++]!;
    if (raw > 127) {
      const second = bytes[at]!;
      if (second < 128) {
        raw = (raw & 127) | (second << 7);
        at++;
      } else {
        raw = this.#longVarint(at - 1);
        at = this.#at;
      }
    }
    const offsetDelta = (raw >>> 1) ^ -(raw & 1);
    if (offsetDelta <= this.#lastDelta || offsetDelta > this.#maxDelta) {
      throw this.#damaged(
        `has offset delta ${offsetDelta} after ${this.#lastDelta}, with ${this.#maxDelta} as the last`,
      );
    }

    this.partsStart = at;
    raw = bytes[at++]!;
    if (raw > 127) {
      const second = bytes[at]!;
      if (second < 128) {
        raw = (raw & 127) | (second << 7);
        at++;
      } else {
        raw = this.#longVarint(at - 1);
        at = this.#at;
      }
    }
    let partLength = (raw >>> 1) ^ -(raw & 1);
    this.keyStart = at;
    if (partLength >= 0) {
      if (partLength > recordEnd - at) throw this.#damaged(`has a key of ${partLength} bytes`);
      at += partLength;
      this.keyLength = partLength;
    } else this.keyLength = -1;

    raw = bytes[at++]!;
    if (raw > 127) {
      const second = bytes[at]!;
      if (second < 128) {
        raw = (raw & 127) | (second << 7);
        at++;
      } else {
        raw = this.#longVarint(at - 1);
        at = this.#at;
      }
    }
    partLength = (raw >>> 1) ^ -(raw & 1);
    this.valueStart = at;
    if (partLength >= 0) {
      if (partLength > recordEnd - at) throw this.#damaged(`has a value of ${partLength} bytes`);
      at += partLength;
      this.valueLength = partLength;
    } else this.valueLength = -1;

    const headers = bytes[at];
    if (headers === 0) {
      this.headersStart = at + 1;
      this.headerCount = 0;
      at++;
    } else at = this.#headers(at, recordEnd);
    if (at !== recordEnd) throw this.#damaged(`has a record whose parts end ${at - recordEnd} bytes off its length`);

    this.recordEnd = recordEnd;
    this.#at = recordEnd;
    this.#left--;
    this.#lastDelta = offsetDelta;
    this.offset = this.#baseOffset + offsetDelta;
    if (this.#stampedOnAppend) this.timestamp = this.#appendTime;
    else {
      const timestamp = this.#baseTimestamp + timestampDelta;
      if (timestamp > Number.MAX_SAFE_INTEGER || timestamp < Number.MIN_SAFE_INTEGER) {
        throw this.#damaged(`has timestamp ${timestamp}`);
      }
      this.timestamp = timestamp;
    }
    return true;
  }

  /** Checks the headers without decoding them; returns where they end. */
  #headers(at: number, recordEnd: number): number {
    const bytes = this.bytes;
    const raw = this.#longVarint(at);
    const count = (raw >>> 1) ^ -(raw & 1);
    at = this.#at;
    // a header takes two bytes at least
    if (count < 0 || count * 2 > recordEnd - at) throw this.#damaged(`has a record with ${count} headers`);
    this.headersStart = at;
    this.headerCount = count;
    for (let i = 0; i < count * 2; i++) {
      let part = bytes[at++]!;
      if (part > 127) {
        part = this.#longVarint(at - 1);
        at = this.#at;
      }
      const length = (part >>> 1) ^ -(part & 1);
      // names are never null, values may be
      if (length < 0 && (i & 1) === 0) throw this.#damaged(`has a header name of ${length} bytes`);
      if (length > recordEnd - at) throw this.#damaged(`has a header of ${length} bytes`);
      if (length > 0) at += length;
    }
    return at;
  }

  /** The raw 32 bits of the varint at `at`; `#at` is behind it afterwards. */
  #longVarint(at: number): number {
    const bytes = this.bytes;
    let raw = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = at < this.#end ? bytes[at++]! : -1;
      if (byte < 0) throw this.#damaged('ends in the middle of a number');
      raw |= (byte & 127) << shift;
      if (byte < 128) {
        this.#at = at;
        return raw;
      }
    }
    throw this.#damaged('has a number of more than 32 bits');
  }

  /** The number whose zigzag varint is at `at`; `#at` is behind it afterwards. */
  #varlong(at: number): number {
    const bytes = this.bytes;
    let low = 0;
    let high = 0;
    // 28 bits in `low`, the rest in `high`: both exact, the sum is checked by the caller against 2^53
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = at < this.#end ? bytes[at++]! : -1;
      if (byte < 0) throw this.#damaged('ends in the middle of a timestamp');
      if (shift < 28) low |= (byte & 127) << shift;
      else high += (byte & 127) * 2 ** (shift - 28);
      if (byte < 128) {
        this.#at = at;
        const half = (low >>> 1) + (high % 2) * (two28 / 2) + Math.floor(high / 2) * two28;
        return (low & 1) === 0 ? half : -half - 1;
      }
    }
    throw this.#damaged('has a timestamp of more than 64 bits');
  }

  #damaged(what: string): ProtocolDecodeError {
    return new ProtocolDecodeError(`Record batch at offset ${this.#baseOffset} ${what}`, { offset: this.#baseOffset });
  }
}
