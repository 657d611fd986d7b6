const m = 0x5bd1e995;

/**
 * MurmurHash2 of `bytes[start, end)` with the seed of Kafka's default partitioner, as Java's signed 32-bit number
 * (`org.apache.kafka.common.utils.Utils.murmur2`).
 *
 * Own code, checked by its spec against the package `murmurhash` and against Java: the package gives the same result,
 * but takes whole arrays only (a key lies in a scratch array or a batch, and a view costs as much as the hash) and
 * multiplies in floating point.
 */
export function murmur2(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  const length = end - start;
  let hash = 0x9747b28c ^ length;
  let at = start;
  const last = start + (length & ~3);
  for (; at < last; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    word = Math.imul(word, m);
    word ^= word >>> 24;
    hash = Math.imul(hash, m) ^ Math.imul(word, m);
  }
  const rest = end - at;
  if (rest > 0) {
    if (rest === 3) hash ^= bytes[at + 2]! << 16;
    if (rest >= 2) hash ^= bytes[at + 1]! << 8;
    hash = Math.imul(hash ^ bytes[at]!, m);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, m);
  return hash ^ (hash >>> 15);
}

/** Clears the sign bit, as Kafka's `Utils.toPositive` does (not the absolute value). */
export function toPositive(hash: number): number {
  return hash & 0x7fffffff;
}
