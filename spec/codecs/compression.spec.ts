import { randomFillSync } from 'node:crypto';
import { deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type Codec } from '../../src/codecs/codec.js';
import { codec, codecNamed } from '../../src/codecs/compression.js';
import { lz4Package } from '../../src/codecs/lz4.js';
import { OptionalPackage } from '../../src/codecs/optional-package.js';
import { snappyPackage } from '../../src/codecs/snappy.js';
import { xxh32 } from '../../src/codecs/xxh32.js';
import { zstdPackage, zstdThrough } from '../../src/codecs/zstd.js';
import { KafkaError } from '../../src/errors/kafka-error.js';
import { MissingCodecError, ProtocolDecodeError } from '../../src/errors/protocol-error.js';
import { bytesOf, hexOf } from './support.js';

const limit = 64 * 1024 * 1024;
type Direction = 'compress' | 'decompress';

/** One answer of a codec, at once or later. */
function run(of: Codec, direction: Direction, bytes: Uint8Array, parameter?: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const done = (error: KafkaError | null, result: Uint8Array | null): void => {
      if (error !== null) reject(error);
      else resolve(result!);
    };
    try {
      const at = (work: () => void): void => void setImmediate(work);
      const result =
        direction === 'compress'
          ? of.compress(bytes, parameter, done, at)
          : of.decompress(bytes, parameter ?? limit, done, at);
      if (result !== null) resolve(result);
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

const all = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
const gzip = codecNamed('gzip')!;
const snappy = codecNamed('snappy')!;
const lz4 = codecNamed('lz4')!;
const zstd = zstdThrough(null);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const noise = randomFillSync(new Uint8Array(4 * 1024 * 1024 + 3));

describe('registry', () => {
  it('knows the codecs of Kafka by number and by name', () => {
    expect([0, 1, 2, 3, 4].map((id) => codec(id)?.name)).toEqual([undefined, ...all]);
    expect(all.map((name) => codecNamed(name)?.id)).toEqual([1, 2, 3, 4]);
    expect(codecNamed('none')).toBeNull();
    expect(() => codec(7)).toThrow(ProtocolDecodeError);
  });
});

describe.each(all)('%s', (name) => {
  const subject = codecNamed(name)!;

  it('[B29] round trip of arbitrary bytes', async () => {
    const arbitrary = fc.uint8Array({ maxLength: 2000 });
    const repetitive = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 8000 }));
    const content = fc.oneof(
      arbitrary,
      repetitive.map(([unit, times]) => new Uint8Array(Buffer.concat(Array<Uint8Array>(times).fill(unit)))),
    );
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        const back = await run(subject, 'decompress', await run(subject, 'compress', bytes));
        expect(Buffer.compare(back, bytes)).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it.each([0, 1, 12, 13, 65_535, 65_536, 65_537, 4 * 1024 * 1024 + 3])(
    '[B29] round trip of %i bytes',
    async (length) => {
      for (const bytes of [new Uint8Array(length).fill(7), noise.subarray(0, length)]) {
        const back = await run(subject, 'decompress', await run(subject, 'compress', bytes));
        expect(Buffer.compare(back, bytes)).toBe(0);
      }
    },
  );

  it('[N20] takes a level', async () => {
    const bytes = utf8('levels differ in effort, not in content '.repeat(200));
    for (const level of [1, 3, 9]) {
      const back = await run(subject, 'decompress', await run(subject, 'compress', bytes, level));
      expect(hexOf(back)).toBe(hexOf(bytes));
    }
  });

  it('refuses content beyond the limit', async () => {
    const bomb = await run(subject, 'compress', new Uint8Array(10_000_000));
    await expect(run(subject, 'decompress', bomb, 1_000_000)).rejects.toThrow('more than 1000000 bytes');
    await expect(run(subject, 'decompress', bomb, 1_000_000)).rejects.toBeInstanceOf(ProtocolDecodeError);
  });

  it('takes content of exactly the limit, in one block too, and not a byte more', async () => {
    for (const length of [1000, 100_000]) {
      const compressed = await run(subject, 'compress', new Uint8Array(length));
      const whole = 128 * 1024; // zstd is bounded by its blocks
      expect(await run(subject, 'decompress', compressed, name === 'zstd' ? whole : length)).toHaveLength(length);
      await expect(run(subject, 'decompress', compressed, length - 1)).rejects.toThrow(`more than ${length - 1} bytes`);
    }
  });

  it('damage ends in a decode error or other bytes, cut off ones always in an error', async () => {
    const good = await run(subject, 'compress', utf8('some text, some text, some other text '.repeat(20)));
    for (let end = 0; end < good.length - 1; end++) {
      // the end mark of an LZ4 frame and snappy's framing can be missing without a trace only where a block ends
      const failure = await run(subject, 'decompress', good.subarray(0, end)).then(
        () => null,
        (error: unknown) => error,
      );
      if (name === 'snappy' && end === 16) continue;
      expect(KafkaError.is(failure)).toBe(true);
    }
    for (let at = 0; at < good.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const bad = good.slice();
        bad[at]! ^= flip;
        const failure = await run(subject, 'decompress', bad, 1_000_000).then(
          () => null,
          (error: unknown) => error,
        );
        if (failure !== null && !KafkaError.is(failure)) throw failure as Error;
      }
    }
  });

  it('reads bytes that do not begin where their memory begins', async () => {
    const content = utf8('offset '.repeat(100));
    const compressed = await run(subject, 'compress', content);
    const frame = new Uint8Array(compressed.length + 5);
    frame.set(compressed, 3);
    const back = await run(subject, 'decompress', frame.subarray(3, 3 + compressed.length));
    expect(hexOf(back)).toBe(hexOf(content));
  });
});

