import { Slab } from '../bytes/slab.js';
import { ProtocolDecodeError } from '../errors/protocol-error.js';
import { type Bytes } from '../model/topic-partition.js';

/** Largest frame that is believed; brokers cap requests at 100 MiB as well. */
export const maxFrameBytes: number = 104857600;
const scratchBytes = 65536;
const prefixBytes = 4;

/**
 * Where all readers let bytes arrive: they are cut out of it before the next read, in which ever connection that is. One for
 * each connection would be memory that V8 counts, and collects garbage for, as connections come and go.
 */
let shared: Bytes | null = null;

/** Frames below this size, as nearly all answers but those with records are, lie side by side in slabs. */
const slabBelow = 512;
/** Who keeps a record that came in so small a frame keeps a slab, hence a small one. */
const slab: Slab = new Slab(4096);

/**
 * Cuts a byte stream into frames (a 4-byte length, then that many bytes). Small frames arrive in a scratch buffer and are
 * copied out of it; a frame that is bigger than what is there gets a buffer of its own, and the rest is read straight into
 * that. Every frame handed out owns its memory: values decoded from it may be views.
 */
export class FrameReader {
  readonly #onFrame: (frame: Bytes) => void;
  readonly #onDamage: (error: ProtocolDecodeError) => void;
  /** A length of which only the beginning is there. */
  readonly #prefix: Bytes = new Uint8Array(prefixBytes);
  #prefixed = 0;
  /** The frame that is read directly, and how much of it is there. */
  #frame: Bytes | null = null;
  #have = 0;
  #stopped = false;

  constructor(onFrame: (frame: Bytes) => void, onDamage: (error: ProtocolDecodeError) => void) {
    this.#onFrame = onFrame;
    this.#onDamage = onDamage;
  }

  /** Bytes of a frame that has begun and not ended. */
  get partial(): number {
    return this.#frame === null ? this.#prefixed : this.#have + prefixBytes;
  }

  /** Where the next bytes belong, until `filled`; never empty, and the same when asked twice. */
  next(): Bytes {
    if (this.#frame !== null) return this.#frame.subarray(this.#have);
    if (this.#prefixed > 0) return this.#prefix.subarray(this.#prefixed);
    return (shared ??= allocate(scratchBytes));
  }

  /** So many bytes were put where `next` pointed. */
  filled(length: number): void {
    if (this.#stopped) return;
    if (this.#frame !== null) {
      this.#have += length;
      if (this.#have < this.#frame.length) return;
      const frame = this.#frame;
      this.#frame = null;
      this.#onFrame(frame);
    } else if (this.#prefixed > 0) {
      this.#prefixed += length;
      if (this.#prefixed < prefixBytes) return;
      this.#prefixed = 0;
      this.#cut(this.#prefix, 0, prefixBytes);
    } else if (shared !== null) {
      this.#cut(shared, 0, length);
    }
  }

  /** The same for bytes that arrived in memory of their own. */
  push(bytes: Bytes): void {
    let at = 0;
    while (at < bytes.length && !this.#stopped && this.partial > 0) {
      const room = this.next();
      const part = Math.min(room.length, bytes.length - at);
      room.set(bytes.subarray(at, at + part));
      at += part;
      this.filled(part);
    }
    if (at < bytes.length && !this.#stopped) this.#cut(bytes, at, bytes.length);
  }

  /** Nothing more is handed out. */
  stop(): void {
    this.#stopped = true;
    this.#frame = null;
  }

  /** Takes the frames out of `[start, end)`. */
  #cut(bytes: Bytes, start: number, end: number): void {
    let at = start;
    while (end - at >= prefixBytes) {
      const size = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
      if (size < 0 || size > maxFrameBytes) {
        this.stop();
        this.#onDamage(
          new ProtocolDecodeError(
            `A frame claims ${size} bytes, the limit is ${maxFrameBytes}, this is not a Kafka answer`,
          ),
        );
        return;
      }
      const from = at + prefixBytes;
      const frame = allocate(size);
      if (end - from < size) {
        frame.set(bytes.subarray(from, end));
        this.#have = end - from;
        this.#frame = frame;
        return;
      }
      frame.set(bytes.subarray(from, from + size));
      at = from + size;
      this.#onFrame(frame);
      if (this.#stopped) return;
    }
    this.#prefix.set(bytes.subarray(at, end));
    this.#prefixed = end - at;
  }
}

/** Memory that is about to be overwritten needs no zeroes. */
function allocate(size: number): Bytes {
  if (size < slabBelow) {
    const at = slab.take(size);
    return new Uint8Array(slab.buffer, at, size);
  }
  return size < 4096 ? new Uint8Array(size) : new Uint8Array(Buffer.allocUnsafeSlow(size).buffer, 0, size);
}
