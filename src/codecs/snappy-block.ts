import { corrupt, oversized } from './codec.js';

/** Length of the content that a raw snappy block announces; the limit guards memory, so does what its bytes can yield. */
export function snappyLength(bytes: Uint8Array, start: number, end: number, limit: number): number {
  let length = 0;
  let at = start;
  let scale = 1;
  for (;;) {
    if (at >= end || at - start > 4) throw corrupt('snappy', 'has no content length');
    const byte = bytes[at++]!;
    length += (byte & 127) * scale;
    if (byte < 128) break;
    scale *= 128;
  }
  if (length > limit) throw oversized('snappy', limit);
  // the densest element is a copy: 64 bytes out of 3
  if (length > (end - at) * 22) throw corrupt('snappy', `claims ${length} bytes of content in ${end - at}`);
  return length;
}

/**
 * Decompresses the raw snappy block `bytes[start, end)` into `out` at `outStart`, where `length` bytes (from
 * `snappyLength`) must be free; exactly that many are written (snappy format description, 2011).
 */
export function snappyBlock(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  outStart: number,
  length: number,
): void {
  let at = start;
  while (bytes[at]! > 127) at++;
  at++;
  let to = outStart;
  const outEnd = outStart + length;
  while (at < end) {
    const tag = bytes[at++]!;
    let size: number;
    let distance: number;
    switch (tag & 3) {
      case 0: {
        size = (tag >>> 2) + 1;
        if (size > 60) {
          const extra = size - 60;
          if (extra > end - at) throw truncated();
          size = bytes[at]!;
          if (extra > 1) size |= bytes[at + 1]! << 8;
          if (extra > 2) size |= bytes[at + 2]! << 16;
          if (extra > 3) size += bytes[at + 3]! * 0x1000000;
          size++;
          at += extra;
        }
        if (size > end - at || size > outEnd - to) throw truncated();
        if (size > 64) {
          out.set(new Uint8Array(bytes.buffer, bytes.byteOffset + at, size), to);
          at += size;
          to += size;
        } else for (const stop = at + size; at < stop;) out[to++] = bytes[at++]!;
        continue;
      }
      case 1:
        size = ((tag >>> 2) & 7) + 4;
        distance = ((tag >>> 5) << 8) | bytes[at]!;
        at += 1;
        break;
      case 2:
        size = (tag >>> 2) + 1;
        distance = bytes[at]! | (bytes[at + 1]! << 8);
        at += 2;
        break;
      default:
        size = (tag >>> 2) + 1;
        distance = (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) + bytes[at + 3]! * 0x1000000;
        at += 4;
    }
    if (at > end || size > outEnd - to) throw truncated();
    if (!(distance > 0 && distance <= to - outStart)) throw corrupt('snappy', 'refers to content before its start');
    // source and target may overlap: a short distance repeats
    for (let from = to - distance, stop = to + size; to < stop;) out[to++] = out[from++]!;
  }
  if (to !== outEnd) throw truncated();
}

function truncated(): Error {
  return corrupt('snappy', 'does not fill the length it claims');
}
