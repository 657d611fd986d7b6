/**
 * Memory for many short pieces, where an array of its own for each would cost more than what is put into it. A piece is given out
 * once; its slab lives as long as somebody has a piece of it.
 */
export class Slab {
  bytes: Uint8Array<ArrayBuffer>;
  /** The memory of `bytes`: asking a typed array for it is a call into the engine. */
  buffer: ArrayBuffer;
  /** Up to here it is given out. */
  used = 0;
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
    this.buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(this.buffer);
  }

  /** Where the piece begins in `bytes`, which may be another array afterwards. */
  take(size: number): number {
    if (this.used + size > this.bytes.length) {
      this.buffer = new ArrayBuffer(Math.max(this.#size, size));
      this.bytes = new Uint8Array(this.buffer);
      this.used = 0;
    }
    const at = this.used;
    this.used += size;
    return at;
  }
}