describe('gzip', () => {
  it('reads several members in a row', async () => {
    const members = Buffer.concat([gzipSync('one '), gzipSync(''), gzipSync('two')]);
    expect(Buffer.from(await run(gzip, 'decompress', members)).toString()).toBe('one two');
  });

  it('refuses a raw deflate stream', async () => {
    await expect(run(gzip, 'decompress', deflateRawSync('x'))).rejects.toBeInstanceOf(ProtocolDecodeError);
  });
});

describe('snappy', () => {
  it('[N20] writes the framing of the Java client in blocks of 32 KiB', async () => {
    const written = await run(snappy, 'compress', new Uint8Array(70_000));
    expect(hexOf(written.subarray(0, 16))).toBe('82534e4150505900' + '00000001' + '00000001');
    const view = new DataView(written.buffer, written.byteOffset);
    const lengths: number[] = [];
    for (let at = 16; at < written.length; at += 4 + view.getInt32(at)) lengths.push(view.getInt32(at));
    expect(lengths).toHaveLength(3);
  });

  it('reads one raw block', async () => {
    // "Wikipedia" as a literal, and a copy of 9 bytes from 9 before
    const raw = bytesOf('12 20 57696b697065646961 22 0900');
    expect(Buffer.from(await run(snappy, 'decompress', raw)).toString()).toBe('WikipediaWikipedia');
  });

  it.each([
    ['61 literal length bytes', 'f00f' + 'f4ff07' + '00'.repeat(2048)],
    ['a one-byte copy that overlaps', '05' + '00' + '61' + '01' + '01'],
    ['a four-byte copy', '05' + '00' + '61' + '0f' + '01000000'],
  ])('reads %s', async (_, hex) => {
    const raw = bytesOf(hex.startsWith('f00f') ? '8010' + hex.slice(4) : hex);
    const back = await run(snappy, 'decompress', raw);
    expect(back.length).toBe(hex.startsWith('f00f') ? 2048 : 5);
    expect(new Set(back).size).toBe(1);
  });

  it.each([
    ['no length', ''],
    ['a length of more than 32 bits', 'ffffffffff01'],
    ['a length its bytes cannot yield', '80808001' + '0061'],
    ['a copy before the start', '05' + '00' + '61' + '01' + '02'],
    ['a copy of distance 0', '05' + '00' + '61' + '01' + '00'],
    ['a copy from 4 GiB before', '05' + '00' + '61' + '0f' + 'ffffffff'],
    ['a literal beyond the input', '05' + '10' + '61'],
    ['a literal beyond the output', '01' + '04' + '6161'],
    ['a literal length beyond the input', '05' + 'fc' + 'ff'],
    ['less than it claims', '05' + '00' + '61'],
    ['a copy that is cut off', '05' + '00' + '61' + '01'],
    ['a block of length 0', '82534e41505059000000000100000001' + '00000000'],
    ['a block of negative length', '82534e41505059000000000100000001' + 'ffffffff'],
    ['a block beyond the input', '82534e41505059000000000100000001' + '00000009' + '0100'],
    ['a block length that is cut off', '82534e41505059000000000100000001' + '0000'],
  ])('refuses %s', async (_, hex) => {
    await expect(run(snappy, 'decompress', bytesOf(hex))).rejects.toBeInstanceOf(ProtocolDecodeError);
  });
});

