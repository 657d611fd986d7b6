import { readInt32, writeInt32 } from './batch-format.js';
import { type Codec, type CodecDone, corrupt, oversized } from './codec.js';
import { type Hop, OptionalPackage } from './optional-package.js';
import { snappyBlock, snappyLength } from './snappy-block.js';

interface SnappyPackage {
  compressSync(input: Uint8Array): Uint8Array;
}

/** Needed for writing only. @internal */
export const snappyPackage: OptionalPackage<SnappyPackage> = new OptionalPackage(
  'snappy',
  'snappy',
  () => import('snappy'),
);

/** How snappy-java's stream begins, which every Java client writes: magic, version 1, compatible from version 1. */
const xerialMagic: readonly number[] = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0];
const xerialHeader = 16;
/** Content per block; the size that Java's stream uses, so that old readers find what they expect. */
const xerialBlock = 32 * 1024;

/**
 * Snappy. Written in snappy-java's ("xerial") framing, since that is what the Java client writes and every other client
 * reads; read in that framing and as one raw block (librdkafka, franz-go), always, without a package.
 */
export const snappy: Codec = {
  id: 2,
  name: 'snappy',
  compress,
  decompress: (bytes, limit) => (isXerial(bytes) ? readXerial(bytes, limit) : readRaw(bytes, limit)),
};

function compress(bytes: Uint8Array, level: number | undefined, done: CodecDone, hop: Hop): Uint8Array | null {
  const loaded = snappyPackage.module;
  if (loaded) return writeXerial(loaded, bytes);
  snappyPackage.load(() => {
    hop(() => {
      if (!snappyPackage.module) done(snappyPackage.missing(), null);
      else done(null, writeXerial(snappyPackage.module, bytes));
    });
  });
  return null;
}

function writeXerial(loaded: SnappyPackage, bytes: Uint8Array): Uint8Array {
  const blocks: Uint8Array[] = [];
  let size = xerialHeader;
  for (let at = 0; at < bytes.length; at += xerialBlock) {
    const block = loaded.compressSync(bytes.subarray(at, Math.min(bytes.length, at + xerialBlock)));
    blocks.push(block);
    size += 4 + block.length;
  }
  const out = new Uint8Array(size);
  out.set(xerialMagic);
  writeInt32(out, 8, 1);
  writeInt32(out, 12, 1);
  let at = xerialHeader;
  for (const block of blocks) {
    writeInt32(out, at, block.length);
    out.set(block, at + 4);
    at += 4 + block.length;
  }
  return out;
}

function isXerial(bytes: Uint8Array): boolean {
  return bytes.length >= xerialHeader && xerialMagic.every((byte, i) => bytes[i] === byte);
}

function readRaw(bytes: Uint8Array, limit: number): Uint8Array {
  const out = new Uint8Array(snappyLength(bytes, 0, bytes.length, limit));
  snappyBlock(bytes, 0, bytes.length, out, 0, out.length);
  return out;
}

/** Measures all blocks before it allocates: one array of the final size. */
function readXerial(bytes: Uint8Array, limit: number): Uint8Array {
  let total = 0;
  for (let at = xerialHeader; at < bytes.length;) {
    const end = blockEnd(bytes, at);
    total += snappyLength(bytes, at + 4, end, limit);
    if (total > limit) throw oversized('snappy', limit);
    at = end;
  }
  const out = new Uint8Array(total);
  let to = 0;
  for (let at = xerialHeader; at < bytes.length;) {
    const end = blockEnd(bytes, at);
    const length = snappyLength(bytes, at + 4, end, limit);
    snappyBlock(bytes, at + 4, end, out, to, length);
    to += length;
    at = end;
  }
  return out;
}

function blockEnd(bytes: Uint8Array, at: number): number {
  const length = bytes.length - at < 4 ? -1 : readInt32(bytes, at);
  if (length < 1 || length > bytes.length - at - 4) throw corrupt('snappy', `has a block of ${length} bytes`);
  return at + 4 + length;
}
