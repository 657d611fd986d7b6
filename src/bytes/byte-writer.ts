import { UsageError } from '../errors/usage-error.js';
import { Slab } from './slab.js';
import { encodeText, textSize } from './text.js';
import { writeUuid } from './uuid.js';
import { uvarintSize, zigzag32 } from './varint.js';

const maxStringSize = 0x7fff;
/** Below this a copy into the segment is cheaper than one more entry in the socket's vector. */
const copyBelow = 512;
const scratch: Uint8Array<ArrayBuffer> = new Uint8Array(8);
const scratchView: DataView = new DataView(scratch.buffer);

/** Writers begin in a piece of it, as most requests are short. */
const slab: Slab = new Slab(16_384);

/**
 * Appends Kafka primitives (protocol guide, "Protocol primitive types"), big-endian, to a growing list of segments.
 * What {@link finish} returns belongs to the caller; chunks given by reference stay the giver's and must not change
 * until they are written out.
 */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  /** Where the open segment begins in `#bytes`. */
  #start: number;
  #at: number;
  /** Up to here `#bytes` is this writer's. */
  #end: number;
  /** Bytes in sealed segments. */
  #sealedSize = 0;
  readonly #sealed: Uint8Array[] = [];

  constructor(initial = 256) {
    const at = slab.take(initial);
    this.#bytes = slab.bytes;
    this.#start = at;
    this.#at = at;
    this.#end = at + initial;
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#sealedSize + this.#at - this.#start;
  }

  int8(n: number): void {
    if ((n << 24) >> 24 !== n) throw outOfRange('int8', n);
    const at = this.#room(1);
    this.#bytes[at] = n;
  }

  bool(b: boolean): void {
    const at = this.#room(1);
    this.#bytes[at] = b ? 1 : 0;
  }

  int16(n: number): void {
    if ((n << 16) >> 16 !== n) throw outOfRange('int16', n);
    this.#put16(n);
  }

  uint16(n: number): void {
    if ((n & 0xffff) !== n) throw outOfRange('uint16', n);
    this.#put16(n);
  }

  int32(n: number): void {
    if ((n | 0) !== n) throw outOfRange('int32', n);
    this.#put32(n);
  }

  uint32(n: number): void {
    if (n >>> 0 !== n) throw outOfRange('uint32', n);
    this.#put32(n);
  }

  /** A safe integer as 64 bits. */
  int64(n: number): void {
    if (!Number.isSafeInteger(n)) throw outOfRange('int64', n);
    this.#put32(Math.floor(n / 0x100000000));
    this.#put32(n);
  }

  float64(n: number): void {
    scratchView.setFloat64(0, n);
    this.raw(scratch);
  }

  /** Unsigned 32-bit varint; a negative number is taken modulo 2^32. */
  uvarint(n: number): void {
    let rest = n >>> 0;
    let at = this.#room(uvarintSize(rest));
    while (rest >= 0x80) {
      this.#bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[at] = rest;
  }

  /** Signed 32-bit zigzag varint. */
  varint(n: number): void {
    if ((n | 0) !== n) throw outOfRange('varint', n);
    this.uvarint(zigzag32(n));
  }

  /** Signed 64-bit zigzag varint of a safe integer. */
  varlong(n: number): void {
    if ((n | 0) === n) {
      this.uvarint(zigzag32(n));
      return;
    }
    if (!Number.isSafeInteger(n)) throw outOfRange('varlong', n);
    const high = Math.floor(n / 0x100000000);
    const sign = high >> 31;
    const low = n | 0;
    let zigzagHigh = (((high << 1) | (low >>> 31)) ^ sign) >>> 0;
    let zigzagLow = ((low << 1) ^ sign) >>> 0;
    while (zigzagHigh !== 0 || zigzagLow >= 0x80) {
      const at = this.#room(1);
      this.#bytes[at] = (zigzagLow & 0x7f) | 0x80;
      zigzagLow = ((zigzagLow >>> 7) | (zigzagHigh << 25)) >>> 0;
      zigzagHigh >>>= 7;
    }
    const at = this.#room(1);
    this.#bytes[at] = zigzagLow;
  }

  string(text: string): void {
    const size = stringSize(text);
    this.#put16(size);
    const at = this.#room(size);
    encodeText(text, size, this.#bytes, at);
  }

  nullableString(text: string | null): void {
    if (text === null) this.#put16(-1);
    else this.string(text);
  }

  compactString(text: string): void {
    const size = stringSize(text);
    this.uvarint(size + 1);
    const at = this.#room(size);
    encodeText(text, size, this.#bytes, at);
  }

  compactNullableString(text: string | null): void {
    if (text === null) this.uvarint(0);
    else this.compactString(text);
  }

  bytes(bytes: Uint8Array): void {
    this.int32(bytes.length);
    this.raw(bytes);
  }

  nullableBytes(bytes: Uint8Array | null): void {
    if (bytes === null) this.#put32(-1);
    else this.bytes(bytes);
  }

  compactBytes(bytes: Uint8Array): void {
    this.uvarint(bytes.length + 1);
    this.raw(bytes);
  }

  compactNullableBytes(bytes: Uint8Array | null): void {
    if (bytes === null) this.uvarint(0);
    else this.compactBytes(bytes);
  }

  /** Length of an array, -1 for a null one. */
  arrayLength(length: number): void {
    this.int32(length);
  }

  /** Length of an array in a flexible version, -1 for a null one. */
  compactArrayLength(length: number): void {
    this.uvarint(length + 1);
  }

  /** 22 base64url characters as 16 bytes. */
  uuid(text: string): void {
    const at = this.#room(16);
    writeUuid(text, this.#bytes, at);
  }

  /** Copies `bytes` as they are. */
  raw(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Appends `bytes` by reference and seals the current segment; short ones are copied. */
  chunk(bytes: Uint8Array): void {
    if (bytes.length < copyBelow) {
      this.raw(bytes);
      return;
    }
    this.#seal();
    this.#sealed.push(bytes);
    this.#sealedSize += bytes.length;
  }

  /**
   * Puts the size of everything written since `start` (a {@link size} taken then) before it, as an unsigned varint.
   * No chunk may have been appended since `start`.
   */
  insertSize(start: number): void {
    const content = this.size - start;
    const prefix = uvarintSize(content);
    this.#room(prefix);
    const from = this.#at - prefix - content;
    if (from < this.#start) throw new UsageError('A chunk was appended inside a sized section');
    this.#bytes.copyWithin(from + prefix, from, from + content);
    let rest = content;
    let at = from;
    while (rest >= 0x80) {
      this.#bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[at] = rest;
  }

  /** Overwrites four bytes of this writer's own, `at` bytes from its beginning. */
  patchInt32(at: number, value: number): void {
    let offset = at;
    for (const segment of this.#sealed) {
      if (offset < segment.length) {
        put32(segment, offset, value);
        return;
      }
      offset -= segment.length;
    }
    if (at + 4 > this.size) throw outOfRange('position', at);
    put32(this.#bytes, this.#start + offset, value);
  }

  /** The segments in order; the writer is used up. */
  finish(): Uint8Array[] {
    this.#seal();
    // the rest of its piece, unless another writer has begun behind it
    if (this.#bytes === slab.bytes && this.#end === slab.used) slab.used = this.#at;
    this.#end = this.#at;
    return this.#sealed;
  }

  /** Everything in one array; the writer is used up. */
  toBytes(): Uint8Array {
    const segments = this.finish();
    if (segments.length === 1) return segments[0]!;
    const whole = new Uint8Array(this.#sealedSize);
    let at = 0;
    for (const segment of segments) {
      whole.set(segment, at);
      at += segment.length;
    }
    return whole;
  }

  #put16(n: number): void {
    const at = this.#room(2);
    const bytes = this.#bytes;
    bytes[at] = n >> 8;
    bytes[at + 1] = n;
  }

  #put32(n: number): void {
    const at = this.#room(4);
    put32(this.#bytes, at, n);
  }

  #seal(): void {
    const size = this.#at - this.#start;
    if (size === 0) return;
    this.#sealed.push(this.#bytes.subarray(this.#start, this.#at));
    this.#sealedSize += size;
    this.#start = this.#at;
  }

  /** Advances by `size` and returns where it begins; `#bytes` may be another array afterwards. */
  #room(size: number): number {
    const at = this.#at;
    if (at + size > this.#end) return this.#grow(size);
    this.#at = at + size;
    return at;
  }

  /** Copies the open segment only: sealed ones keep their array. */
  #grow(size: number): number {
    const open = this.#at - this.#start;
    const bytes = new Uint8Array(Math.max(256, 2 * open, open + size));
    bytes.set(this.#bytes.subarray(this.#start, this.#at));
    this.#bytes = bytes;
    this.#start = 0;
    this.#at = open + size;
    this.#end = bytes.length;
    return open;
  }
}

function put32(bytes: Uint8Array, at: number, n: number): void {
  bytes[at] = n >> 24;
  bytes[at + 1] = n >> 16;
  bytes[at + 2] = n >> 8;
  bytes[at + 3] = n;
}

function stringSize(text: string): number {
  const size = textSize(text);
  if (size > maxStringSize) {
    throw new UsageError(`A string of ${size} bytes does not fit the protocol, the limit is ${maxStringSize}`);
  }
  return size;
}

function outOfRange(type: string, n: unknown): UsageError {
  return new UsageError(`${String(n)} does not fit ${type}`);
}
