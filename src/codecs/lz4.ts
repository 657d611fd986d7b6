import { type Codec, type CodecDone, corrupt } from './codec.js';
import { readLz4Frames } from './lz4-frame.js';
import { type Hop, OptionalPackage } from './optional-package.js';
import { xxh32 } from './xxh32.js';

interface Lz4Package {
  /** Bytes written, 0 when they do not fit. The package names its inputs Buffer. */
  encodeBlock(input: Buffer, output: Buffer, start: number, end: number): number;
  encodeBlockHC(input: Buffer, output: Buffer): number;
}

// typed as any string: the package has no declarations
const packageName: string = 'lz4';

/** Needed for writing only. @internal */
export const lz4Package: OptionalPackage<Lz4Package> = new OptionalPackage('lz4', 'lz4', () => import(packageName));

const blockSize = 64 * 1024;
/** LZ4 does not compress blocks of less than 13 bytes. */
const smallestWorthIt = 13;
/** Magic, version 1 with independent blocks and no checksums, blocks of 64 KiB. */
const frameHeader: readonly number[] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40];

/**
 * LZ4 in frames. Written like the Java client's: independent blocks of 64 KiB without checksums, compressed fast by default
 * and with the high compressor from level 3 on. Read in every variant, always, without a package.
 */
export const lz4: Codec = {
  id: 3,
  name: 'lz4',
  compress,
  decompress: readLz4Frames,
};

function compress(bytes: Uint8Array, level: number | undefined, done: CodecDone, hop: Hop): Uint8Array | null {
  const loaded = lz4Package.module;
  if (loaded) return writeFrame(loaded, bytes, level);
  lz4Package.load(() => {
    hop(() => {
      if (!lz4Package.module) done(lz4Package.missing(), null);
      else done(null, writeFrame(lz4Package.module, bytes, level));
    });
  });
  return null;
}

function writeFrame(loaded: Lz4Package, bytes: Uint8Array, level: number | undefined): Uint8Array {
  const high = level !== undefined && level >= 3;
  const blocks = Math.ceil(bytes.length / blockSize);
  // stored blocks bound the size: a block that does not shrink is stored
  const out = Buffer.allocUnsafe(frameHeader.length + 1 + blocks * 4 + bytes.length + 4);
  out.set(frameHeader);
  out[frameHeader.length] = xxh32(out, 4, frameHeader.length) >>> 8;
  let to = frameHeader.length + 1;
  for (let at = 0; at < bytes.length; at += blockSize) {
    const length = Math.min(blockSize, bytes.length - at);
    const input = Buffer.from(bytes.buffer, bytes.byteOffset + at, length);
    // room for one byte less than the content: what does not fit there is not worth compressing
    const size =
      length < smallestWorthIt
        ? 0
        : high
          ? loaded.encodeBlockHC(input, out.subarray(to + 4, to + 4 + length - 1))
          : loaded.encodeBlock(input, out, to + 4, to + 4 + length - 1);
    if (size < 0 || size >= length) throw corrupt('lz4', 'could not be written');
    if (size === 0) out.set(input, to + 4);
    out.writeUInt32LE(size === 0 ? (length | 0x80000000) >>> 0 : size, to);
    to += 4 + (size === 0 ? length : size);
  }
  out.writeUInt32LE(0, to);
  return out.subarray(0, to + 4);
}
