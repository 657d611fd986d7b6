import * as zlib from 'node:zlib';
import { type KafkaError } from '../errors/kafka-error.js';
import { type Codec, type CodecDone, corrupt, oversized } from './codec.js';
import { type Hop, OptionalPackage } from './optional-package.js';
import { zstdBound } from './zstd-frame.js';

/** Node 22.15 and 23.8 brought zstd to zlib; the types are those of Node 20. */
interface NodeZstd {
  readonly zstdCompressSync?: (bytes: Uint8Array, options?: object) => Uint8Array;
  readonly zstdDecompressSync?: (bytes: Uint8Array, options?: object) => Uint8Array;
  readonly constants: { readonly ZSTD_c_compressionLevel?: number };
}

interface ZstdPackage {
  compress(bytes: Buffer, level?: number): PromiseLike<Uint8Array>;
  decompress(bytes: Buffer): PromiseLike<Uint8Array>;
}

/** The fallback for older Node; works by promises only. @internal */
export const zstdPackage: OptionalPackage<ZstdPackage> = new OptionalPackage(
  'zstd',
  '@mongodb-js/zstd',
  () => import('@mongodb-js/zstd'),
);

const defaultLevel = 3;

/** zstd through Node's zlib or through the package, whichever is given; null for the package. @internal */
export function zstdThrough(node: NodeZstd | null): Codec {
  const { zstdCompressSync, zstdDecompressSync, constants } = node ?? { constants: {} };
  const levelParameter = constants.ZSTD_c_compressionLevel;
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined || levelParameter === undefined)
    return byPackage;
  return {
    id: 4,
    name: 'zstd',
    compress: (bytes, level) => zstdCompressSync(bytes, { params: { [levelParameter]: level ?? defaultLevel } }),
    decompress: (bytes, limit) => {
      try {
        return zstdDecompressSync(bytes, { maxOutputLength: limit });
      } catch (error) {
        throw (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE'
          ? oversized('zstd', limit)
          : corrupt('zstd', 'is damaged', error);
      }
    },
  };
}

const byPackage: Codec = {
  id: 4,
  name: 'zstd',
  compress: (bytes, level, done, hop) => {
    withPackage(done, hop, (loaded) => {
      answer(
        loaded.compress(view(bytes), level ?? defaultLevel),
        (error) => corrupt('zstd', 'could not be written', error),
        done,
        hop,
      );
    });
    return null;
  },
  decompress: (bytes, limit, done, hop) => {
    if (zstdBound(bytes) > limit) throw oversized('zstd', limit);
    withPackage(done, hop, (loaded) => {
      answer(loaded.decompress(view(bytes)), (error) => corrupt('zstd', 'is damaged', error), done, hop);
    });
    return null;
  },
};

/** zstd: Node's own where there is one, the package `@mongodb-js/zstd` otherwise. Level 1 to 22, by default 3. */
export const zstd: Codec = zstdThrough(zlib as NodeZstd);

function withPackage(done: CodecDone, hop: Hop, work: (loaded: ZstdPackage) => void): void {
  if (zstdPackage.module) {
    work(zstdPackage.module);
    return;
  }
  zstdPackage.load(() => {
    if (zstdPackage.module) work(zstdPackage.module);
    else
      hop(() => {
        done(zstdPackage.missing(), null);
      });
  });
}

/** The one place where a promise becomes a callback. */
function answer(
  promise: PromiseLike<Uint8Array>,
  failure: (error: unknown) => KafkaError,
  done: CodecDone,
  hop: Hop,
): void {
  promise.then(
    (bytes) => {
      hop(() => {
        done(null, bytes);
      });
    },
    (error: unknown) => {
      hop(() => {
        done(failure(error), null);
      });
    },
  );
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
