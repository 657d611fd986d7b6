interface TextMethods {
  utf8Write(text: string, at: number, length: number): number;
}

/** Below this many bytes a loop is faster than a call into the engine. */
const loopedBytes = 32;
const loopedText = 16;

/** Writes an unsigned 32-bit varint; where it ends. */
export function writeUvarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value >>> 0;
  while (rest > 127) {
    bytes[at++] = rest | 128;
    rest >>>= 7;
  }
  bytes[at] = rest;
  return at + 1;
}

/** Writes the zigzag varint of a safe integer; where it ends. */
export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  if (value === (value | 0)) return writeUvarint(bytes, at, (value << 1) ^ (value >> 31));
  // zigzag is 2n or -2n - 1; 2n may leave 2^53 behind, so its lowest bit goes apart
  const sign = value < 0 ? 1 : 0;
  let rest = value < 0 ? -value - 1 : value;
  bytes[at++] = ((rest % 64) << 1) | sign | 128;
  rest = Math.floor(rest / 64);
  while (rest > 127) {
    bytes[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  bytes[at] = rest;
  return at + 1;
}

/** Copies `length` bytes of `source` from `start`. */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array, start: number, length: number): void {
  if (length <= loopedBytes) {
    for (let i = 0; i < length; i++) target[at + i] = source[start + i]!;
  } else if (start === 0 && length === source.length) target.set(source, at);
  else target.set(new Uint8Array(source.buffer, source.byteOffset + start, length), at);
}

/**
 * Encodes text whose UTF-8 length is believed to be `length`; false when it is another one. Then what was written is void,
 * but lies within the buffer.
 */
export function copyText(target: Buffer, at: number, text: string, length: number): boolean {
  if (length <= loopedText && length === text.length) {
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return false;
      target[at + i] = code;
    }
    return true;
  }
  // With room for the worst case an answer of `length` says that this is all; without it the text may have been cut
  const room = target.length - at;
  if (room < text.length * 3 && Buffer.byteLength(text) !== length) return false;
  return (target as unknown as TextMethods).utf8Write(text, at, room) === length;
}
