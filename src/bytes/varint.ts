/**
 * Sizes and zigzag arithmetic of Kafka's variable-length integers (protocol guide, "VARINT", "VARLONG", "UNSIGNED_VARINT").
 * Everything is number arithmetic; a 64-bit value travels as two 32-bit halves.
 */

/** Bytes of `n` as an unsigned varint; negative numbers are taken modulo 2^32, 1 to 5. */
export function uvarintSize(n: number): number {
  const u = n >>> 0;
  return u < 0x80 ? 1 : u < 0x4000 ? 2 : u < 0x200000 ? 3 : u < 0x10000000 ? 4 : 5;
}

/** Zigzag of a signed 32-bit integer, as an unsigned 32-bit number. */
export function zigzag32(n: number): number {
  return ((n << 1) ^ (n >> 31)) >>> 0;
}

/** Inverse of {@link zigzag32}. */
export function unzigzag32(u: number): number {
  return (u >>> 1) ^ -(u & 1);
}

/** Bytes of the signed 32-bit integer `n` as a zigzag varint, 1 to 5. */
export function varintSize(n: number): number {
  return uvarintSize((n << 1) ^ (n >> 31));
}

/** Bytes of the safe integer `n` as a 64-bit zigzag varint, 1 to 8. */
export function varlongSize(n: number): number {
  // zigzag maps n >= 0 to 2n and n < 0 to -2n - 1; both are below a power of two exactly when this magnitude is below half of it
  const magnitude = n >= 0 ? n : -n - 1;
  if (magnitude < 0x40) return 1;
  if (magnitude < 0x2000) return 2;
  if (magnitude < 0x100000) return 3;
  if (magnitude < 0x8000000) return 4;
  if (magnitude < 0x400000000) return 5;
  if (magnitude < 0x20000000000) return 6;
  if (magnitude < 0x1000000000000) return 7;
  return 8;
}
