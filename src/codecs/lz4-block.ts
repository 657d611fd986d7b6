import { corrupt } from './codec.js';

/**
 * Decompresses the LZ4 block `bytes[start, end)` into `out` from `outStart`, up to `outEnd`; returns where it stopped.
 * Matches may reach back to `historyStart` (linked blocks share a window). Every length is checked before it is used
 * (LZ4 block format description).
 */
export function lz4Block(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  outStart: number,
  outEnd: number,
  historyStart: number,
): number {
  let at = start;
  let to = outStart;
  for (;;) {
    if (at >= end) throw truncated();
    const token = bytes[at++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255) {
        if (at >= end) throw truncated();
        more = bytes[at++]!;
        literals += more;
      }
    }
    if (literals > end - at || literals > outEnd - to) throw truncated();
    if (literals > 48) {
      out.set(new Uint8Array(bytes.buffer, bytes.byteOffset + at, literals), to);
      at += literals;
      to += literals;
    } else for (const stop = at + literals; at < stop;) out[to++] = bytes[at++]!;
    // the last sequence of a block has no match
    if (at === end) return to;

    if (end - at < 2) throw truncated();
    const distance = bytes[at]! | (bytes[at + 1]! << 8);
    at += 2;
    let match = (token & 15) + 4;
    if (match === 19) {
      let more = 255;
      while (more === 255) {
        if (at >= end) throw truncated();
        more = bytes[at++]!;
        match += more;
      }
    }
    if (distance === 0 || distance > to - historyStart) throw corrupt('lz4', 'refers to content before its start');
    if (match > outEnd - to) throw truncated();
    // source and target may overlap: a short distance repeats
    for (let from = to - distance, stop = to + match; to < stop;) out[to++] = out[from++]!;
  }
}

function truncated(): Error {
  return corrupt('lz4', 'has a block that is cut off or too long');
}
