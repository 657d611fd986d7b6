import { ProtocolDecodeError } from '../errors/protocol-error.js';
import { type Bytes } from '../model/topic-partition.js';

/** Largest frame that is believed; brokers cap requests at 100 MiB as well. */
export const maxFrameBytes: number = 104857600;
const scratchBytes = 65536;
const prefixBytes = 4;

/**
 * Cuts a byte stream into frames (a 4-byte length, then that many bytes). Small frames arrive in a scratch buffer and are
 * copied out of it; a frame that is bigger than what is there gets a buffer of its own, and the rest is read straight into
 * that. Every frame handed out owns its memory: values decoded from it may be views.
 */
export class FrameReader {
  readonly #onFrame: (frame: Bytes) => void;
  readonly #onDamage: (error: ProtocolDecodeError) => void;
  #scratch: Bytes = new Uint8Array(0);
  /** Unread bytes of the scratch buffer: [#start, #end). */
  #start = 0;
  #end = 0;
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
    return this.#frame === null ? this.#end - this.#start : this.#have + prefixBytes;
  }

  /** Where the next bytes belong; never empty. */
  next(): Bytes {
    if (this.#frame !== null) return this.#frame.subarray(this.#have);
    if (this.#scratch.length === 0) this.#scratch = allocate(scratchBytes);
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    } else if (this.#end === this.#scratch.length) {
      this.#scratch.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    return this.#scratch.subarray(this.#end);
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
      return;
    }
    this.#end += length;
    this.#cut();
  }

  /** The same for bytes that arrived in memory of their own. */
  push(bytes: Bytes): void {
    for (let at = 0; at < bytes.length && !this.#stopped;) {
      const room = this.next();
      const part = Math.min(room.length, bytes.length - at);
      room.set(bytes.subarray(at, at + part));
      at += part;
      this.filled(part);
    }
  }

  /** Nothing more is handed out. */
  stop(): void {
    this.#stopped = true;
    this.#frame = null;
  }

  #cut(): void {
    while (!this.#stopped && this.#end - this.#start >= prefixBytes) {
      const size = this.#size();
      if (size < 0 || size > maxFrameBytes) {
        this.stop();
        this.#onDamage(
          new ProtocolDecodeError(
            `A frame claims ${size} bytes, the limit is ${maxFrameBytes}, this is not a Kafka answer`,
          ),
        );
        return;
      }
      const from = this.#start + prefixBytes;
      const frame = allocate(size);
      if (this.#end - from < size) {
        frame.set(this.#scratch.subarray(from, this.#end));
        this.#have = this.#end - from;
        this.#frame = frame;
        this.#start = this.#end;
        return;
      }
      frame.set(this.#scratch.subarray(from, from + size));
      this.#start = from + size;
      this.#onFrame(frame);
    }
  }

  #size(): number {
    const at = this.#start;
    const bytes = this.#scratch;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
}

/** Memory that is about to be overwritten needs no zeroes. */
function allocate(size: number): Bytes {
  return size < 4096 ? new Uint8Array(size) : new Uint8Array(Buffer.allocUnsafeSlow(size).buffer, 0, size);
}
