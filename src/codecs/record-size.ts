import { type EncodedHeaders } from './lazy-headers.js';

/** Bytes of an unsigned 32-bit varint. */
export function uvarintSize(value: number): number {
  const bits = value >>> 0;
  return bits < 0x80 ? 1 : bits < 0x4000 ? 2 : bits < 0x200000 ? 3 : bits < 0x10000000 ? 4 : 5;
}

/** Bytes of a zigzag varint of a 32-bit number. */
export function varintSize(value: number): number {
  return uvarintSize((value << 1) ^ (value >> 31));
}

/** Bytes of a zigzag varint of a safe integer: timestamp deltas leave 32 bits behind after 24 days. */
export function varlongSize(value: number): number {
  if (value === (value | 0)) return varintSize(value);
  // zigzag as arithmetic: 2n for n >= 0, -2n - 1 below
  let rest = value >= 0 ? value : -value - 1;
  let size = 1;
  // the first byte takes six bits of the magnitude, each further one seven
  for (rest = Math.floor(rest / 64); rest > 0; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Bytes of a record without its length prefix. Lengths are -1 for null. */
export function recordBodySize(
  offsetDelta: number,
  timestampDelta: number,
  keyLength: number,
  valueLength: number,
  headers: EncodedHeaders | null,
): number {
  return (
    1 +
    varlongSize(timestampDelta) +
    varintSize(offsetDelta) +
    varintSize(keyLength) +
    (keyLength > 0 ? keyLength : 0) +
    varintSize(valueLength) +
    (valueLength > 0 ? valueLength : 0) +
    (headers === null ? 1 : varintSize(headers.count) + headers.bytes.length)
  );
}

/** Exact bytes of a record in a batch v2, length prefix included. Lengths are -1 for null. */
export function recordSize(
  offsetDelta: number,
  timestampDelta: number,
  keyLength: number,
  valueLength: number,
  headers: EncodedHeaders | null,
): number {
  const body = recordBodySize(offsetDelta, timestampDelta, keyLength, valueLength, headers);
  return varintSize(body) + body;
}
