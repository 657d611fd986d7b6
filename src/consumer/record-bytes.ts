/**
 * The decompressed records of one batch, shared by the records read from it. Keeps the `ArrayBuffer` beside the bytes: asking a
 * typed array for its buffer is a call into the engine that costs as much as the view itself.
 */
export class RecordBytes {
  readonly bytes: Uint8Array;
  readonly #buffer: ArrayBufferLike;
  readonly #base: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#buffer = bytes.buffer;
    this.#base = bytes.byteOffset;
  }

  /** A third cheaper than `subarray`, which asks for the species constructor. */
  view(start: number, length: number): Uint8Array | null {
    return length < 0 ? null : new Uint8Array(this.#buffer, this.#base + start, length);
  }
}

/** The zigzag varint at `at`, which the cursor has checked. */
export function numberAt(bytes: Uint8Array, at: number): number {
  let raw = bytes[at]!;
  if (raw > 127) {
    raw &= 127;
    let byte: number;
    let shift = 7;
    do {
      byte = bytes[++at]!;
      raw |= (byte & 127) << shift;
      shift += 7;
    } while (byte > 127);
  }
  return (raw >>> 1) ^ -(raw & 1);
}

/** Behind the varint at `at`. */
export function behindNumber(bytes: Uint8Array, at: number): number {
  while (bytes[at]! > 127) at++;
  return at + 1;
}

/** Behind the length at `at` and the bytes it announces; null has none. */
export function behindPart(bytes: Uint8Array, at: number): number {
  const length = numberAt(bytes, at);
  return behindNumber(bytes, at) + (length < 0 ? 0 : length);
}
