/** UTF-8 in and out of byte arrays. Invalid input becomes U+FFFD in both directions, a byte order mark is kept. */

type Slice = (this: Uint8Array, start: number, end: number) => string;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

// Node's own slice makes no view object and is several times faster than TextDecoder on short strings
const nodeSlice: Slice | undefined = (globalThis as { Buffer?: { readonly prototype: { readonly utf8Slice?: Slice } } })
  .Buffer?.prototype.utf8Slice;

/** The text of `bytes[start, end)`; the caller has checked the bounds. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  if (start >= end) return '';
  return nodeSlice === undefined ? decoder.decode(bytes.subarray(start, end)) : nodeSlice.call(bytes, start, end);
}

/** Bytes that `text` takes in UTF-8; a lone surrogate counts three, as U+FFFD does. */
export function textSize(text: string): number {
  let size = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    if (code < 0x800) {
      size += 1;
    } else {
      size += 2;
      // a pair is two units and four bytes
      if (code >= 0xd800 && code < 0xdc00 && i + 1 < text.length && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00)
        i += 1;
    }
  }
  return size;
}

/** Writes `text` at `at`; `size` is its {@link textSize}, for which the caller has made room. */
export function encodeText(text: string, size: number, target: Uint8Array, at: number): void {
  if (size === text.length && size <= 48) {
    for (let i = 0; i < size; i++) target[at + i] = text.charCodeAt(i);
  } else {
    encoder.encodeInto(text, target.subarray(at, at + size));
  }
}
