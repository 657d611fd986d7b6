import { createRequire } from 'node:module';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { projectRoot } from '../project-root.js';

const load = createRequire(join(projectRoot(), 'package.json'));

/** Loads an optional package at its first use, so that a machine without it can still run the other specs. */
const snappy = (): SnappyPackage => load('snappy') as SnappyPackage;
const lz4 = (): Lz4Package => load('lz4') as Lz4Package;
const zstd = (): ZstdPackage => load('@mongodb-js/zstd') as ZstdPackage;

interface SnappyPackage {
  compress(bytes: Buffer): Promise<Buffer>;
  uncompress(bytes: Buffer, options: { asBuffer: true }): Promise<Buffer>;
}
interface Lz4Package {
  encode(bytes: Buffer): Buffer;
  decode(bytes: Buffer): Buffer;
}
interface ZstdPackage {
  compress(bytes: Buffer): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}
interface Encoded {
  readonly buffer: Buffer;
}

/** True when the optional package is installed; lz4 needs a compiler at install time and may be missing. */
export function packageInstalled(name: string): boolean {
  try {
    load(name);
    return true;
  } catch {
    return false;
  }
}

const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);

/** Java frames snappy in xerial blocks: 16 bytes of header, then (length, block) pairs. */
async function unsnappy(bytes: Buffer): Promise<Buffer> {
  if (!bytes.subarray(0, 8).equals(xerialMagic)) return snappy().uncompress(bytes, { asBuffer: true });
  const blocks: Buffer[] = [];
  for (let at = 16; at < bytes.length;) {
    const length = bytes.readInt32BE(at);
    blocks.push(await snappy().uncompress(bytes.subarray(at + 4, at + 4 + length), { asBuffer: true }));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

/** Teaches kafkajs the three codecs it does not have; safe to call more than once. */
export function registerKafkajsCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: (encoder: Encoded) => snappy().compress(encoder.buffer),
    decompress: unsnappy,
  });
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: (encoder: Encoded) => Promise.resolve(lz4().encode(encoder.buffer)),
    decompress: (bytes: Buffer) => Promise.resolve(lz4().decode(bytes)),
  });
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: (encoder: Encoded) => zstd().compress(encoder.buffer),
    decompress: (bytes: Buffer) => zstd().decompress(bytes),
  });
}
