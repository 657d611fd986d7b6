import { corrupt } from './codec.js';

const largestBlock = 128 * 1024;

/**
 * The most that the zstd frames in `bytes` can decompress to, from their block headers (RFC 8878, 3.1.1): the package has no
 * limit of its own, and a few kilobytes can ask for gigabytes. A content size in the header is not trusted.
 */
export function zstdBound(bytes: Uint8Array): number {
  let bound = 0;
  let at = 0;
  const skip = (length: number): number => {
    if (length > bytes.length - at) throw corrupt('zstd', 'is cut off');
    at += length;
    return at - length;
  };
  do {
    const magic = uint(bytes, skip(4), 4);
    // skippable frames carry nothing
    if (magic >= 0x184d2a50 && magic <= 0x184d2a5f) {
      skip(uint(bytes, skip(4), 4));
      continue;
    }
    if (magic !== 0xfd2fb528) throw corrupt('zstd', 'does not begin like a zstd frame');
    const descriptor = bytes[skip(1)]!;
    const singleSegment = (descriptor & 0x20) !== 0;
    let window = Infinity;
    if (!singleSegment) {
      const code = bytes[skip(1)]!;
      window = 2 ** (10 + (code >>> 3)) * (1 + (code & 7) / 8);
    }
    skip([0, 1, 2, 4][descriptor & 3]!);
    skip([singleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6]!);
    const perBlock = Math.min(largestBlock, window);
    for (let last = false; !last;) {
      const header = uint(bytes, skip(3), 3);
      const type = (header >>> 1) & 3;
      const size = header >>> 3;
      last = (header & 1) === 1;
      if (type === 3) throw corrupt('zstd', 'has a block of an unknown type');
      // raw blocks hold their content, a repeated byte stands for `size` of them, a compressed block yields at most a window
      bound += type === 2 ? perBlock : size;
      skip(type === 1 ? 1 : size);
    }
    if ((descriptor & 4) !== 0) skip(4);
  } while (at < bytes.length);
  return bound;
}

function uint(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}
