/** Largest request a broker reads (socket.request.max.bytes). @internal */
export const maxRequestBytes: number = 104857600;

/** Cuts what a client sends into frames, a length of four bytes before each; every frame owns its memory. @internal */
export class FrameCutter {
  readonly #onFrame: (frame: Uint8Array) => void;
  readonly #onDamage: () => void;
  #chunks: Uint8Array[] = [];
  #have = 0;
  /** Size of the frame that has begun, -1 before its length is known. */
  #wanted = -1;
  #stopped = false;

  constructor(onFrame: (frame: Uint8Array) => void, onDamage: () => void) {
    this.#onFrame = onFrame;
    this.#onDamage = onDamage;
  }

  push(bytes: Uint8Array): void {
    if (this.#stopped || bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#have += bytes.length;
    for (;;) {
      if (this.#wanted < 0) {
        if (this.#have < 4) return;
        const prefix = this.#take(4);
        this.#wanted = (prefix[0]! << 24) | (prefix[1]! << 16) | (prefix[2]! << 8) | prefix[3]!;
        if (this.#wanted < 0 || this.#wanted > maxRequestBytes) {
          this.stop();
          this.#onDamage();
          return;
        }
      }
      if (this.#have < this.#wanted) return;
      const frame = this.#take(this.#wanted);
      this.#wanted = -1;
      this.#onFrame(frame);
      if (this.#hasStopped()) return;
    }
  }

  /** Nothing more is cut. */
  stop(): void {
    this.#stopped = true;
    this.#chunks = [];
    this.#have = 0;
  }

  #hasStopped(): boolean {
    return this.#stopped;
  }

  #take(size: number): Uint8Array {
    const taken = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      const first = this.#chunks[0]!;
      const part = Math.min(first.length, size - at);
      taken.set(part === first.length ? first : first.subarray(0, part), at);
      if (part === first.length) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(part);
      at += part;
    }
    this.#have -= size;
    return taken;
  }
}