describe('snappy lengths', () => {
  it('are refused before memory is taken for them when their bytes cannot yield them', async () => {
    await expect(run(snappy, 'decompress', bytesOf('80808001' + '0061'))).rejects.toThrow('claims 2097152 bytes');
  });

  it('a block cannot refer to the one before it', async () => {
    const blocks = '00000003' + '010061' + '00000003' + '040101';
    await expect(run(snappy, 'decompress', bytesOf(`82534e41505059000000000100000001${blocks}`))).rejects.toThrow(
      'before its start',
    );
  });
});

/** An LZ4 frame by hand; each block is a sequence of literals, or given as bytes. */
function frame(options: {
  flags: number;
  blocks: readonly { readonly bytes: Uint8Array; readonly stored?: boolean }[];
  contentSize?: number;
  content?: Uint8Array;
  blockCode?: number;
}): Uint8Array {
  const word = (value: number): Uint8Array => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value >>> 0);
    return bytes;
  };
  const descriptor = Buffer.concat([
    new Uint8Array([0x40 | options.flags, (options.blockCode ?? 4) << 4]),
    ...(options.contentSize === undefined ? [] : [word(options.contentSize), word(0)]),
  ]);
  const parts: Uint8Array[] = [word(0x184d2204), descriptor, new Uint8Array([(xxh32(descriptor) >>> 8) & 255])];
  for (const { bytes, stored } of options.blocks) {
    parts.push(word(stored === true ? bytes.length | 0x80000000 : bytes.length), bytes);
    if ((options.flags & 0x10) !== 0) parts.push(word(xxh32(bytes)));
  }
  parts.push(word(0));
  if (options.content !== undefined) parts.push(word(xxh32(options.content)));
  return new Uint8Array(Buffer.concat(parts));
}

const literals = (text: string): Uint8Array => new Uint8Array([text.length << 4, ...utf8(text)]);
/** Literals, then a match of 8 bytes from `distance` before, then the last literals. */
const withMatch = (text: string, distance: number, tail: string): Uint8Array =>
  new Uint8Array([(text.length << 4) | 4, ...utf8(text), distance, 0, tail.length << 4, ...utf8(tail)]);

