/** Largest request a broker reads (socket.request.max.bytes). @internal */
export const maxRequestBytes: number = 104857600;

const prefixBytes = 4;

/** Cuts what a client sends into frames, a length of four bytes before each; every frame owns its memory. @internal */
export class FrameCutter {
  readonly #onFrame: (frame: Uint8Array) => void;
  readonly #onDamage: () => void;
  /** The length that is being read, and how many of its bytes are there; four of them push out what was before. */
  #size = 0;
  #prefixed = 0;
  /** The frame that has begun, and how much of it is there. */
  #frame: Uint8Array | null = null;
  #have = 0;
  #stopped = false;

  constructor(onFrame: (frame: Uint8Array) => void, onDamage: () => void) {
    this.#onFrame = onFrame;
    this.#onDamage = onDamage;
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.#stopped;) {
      if (this.#frame === null) {
        at = this.#readSize(bytes, at);
        if (this.#prefixed < prefixBytes || !this.#begin()) return;
      }
      at = this.#fill(bytes, at);
    }
  }

  /** Nothing more is cut. */
  stop(): void {
    this.#stopped = true;
    this.#frame = null;
  }

  #readSize(bytes: Uint8Array, start: number): number {
    let at = start;
    for (; at < bytes.length && this.#prefixed < prefixBytes; at++) {
      this.#size = (this.#size << 8) | bytes[at]!;
      this.#prefixed++;
    }
    return at;
  }

  /** False when it cannot be a frame. */
  #begin(): boolean {
    const size = this.#size;
    this.#prefixed = 0;
    if (size < 0 || size > maxRequestBytes) {
      this.stop();
      this.#onDamage();
      return false;
    }
    this.#frame = new Uint8Array(size);
    this.#have = 0;
    return true;
  }

  #fill(bytes: Uint8Array, start: number): number {
    const frame = this.#frame!;
    const part = Math.min(frame.length - this.#have, bytes.length - start);
    frame.set(bytes.subarray(start, start + part), this.#have);
    this.#have += part;
    if (this.#have === frame.length) {
      this.#frame = null;
      this.#onFrame(frame);
    }
    return start + part;
  }
}
