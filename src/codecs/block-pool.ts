const smallestBlock = 16 * 1024;
/** 16 KiB << 6 = 1 MiB; larger blocks go back to the garbage collector. */
const pooledSizes = 7;

/** Memory for batches in blocks of 16 KiB to 1 MiB, by powers of two; keeps at most `maxBytes` of unused ones. */
export class BlockPool {
  readonly #free: Buffer[][] = Array.from({ length: pooledSizes }, () => []);
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of unused blocks. */
  get pooledBytes(): number {
    return this.#bytes;
  }

  /** A block for a new batch that may grow to `limit`: a used one as large as possible, else the smallest. */
  first(limit: number): Buffer {
    for (let index = Math.min(sizeIndex(limit), pooledSizes - 1); index >= 0; index--) {
      const found = this.#pop(index);
      if (found !== null) return found;
    }
    return Buffer.allocUnsafeSlow(smallestBlock);
  }

  /** A block of at least `size` bytes. */
  take(size: number): Buffer {
    const index = sizeIndex(size);
    return this.#pop(index) ?? Buffer.allocUnsafeSlow(blockSize(index));
  }

  /** Takes a block back; one too many, or of a size of its own, is left to the garbage collector. */
  give(block: Buffer): void {
    const index = sizeIndex(block.length);
    if (index >= pooledSizes || blockSize(index) !== block.length || this.#bytes + block.length > this.#maxBytes)
      return;
    this.#free[index]!.push(block);
    this.#bytes += block.length;
  }

  #pop(index: number): Buffer | null {
    const found = this.#free[index]?.pop();
    if (found === undefined) return null;
    this.#bytes -= found.length;
    return found;
  }
}

/** Which power of two, from the smallest block, holds `size`. */
function sizeIndex(size: number): number {
  return size <= smallestBlock ? 0 : 32 - Math.clz32(Math.ceil(size / smallestBlock) - 1);
}

function blockSize(index: number): number {
  return smallestBlock * 2 ** index;
}
