import { corrupt, oversized } from './codec.js';
import { lz4Block } from './lz4-block.js';
import { xxh32 } from './xxh32.js';

const frameMagic = 0x184d2204;
const flag = {
  contentSize: 0x08,
  contentChecksum: 0x04,
  blockChecksum: 0x10,
  independent: 0x20,
  dictionary: 0x01,
} as const;

/**
 * Reads LZ4 frames (LZ4 frame format 1.6.x) in all variants: linked and independent blocks, block and content checksums
 * (verified), content size, several frames and skippable frames in a row. Dictionaries are refused: Kafka has none.
 */
export function readLz4Frames(bytes: Uint8Array, limit: number): Uint8Array {
  const reader = new FrameReader(bytes, limit);
  return reader.read();
}

class FrameReader {
  readonly #bytes: Uint8Array;
  readonly #limit: number;
  #at = 0;
  #out: Uint8Array;
  #size = 0;

  constructor(bytes: Uint8Array, limit: number) {
    this.#bytes = bytes;
    this.#limit = limit;
    this.#out = new Uint8Array(Math.min(limit, Math.max(bytes.length * 4, 1024)));
  }

  read(): Uint8Array {
    do {
      const magic = this.#uint32();
      if (magic === frameMagic) this.#frame();
      else if (magic >>> 4 === 0x184d2a5) this.#skip(this.#uint32());
      else throw corrupt('lz4', 'does not begin like an LZ4 frame');
    } while (this.#at < this.#bytes.length);
    return this.#out.subarray(0, this.#size);
  }

  #frame(): void {
    const bytes = this.#bytes;
    const descriptor = this.#at;
    this.#skip(2);
    const flags = bytes[descriptor]!;
    const sizeCode = (bytes[descriptor + 1]! >>> 4) & 7;
    if (flags >>> 6 !== 1 || sizeCode < 4) throw corrupt('lz4', 'has an unknown frame version or block size');
    if ((flags & flag.dictionary) !== 0) throw corrupt('lz4', 'needs a dictionary');
    let contentSize = -1;
    if ((flags & flag.contentSize) !== 0) {
      contentSize = this.#uint32() + this.#uint32() * 0x1_0000_0000;
      if (this.#size + contentSize > this.#limit) throw oversized('lz4', this.#limit);
    }
    const check = (xxh32(bytes, descriptor, this.#at) >>> 8) & 255;
    this.#skip(1);
    // Java before Kafka 0.10 hashed the magic as well; such batches do not exist in format v2
    if (bytes[this.#at - 1] !== check) throw corrupt('lz4', 'has a damaged frame header');

    const frameStart = this.#size;
    const blockSize = 1 << (8 + 2 * sizeCode);
    for (let word = this.#uint32(); word !== 0; word = this.#uint32()) this.#block(word, blockSize, flags, frameStart);
    if (contentSize >= 0 && this.#size - frameStart !== contentSize) throw corrupt('lz4', 'has another content size');
    if ((flags & flag.contentChecksum) !== 0 && this.#uint32() !== xxh32(this.#out, frameStart, this.#size)) {
      throw corrupt('lz4', 'fails its content checksum');
    }
  }

  #block(word: number, blockSize: number, flags: number, frameStart: number): void {
    const length = word & 0x7fffffff;
    const start = this.#at;
    if (length > blockSize) throw corrupt('lz4', `has a block of ${length} bytes, its frame allows ${blockSize}`);
    this.#skip(length);
    if ((flags & flag.blockChecksum) !== 0 && this.#uint32() !== xxh32(this.#bytes, start, start + length)) {
      throw corrupt('lz4', 'fails a block checksum');
    }
    if (word >>> 31 === 1) {
      this.#reserve(length);
      this.#out.set(this.#bytes.subarray(start, start + length), this.#size);
      this.#size += length;
      return;
    }
    // a byte of LZ4 yields 255 at most, so hostile input cannot ask for memory it does not pay for
    this.#reserve(Math.min(blockSize, length * 255));
    const outStart = this.#size;
    const outEnd = Math.min(outStart + blockSize, this.#out.length);
    const history = (flags & flag.independent) !== 0 ? outStart : Math.max(frameStart, outStart - 65536);
    this.#size = lz4Block(this.#bytes, start, start + length, this.#out, outStart, outEnd, history);
    if (this.#size > this.#limit) throw oversized('lz4', this.#limit);
  }

  /** Makes room for a block behind what is there: at most twice the content, plus one block. */
  #reserve(length: number): void {
    const needed = this.#size + length;
    if (needed <= this.#out.length) return;
    // a block may be announced larger than it turns out: only what is there already counts against the limit
    if (this.#size > this.#limit) throw oversized('lz4', this.#limit);
    const grown = new Uint8Array(Math.max(needed, Math.min(this.#out.length * 2, this.#limit)));
    grown.set(this.#out.subarray(0, this.#size));
    this.#out = grown;
  }

  #uint32(): number {
    const at = this.#at;
    this.#skip(4);
    const bytes = this.#bytes;
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.#at) throw corrupt('lz4', 'is cut off');
    this.#at += length;
  }
}
