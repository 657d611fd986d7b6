type NativeCrc32c = (bytes: Uint8Array, initialState?: number) => number;

/** Below this many bytes crossing into native code costs more than it saves. */
const nativeFrom = 256;
/** Below this many bytes the word view costs more than it saves. */
const wordsFrom = 64;
const littleEndian = new Uint8Array(new Int32Array([1]).buffer)[0] === 1;

let tables: Int32Array | null = null;
let native: NativeCrc32c | null = null;

/**
 * Hands over a native CRC-32C, or takes it away with null. Code to the right of this folder does that once its optional
 * package is there: nothing here loads packages, and the result is the same either way.
 * @internal
 */
export function installNativeCrc32c(implementation: NativeCrc32c | null): void {
  native = implementation;
}

/**
 * CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected) of `bytes[start, end)` as an unsigned 32-bit number: the checksum
 * of record batches v2 (KIP-98). `seed` is the CRC of what came before.
 */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 0): number {
  if (native !== null && end - start >= nativeFrom) {
    const part =
      start === 0 && end === bytes.length ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
    return native(part, seed) >>> 0;
  }
  return crc32cPortable(bytes, start, end, seed);
}

/** The same in JavaScript: sixteen bytes per step over a 32-bit view of the memory. */
export function crc32cPortable(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 0): number {
  const table = (tables ??= buildTables());
  let crc = ~seed;
  let at = start;
  if (littleEndian && end - start >= wordsFrom) {
    const base = bytes.byteOffset;
    // the view can only start on a multiple of four, wherever the batch lies in its frame
    for (; ((base + at) & 3) !== 0; at++) crc = table[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
    const words = new Int32Array(bytes.buffer, base + at, (end - at) >> 2);
    const last = words.length & ~3;
    for (let i = 0; i < last; i += 4) {
      const b = words[i + 1]!;
      const c = words[i + 2]!;
      const d = words[i + 3]!;
      // what does not depend on the step before goes first, in a tree: the processor works on several loads at once
      const rest =
        table[2816 + (b & 255)]! ^
        table[2560 + ((b >>> 8) & 255)]! ^
        (table[2304 + ((b >>> 16) & 255)]! ^ table[2048 + (b >>> 24)]!) ^
        (table[1792 + (c & 255)]! ^
          table[1536 + ((c >>> 8) & 255)]! ^
          (table[1280 + ((c >>> 16) & 255)]! ^ table[1024 + (c >>> 24)]!)) ^
        (table[768 + (d & 255)]! ^
          table[512 + ((d >>> 8) & 255)]! ^
          (table[256 + ((d >>> 16) & 255)]! ^ table[d >>> 24]!));
      const a = words[i]! ^ crc;
      crc =
        rest ^
        (table[3840 + (a & 255)]! ^
          table[3584 + ((a >>> 8) & 255)]! ^
          (table[3328 + ((a >>> 16) & 255)]! ^ table[3072 + (a >>> 24)]!));
    }
    at += last << 2;
  }
  for (; at < end; at++) crc = table[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Sixteen tables of 256: table k advances a byte over k more zero bytes. */
function buildTables(): Int32Array {
  const table = new Int32Array(16 * 256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = (c & 1) === 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
    table[n] = c;
  }
  for (let i = 256; i < table.length; i++) {
    const previous = table[i - 256]!;
    table[i] = (previous >>> 8) ^ table[previous & 255]!;
  }
  return table;
}