describe('lz4', () => {
  it.each([
    ['', 0x02cc5d05],
    ['a', 0x550d7456],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('xxh32 of %j is the published one', (text, hash) => {
    expect(xxh32(utf8(text))).toBe(hash);
  });

  it('[B29] writes independent blocks of 64 KiB without checksums and the header byte that Java checks', async () => {
    const written = await run(lz4, 'compress', new Uint8Array(200_000));
    expect(hexOf(written.subarray(0, 7))).toBe('04224d18604082');
    expect(hexOf(written.subarray(-4))).toBe('00000000');
  });

  it.each<[string, Uint8Array, string]>([
    [
      'independent blocks',
      frame({ flags: 0x20, blocks: [{ bytes: literals('abc') }, { bytes: literals('def') }] }),
      'abcdef',
    ],
    ['stored blocks', frame({ flags: 0x20, blocks: [{ bytes: utf8('stored'), stored: true }] }), 'stored'],
    [
      'linked blocks',
      frame({ flags: 0, blocks: [{ bytes: literals('abcdefgh') }, { bytes: withMatch('-', 9, '.') }] }),
      'abcdefgh-abcdefgh.',
    ],
    [
      'linked blocks behind a stored one',
      frame({ flags: 0, blocks: [{ bytes: utf8('abcdefgh'), stored: true }, { bytes: withMatch('-', 9, '.') }] }),
      'abcdefgh-abcdefgh.',
    ],
    ['an overlapping match', frame({ flags: 0x20, blocks: [{ bytes: withMatch('ab', 2, 'c') }] }), 'ababababab' + 'c'],
    ['block checksums', frame({ flags: 0x30, blocks: [{ bytes: literals('abc') }] }), 'abc'],
    ['a content size', frame({ flags: 0x28, contentSize: 3, blocks: [{ bytes: literals('abc') }] }), 'abc'],
    ['a content checksum', frame({ flags: 0x24, content: utf8('abc'), blocks: [{ bytes: literals('abc') }] }), 'abc'],
    [
      'everything at once, in large blocks',
      frame({ flags: 0x1c, contentSize: 3, content: utf8('abc'), blocks: [{ bytes: literals('abc') }], blockCode: 7 }),
      'abc',
    ],
    [
      'frames in a row with a skippable one between them',
      new Uint8Array(
        Buffer.concat([
          frame({ flags: 0x20, blocks: [{ bytes: literals('abc') }] }),
          bytesOf('502a4d18 02000000 ffff'),
          frame({ flags: 0x24, content: utf8('de'), blocks: [{ bytes: literals('de') }] }),
        ]),
      ),
      'abcde',
    ],
    ['an empty frame', frame({ flags: 0x20, blocks: [] }), ''],
  ])('reads %s', async (_, bytes, expected) => {
    expect(Buffer.from(await run(lz4, 'decompress', bytes)).toString()).toBe(expected);
  });

  const abc = [{ bytes: literals('abc') }];
  it.each<[string, Uint8Array, string]>([
    ['no frame', utf8('hello, not lz4'), 'begin'],
    ['another version', bytesOf('04224d18 a040 00'), 'version'],
    ['a dictionary', frame({ flags: 0x21, blocks: abc }), 'dictionary'],
    ['a reserved block size', frame({ flags: 0x20, blocks: abc, blockCode: 3 }), 'block size'],
    ['a damaged header', frame({ flags: 0x20, blocks: abc }).map((byte, i) => (i === 6 ? byte ^ 1 : byte)), 'header'],
    ['a wrong content size', frame({ flags: 0x28, contentSize: 4, blocks: abc }), 'content size'],
    ['a wrong content checksum', frame({ flags: 0x24, content: utf8('abd'), blocks: abc }), 'content checksum'],
    [
      'a wrong block checksum',
      frame({ flags: 0x30, blocks: abc }).map((byte, i) => (i === 14 ? byte ^ 1 : byte)),
      'block checksum',
    ],
    [
      'a match before the start of an independent block',
      frame({ flags: 0x20, blocks: [...abc, { bytes: withMatch('-', 2, '.') }] }),
      'start',
    ],
    ['a match of distance 0', frame({ flags: 0x20, blocks: [{ bytes: withMatch('abc', 0, '.') }] }), 'start'],
    [
      'a block larger than its frame allows',
      frame({ flags: 0x20, blocks: [{ bytes: new Uint8Array(65_537), stored: true }] }),
      'allows',
    ],
    ['literals beyond their block', frame({ flags: 0x20, blocks: [{ bytes: bytesOf('f0ff01') }] }), 'cut off'],
    ['an announced size beyond the limit', frame({ flags: 0x28, contentSize: 0xffffffff, blocks: abc }), 'more than'],
  ])('refuses %s', async (_, bytes, says) => {
    await expect(run(lz4, 'decompress', bytes)).rejects.toThrow(says);
    await expect(run(lz4, 'decompress', bytes)).rejects.toBeInstanceOf(ProtocolDecodeError);
  });

  it('small blocks that are announced large do not cost their size in memory', async () => {
    const tiny = frame({
      flags: 0x20,
      blockCode: 7,
      blocks: Array.from({ length: 20_000 }, () => ({ bytes: literals('a') })),
    });
    const before = process.memoryUsage().arrayBuffers;
    const back = await run(lz4, 'decompress', tiny);
    expect(back).toHaveLength(20_000);
    expect(back.buffer.byteLength).toBeLessThan(1_000_000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8_000_000);
  });
});

describe('zstd', () => {
  const single = (blocks: string): Uint8Array => bytesOf(`28b52ffd 20 05 ${blocks}`);

  it('reads raw blocks and repeated bytes, several frames and skippable ones', async () => {
    expect(Buffer.from(await run(zstd, 'decompress', single('290000 68656c6c6f'))).toString()).toBe('hello');
    expect(Buffer.from(await run(zstd, 'decompress', single('2b0000 61'))).toString()).toBe('aaaaa');
    const several = new Uint8Array(
      Buffer.concat([single('2b0000 61'), bytesOf('502a4d18 01000000 00'), single('2b0000 62')]),
    );
    expect(Buffer.from(await run(zstd, 'decompress', several)).toString()).toBe('aaaaabbbbb');
  });

  it('refuses what could yield more than the limit before the package sees it', async () => {
    const block = '0300f0' + '61';
    const blocks = Array.from({ length: 100 }, () => '0200f0' + '61').join('');
    await expect(run(zstd, 'decompress', bytesOf(`28b52ffd 00 58 ${blocks}${block}`), limit)).rejects.toThrow(
      'more than',
    );
  });

  it.each([
    ['nothing', ''],
    ['no frame', '00112233'],
    ['a frame header that is cut off', '28b52ffd'],
    ['a block header that is cut off', '28b52ffd 20 05 29'],
    ['a block that is cut off', '28b52ffd 20 05 290000 6865'],
    ['a block of an unknown type', '28b52ffd 20 05 2f0000 6865'],
    ['damaged content', '28b52ffd 20 05 2d0000 ffffffffff'],
  ])('refuses %s', async (_, hex) => {
    await expect(run(zstd, 'decompress', bytesOf(hex))).rejects.toBeInstanceOf(ProtocolDecodeError);
  });

  it("uses Node's own where there is one, without a package", async () => {
    const calls: unknown[] = [];
    const node = zstdThrough({
      zstdCompressSync: (bytes, options) => (calls.push(options), bytes),
      zstdDecompressSync: (bytes, options) => (calls.push(options), bytes),
      constants: { ZSTD_c_compressionLevel: 100 },
    });
    expect(await run(node, 'compress', utf8('x'), 7)).toEqual(utf8('x'));
    expect(await run(node, 'compress', utf8('x'))).toEqual(utf8('x'));
    expect(await run(node, 'decompress', utf8('x'), 5)).toEqual(utf8('x'));
    expect(calls).toEqual([{ params: { 100: 7 } }, { params: { 100: 3 } }, { maxOutputLength: 5 }]);
  });

  it("names damage and the limit alike when Node's own refuses", async () => {
    const failing = (code: string): Codec =>
      zstdThrough({
        zstdCompressSync: (bytes) => bytes,
        zstdDecompressSync: () => {
          throw Object.assign(new Error('no'), { code });
        },
        constants: { ZSTD_c_compressionLevel: 100 },
      });
    await expect(run(failing('ERR_BUFFER_TOO_LARGE'), 'decompress', utf8('x'), 5)).rejects.toThrow('more than 5 bytes');
    await expect(run(failing('Z_DATA_ERROR'), 'decompress', utf8('x'), 5)).rejects.toThrow('damaged');
  });
});

describe('optional packages', () => {
  const absent = (): Promise<never> => Promise.reject(new Error('Cannot find package'));

  it.each([
    ['snappy', snappyPackage, snappy, 'snappy'],
    ['lz4', lz4Package, lz4, 'lz4'],
  ] as const)(
    '[G5, D#922] [B26] without its package %s cannot be written, but is read',
    async (name, optional, subject, packageName) => {
      const compressed = await run(subject, 'compress', utf8('written before'));
      const restore = (optional as OptionalPackage<unknown>).replaceLoader(absent);
      try {
        for (let i = 0; i < 2; i++) {
          const failure = await run(subject, 'compress', utf8('x')).catch((error: unknown) => error);
          expect(failure).toBeInstanceOf(MissingCodecError);
          expect(failure).toMatchObject({ codec: name, packageName, code: 'ERR_KAFKA_MISSING_CODEC' });
          expect((failure as Error).cause).toMatchObject({ message: 'Cannot find package' });
        }
        expect(Buffer.from(await run(subject, 'decompress', compressed)).toString()).toBe('written before');
      } finally {
        restore();
      }
      expect(await run(subject, 'compress', utf8('x'))).toBeInstanceOf(Uint8Array);
    },
  );

  it('[G5, D#922] [B26] without its package zstd is neither written nor read', async () => {
    const compressed = await run(zstd, 'compress', utf8('written before'));
    const restore = (zstdPackage as OptionalPackage<unknown>).replaceLoader(absent);
    try {
      for (const direction of ['compress', 'decompress'] as const) {
        const failure = await run(zstd, direction, compressed).catch((error: unknown) => error);
        expect(failure).toMatchObject({ codec: 'zstd', packageName: '@mongodb-js/zstd' });
        expect(failure).toBeInstanceOf(MissingCodecError);
      }
    } finally {
      restore();
    }
  });

  it('is imported once, on first use, and answers later through the hop', async () => {
    let imports = 0;
    const restore = (snappyPackage as OptionalPackage<unknown>).replaceLoader(() => {
      imports++;
      return import('snappy');
    });
    try {
      const log: string[] = [];
      const answers: Promise<void>[] = [];
      for (const name of ['first', 'second']) {
        answers.push(
          new Promise((resolve) => {
            const result = snappy.compress(
              utf8('x'),
              undefined,
              () => {
                log.push(name);
                resolve();
              },
              (work) => {
                log.push(`hop of ${name}`);
                work();
              },
            );
            expect(result).toBeNull();
          }),
        );
      }
      expect(log).toEqual([]);
      await Promise.all(answers);
      expect(log).toEqual(['hop of first', 'first', 'hop of second', 'second']);
      expect(imports).toBe(1);
      // from now on at once
      expect(
        snappy.compress(
          utf8('x'),
          undefined,
          () => undefined,
          () => undefined,
        ),
      ).toBeInstanceOf(Uint8Array);
    } finally {
      restore();
    }
  });

  it('takes the default export of a package, or the module itself', async () => {
    const loaded = (exports: unknown): Promise<unknown> =>
      new Promise((resolve) => {
        const optional = new OptionalPackage<unknown>('c', 'p', () => Promise.resolve(exports));
        optional.load(() => {
          resolve(optional.module);
        });
      });
    expect(await loaded({ default: { a: 1 } })).toEqual({ a: 1 });
    expect(await loaded({ b: 2 })).toEqual({ b: 2 });
  });
});
