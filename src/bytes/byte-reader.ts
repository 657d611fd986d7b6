import { ProtocolDecodeError } from '../errors/protocol-error.js';
import { decodeText } from './text.js';
import { readUuid } from './uuid.js';
import { unzigzag32 } from './varint.js';

const scratch: Uint8Array<ArrayBuffer> = new Uint8Array(8);
const scratchView: DataView = new DataView(scratch.buffer);

/**
 * Reads Kafka primitives (protocol guide, "Protocol primitive types"), big-endian, from `bytes[offset, end)`.
 * Byte strings are views: they keep the array alive and change with it. Whatever the bytes are, a read returns a value
 * or throws ProtocolDecodeError, and allocates no more than the bytes that are left can fill.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#end = Math.min(end, bytes.length);
    this.#at = offset;
  }

  /** Index of the next byte in the array. */
  get position(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  int8(): number {
    return (this.#bytes[this.#take(1)]! << 24) >> 24;
  }

  bool(): boolean {
    return this.#bytes[this.#take(1)] !== 0;
  }

  int16(): number {
    const at = this.#take(2);
    const bytes = this.#bytes;
    return (((bytes[at]! << 8) | bytes[at + 1]!) << 16) >> 16;
  }

  uint16(): number {
    const at = this.#take(2);
    const bytes = this.#bytes;
    return (bytes[at]! << 8) | bytes[at + 1]!;
  }

  int32(): number {
    const at = this.#take(4);
    const bytes = this.#bytes;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  /** A 64-bit integer, which must be a safe integer. */
  int64(): number {
    const at = this.#take(8);
    const bytes = this.#bytes;
    const high = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const low = ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0;
    return safe(high, low);
  }

  float64(): number {
    const at = this.#take(8);
    for (let i = 0; i < 8; i++) scratch[i] = this.#bytes[at + i]!;
    return scratchView.getFloat64(0);
  }

  /** Unsigned 32-bit varint of at most five bytes. */
  uvarint(): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= end) throw truncated(1, 0);
      const byte = bytes[at++]!;
      if (shift === 28 && byte > 0x0f) throw new ProtocolDecodeError('A varint is longer than 32 bits');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    this.#at = at;
    return value >>> 0;
  }

  /** Signed 32-bit zigzag varint. */
  varint(): number {
    return unzigzag32(this.uvarint());
  }

  /** Signed 64-bit zigzag varint, which must be a safe integer. */
  varlong(): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw truncated(1, 0);
      const byte = bytes[at++]!;
      if (shift === 63 && byte > 1) throw new ProtocolDecodeError('A varlong is longer than 64 bits');
      const bits = byte & 0x7f;
      if (shift < 28) {
        low |= bits << shift;
      } else if (shift === 28) {
        low |= bits << 28;
        high |= bits >> 4;
      } else {
        high |= bits << (shift - 32);
      }
      if (byte < 0x80) break;
    }
    this.#at = at;
    const sign = -(low & 1);
    return safe((high >>> 1) ^ sign, (((low >>> 1) | (high << 31)) ^ sign) >>> 0);
  }

  string(): string {
    return this.#text(present(this.int16()));
  }

  nullableString(): string | null {
    const size = this.int16();
    return size === -1 ? null : this.#text(size);
  }

  compactString(): string {
    return this.#text(present(this.uvarint() - 1));
  }

  compactNullableString(): string | null {
    const size = this.uvarint() - 1;
    return size === -1 ? null : this.#text(size);
  }

  bytes(): Uint8Array {
    return this.raw(present(this.int32()));
  }

  nullableBytes(): Uint8Array | null {
    const size = this.int32();
    return size === -1 ? null : this.raw(size);
  }

  compactBytes(): Uint8Array {
    return this.raw(present(this.uvarint() - 1));
  }

  compactNullableBytes(): Uint8Array | null {
    const size = this.uvarint() - 1;
    return size === -1 ? null : this.raw(size);
  }

  /** Length of an array, -1 for null, checked against what is left when an element takes at least `elementSize` bytes. */
  arrayLength(elementSize = 1): number {
    return this.#arrayLength(this.int32(), elementSize);
  }

  /** The same in a flexible version. */
  compactArrayLength(elementSize = 1): number {
    return this.#arrayLength(this.uvarint() - 1, elementSize);
  }

  /** 16 bytes as 22 base64url characters. */
  uuid(): string {
    const at = this.#take(16);
    return readUuid(this.#bytes, at);
  }

  /** A view of the next `size` bytes. */
  raw(size: number): Uint8Array {
    const at = this.#take(size);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, size);
  }

  skip(size: number): void {
    this.#take(size);
  }

  /** Passes over a section of tagged fields nobody asked for. */
  skipTags(): void {
    for (let count = this.uvarint(); count > 0; count--) {
      this.uvarint();
      this.skip(this.uvarint());
    }
  }

  #text(size: number): string {
    const at = this.#take(size);
    return decodeText(this.#bytes, at, at + size);
  }

  #arrayLength(length: number, elementSize: number): number {
    if (length < -1) throw negative(length);
    if (length * elementSize > this.remaining) {
      throw new ProtocolDecodeError(
        `An array of ${length} elements does not fit the ${this.remaining} bytes that are left`,
      );
    }
    return length;
  }

  #take(size: number): number {
    const at = this.#at;
    if (size < 0) throw negative(size);
    if (size > this.#end - at) throw truncated(size, this.#end - at);
    this.#at = at + size;
    return at;
  }
}

function safe(high: number, low: number): number {
  const value = high * 0x100000000 + low;
  if (!Number.isSafeInteger(value)) throw new ProtocolDecodeError('A 64-bit integer is beyond 2^53 - 1');
  return value;
}

function present(size: number): number {
  if (size === -1) throw new ProtocolDecodeError('Null where the protocol has a value');
  return size;
}

function negative(size: number): ProtocolDecodeError {
  return new ProtocolDecodeError(`Negative length ${size}`);
}

function truncated(wanted: number, left: number): ProtocolDecodeError {
  return new ProtocolDecodeError(`Truncated: ${wanted} bytes wanted, ${left} left`);
}
