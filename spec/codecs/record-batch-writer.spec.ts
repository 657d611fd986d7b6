import fc from 'fast-check';
import { crc32c } from '../../src/bytes/crc32c.js';
import { encodeHeaders } from '../../src/codecs/lazy-headers.js';
import { readBatchHeaders, RecordCursor } from '../../src/codecs/record-batch-reader.js';
import {
  BatchBuffer,
  BatchBufferPool,
  batchOverhead,
  type BatchState,
  recordSize,
} from '../../src/codecs/record-batch-writer.js';
import { bytesOf, type Golden, golden, type GoldenRecord, hexOf, readAll } from './support.js';

const plain: BatchState = {
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  transactional: false,
  compression: { type: 'none' },
};
const b8State: BatchState = {
  ...plain,
  producerId: 123456,
  producerEpoch: 123,
  baseSequence: 9999,
  transactional: true,
};
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const bytesOrNull = (hex: string | null): Uint8Array | null => (hex === null ? null : bytesOf(hex));

/** Waits for codecs that answer later. */
function finished(batch: BatchBuffer, state: BatchState): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const bytes = batch.finish(state, (error, later) => {
      if (error !== null) reject(error);
      else resolve(later!);
    });
    if (bytes !== null) resolve(bytes);
  });
}

describe('BatchBuffer', () => {
  it('[B10] writes one record with headers, byte for byte', () => {
    const batch = new BatchBuffer(1 << 20);
    const headers = encodeHeaders([
      ['header1', 'aaa'],
      ['header2', 'bbb'],
      ['xx', null],
    ]);
    expect(batch.append(9999999, utf8('test'), utf8('Super'), headers)).toBe(44);
    const bytes = batch.finish(plain)!;
    expect(bytes).toHaveLength(105);
    expect(readBatchHeaders(bytes, 0, bytes.length, true).batches[0]!.crc).toBe(4265191959);
    expect(hexOf(bytes)).toMatch(/060e68656164657231066161610e686561646572320662626204787801$/);
  });

  it('[B87] [B12] without records it is 61 bytes that read back as none', async () => {
    const batch = new BatchBuffer(1 << 20);
    const bytes = batch.finish(b8State)!;
    expect(bytes).toHaveLength(61);
    const [read] = await readAll(bytes);
    expect(read!.header.crc).toBe(1659687642);
    expect(read!.records).toEqual([]);
  });

  it('[B8] writes the uncompressed twin of the transactional batch', async () => {
    const batch = new BatchBuffer(1 << 20);
    const headers = encodeHeaders({ header1: 'aaa', header2: 'bbb' });
    for (let i = 0; i < 10; i++) batch.append(9999999 + i, utf8('test'), utf8('Super'), headers);
    const [read] = await readAll(batch.finish(b8State)!);
    expect(read!.header).toMatchObject({
      attributes: 0x10,
      producerId: 123456,
      producerEpoch: 123,
      baseSequence: 9999,
      lastOffsetDelta: 9,
      baseTimestamp: 9999999,
      maxTimestamp: 10000008,
    });
    expect(read!.records).toHaveLength(10);
  });

  it.each((golden('java-batches') as Golden[]).filter(({ batches }) => batches.every(({ codec }) => codec === 0)))(
    'writes the bytes that Java wrote: $name',
    ({ name, hex, batches }) => {
      // gaps cannot be appended: what compaction leaves is never written by a client
      if (name.includes('compaction')) return;
      const written = batches.map((expected) => {
        const batch = new BatchBuffer(1 << 20);
        for (const { timestamp, key, value, headers } of expected.records) {
          const encoded = encodeHeaders(headers.map(([header, content]) => [header, bytesOrNull(content)] as const));
          batch.append(timestamp, bytesOrNull(key), bytesOrNull(value), encoded);
        }
        return hexOf(
          batch.finish({
            ...plain,
            producerId: expected.producerId,
            producerEpoch: expected.producerEpoch,
            baseSequence: expected.baseSequence,
            transactional: expected.transactional,
            control: expected.control,
            baseOffset: expected.baseOffset,
            partitionLeaderEpoch: expected.leaderEpoch,
            appendTime: expected.timestampType === 'LogAppendTime' ? expected.maxTimestamp : undefined,
          })!,
        );
      });
      // Java keeps the creation times it was given as deltas below the append time: they cannot be read back
      if (name.includes('append time')) expect(written.join('').length).toBe(hex.length);
      else expect(written.join('')).toBe(hex);
    },
  );

  it('[B24] takes the first record whatever its size, and no record beyond the limit', () => {
    const large = new BatchBuffer(1024);
    expect(large.append(0, null, new Uint8Array(2000), null)).toBeGreaterThan(2000);
    expect(large.append(0, null, new Uint8Array(1), null)).toBe(-1);
    const small = new BatchBuffer(1024);
    expect(small.append(0, null, new Uint8Array(700), null)).toBeGreaterThan(700);
    expect(small.append(0, null, new Uint8Array(700), null)).toBe(-1);
    expect(small.appendText(0, null, 'x'.repeat(700), null)).toBe(-1);
    expect(small.finish(plain)!.length).toBeLessThan(1000);
    expect(small.count).toBe(1);
  });

  it('[B24] recordSize is what append takes, for every kind of record', () => {
    const part = fc.option(fc.uint8Array({ maxLength: 20_000 }), { nil: null });
    const record = fc.record({
      timestamp: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
      key: part,
      value: part,
      headers: fc.array(fc.tuple(fc.string(), fc.option(fc.string(), { nil: null })), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), (records) => {
        const batch = new BatchBuffer(1 << 24);
        for (const { timestamp, key, value, headers } of records) {
          const encoded = encodeHeaders(headers);
          const delta = batch.count === 0 ? 0 : timestamp - batch.firstTimestamp;
          const before = batch.size;
          const expected = recordSize(batch.count, delta, key?.length ?? -1, value?.length ?? -1, encoded);
          expect(batch.append(timestamp, key, value, encoded)).toBe(expected);
          expect(batch.size).toBe(before + expected);
        }
      }),
    );
  });

  it('[B27] takes the producer state at the end, and again for another place in the sequence', () => {
    const batch = new BatchBuffer(1 << 20);
    batch.append(0, null, utf8('v'), null);
    const bytes = batch.finish({ ...plain, producerId: 700, producerEpoch: 5, baseSequence: 17 })!;
    const header = () => readBatchHeaders(bytes, 0, bytes.length, true).batches[0];
    expect(header()).toMatchObject({ producerId: 700, producerEpoch: 5, baseSequence: 17 });
    batch.resequence(2 ** 40, 6, 0);
    expect(header()).toMatchObject({ producerId: 2 ** 40, producerEpoch: 6, baseSequence: 0 });
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    '%s: compresses, and resequences the compressed bytes',
    async (type) => {
      const batch = new BatchBuffer(1 << 20);
      for (let i = 0; i < 100; i++) batch.appendText(i, `key ${i}`, 'the same text again and again', null);
      const bytes = await finished(batch, { ...b8State, compression: { type } });
      expect(bytes.length).toBeLessThan(batch.size / 2);
      batch.resequence(9, 8, 7);
      const [read] = await readAll(bytes);
      expect(read!.header).toMatchObject({ producerId: 9, producerEpoch: 8, baseSequence: 7, recordCount: 100 });
      expect(read!.records[99]!.key).toBe(hexOf(utf8('key 99')));
    },
  );

  it('[B26] compression that does not shrink is left out', async () => {
    for (const type of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const batch = new BatchBuffer(1 << 20);
      batch.append(0, null, utf8('x'), null);
      const bytes = await finished(batch, { ...plain, compression: { type } });
      expect(bytes).toHaveLength(batch.size);
      expect(readBatchHeaders(bytes, 0, bytes.length, true).batches[0]!.attributes).toBe(0);
    }
  });

  it('[B87] takes nothing after finish', () => {
    const batch = new BatchBuffer(1 << 20);
    batch.append(0, null, utf8('v'), null);
    batch.finish(plain);
    expect(batch.append(0, null, utf8('v'), null)).toBe(-1);
    expect(batch.appendText(0, 'k', 'v', null)).toBe(-1);
  });

  it('text is written as its UTF-8 bytes would be, at every length and place in the buffer', async () => {
    const text = fc.option(
      fc.oneof(
        fc.string({ maxLength: 300 }),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.constant('\ud800 alone'),
      ),
      { nil: null },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 60 }), async (records) => {
        // a limit just above what is needed leaves no room behind the last text
        const asBytes = new BatchBuffer(1 << 22);
        for (const [key, value] of records) {
          asBytes.append(5, key === null ? null : utf8(key), value === null ? null : utf8(value), null);
        }
        const asText = new BatchBuffer(asBytes.size);
        for (const [key, value] of records) expect(asText.appendText(5, key, value, null)).toBeGreaterThan(0);
        expect(hexOf(asText.finish(plain)!)).toBe(hexOf(asBytes.finish(plain)!));
        await Promise.resolve();
      }),
      { numRuns: 40 },
    );
  });

  it('text that just fits when it is taken for ASCII is not cut off', async () => {
    for (let length = 17; length < 40; length++) {
      const text = 'é'.repeat(length);
      const batch = new BatchBuffer(1 << 20);
      const guessed = recordSize(1, 0, -1, length, null);
      const filler = batch.capacity - batchOverhead - guessed;
      const overhead = recordSize(0, 0, -1, filler, null) - filler;
      batch.append(0, null, new Uint8Array(filler - overhead), null);
      // the buffer has exactly the room that ASCII would need
      expect(batch.capacity - batch.size).toBe(guessed);
      batch.appendText(0, null, text, null);
      const [read] = await readAll(batch.finish(plain)!);
      expect(read!.records[1]!.value).toBe(hexOf(utf8(text)));
    }
  });

  it('text with bytes for the other part, and the sizes of both', () => {
    const batch = new BatchBuffer(1 << 20);
    batch.appendText(0, 'Schlüssel', utf8('v'), null);
    expect([batch.keySize, batch.valueSize]).toEqual([10, 1]);
    batch.appendText(0, utf8('kk'), null, null);
    expect([batch.keySize, batch.valueSize]).toEqual([2, -1]);
    batch.append(0, utf8('scratch array'), null, null, 7);
    expect(batch.keySize).toBe(7);
  });

  it('round trip of arbitrary records through every codec', async () => {
    const part = fc.option(fc.uint8Array({ maxLength: 150 }), { nil: null });
    const record = fc.record({
      timestamp: fc.oneof(fc.integer({ min: 0, max: 2 ** 41 }), fc.integer({ min: -(2 ** 52), max: 2 ** 52 })),
      key: part,
      value: part,
      headers: fc.array(fc.tuple(fc.string(), part), { maxLength: 3 }),
    });
    const types = fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd');
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 40 }), types, async (records, type) => {
        const batch = new BatchBuffer(1 << 24);
        const expected = records.map(({ timestamp, key, value, headers }, offset): GoldenRecord => {
          batch.append(timestamp, key, value, encodeHeaders(headers));
          return {
            offset,
            timestamp,
            key: key && hexOf(key),
            value: value && hexOf(value),
            headers: headers.map(([name, content]) => [Buffer.from(name).toString(), content && hexOf(content)]),
          };
        });
        const [read] = await readAll(await finished(batch, { ...plain, compression: { type } }));
        expect(read!.records).toEqual(expected);
        expect(read!.header.maxTimestamp).toBe(Math.max(...records.map(({ timestamp }) => timestamp)));
      }),
      { numRuns: 150 },
    );
  });

  it('a cursor over it feeds other batches: a split loses nothing', async () => {
    const batch = new BatchBuffer(1 << 20);
    const headers = encodeHeaders({ h: 'x' });
    for (let i = 0; i < 10; i++)
      batch.append(1000 - i, i % 2 ? null : utf8(`k${i}`), utf8(`v${i}`), i % 3 ? headers : null);
    const whole = await readAll(await finished(batch, { ...b8State, compression: { type: 'zstd' } }));
    const halves = [new BatchBuffer(1 << 20), new BatchBuffer(1 << 20)];
    const cursor = new RecordCursor();
    batch.openCursor(cursor);
    for (let i = 0; cursor.next(); i++) halves[i < 5 ? 0 : 1]!.appendFrom(cursor);
    const read = await Promise.all(halves.map((half) => readAll(half.finish(plain)!)));
    const joined = read.flatMap(([part], half) =>
      part!.records.map((record) => ({ ...record, offset: record.offset + half * 5 })),
    );
    expect(joined).toEqual(whole[0]!.records);
  });
});

describe('BatchBufferPool', () => {
  it('hands the memory of settled batches to new ones, and keeps no more than its bound', () => {
    const pool = new BatchBufferPool(100_000);
    const first = pool.take(200_000);
    expect(first.capacity).toBe(16_384);
    first.append(0, null, new Uint8Array(40_000), null);
    expect(first.capacity).toBe(65_536);
    // growing gave the first block back
    expect(pool.pooledBytes).toBe(16_384);
    pool.give(first);
    pool.give(first);
    expect(pool.pooledBytes).toBe(16_384 + 65_536);
    const second = pool.take(65_000);
    expect(second.capacity).toBe(65_536);
    expect(pool.pooledBytes).toBe(16_384);
    const third = pool.take(1 << 20);
    third.append(0, null, new Uint8Array(100_000), null);
    pool.give(third);
    expect(pool.pooledBytes).toBeLessThanOrEqual(100_000);
  });

  it('does not reuse memory that a codec is still reading', async () => {
    const pool = new BatchBufferPool();
    const batch = pool.take(16_384);
    for (let i = 0; i < 100; i++) batch.appendText(0, null, 'the same text again and again', null);
    const compressed = finished(batch, { ...plain, compression: { type: 'zstd' } });
    pool.give(batch);
    expect(pool.pooledBytes).toBe(0);
    const [read] = await readAll(await compressed);
    expect(read!.records).toHaveLength(100);
  });

  it('a batch larger than every pooled size grows by doubling up to its limit', () => {
    const batch = new BatchBufferPool().take(5 << 20);
    for (let i = 0; i < 4; i++) batch.append(i, null, new Uint8Array(1_200_000), null);
    expect(batch.count).toBe(4);
    const bytes = batch.finish(plain)!;
    expect(bytes).toHaveLength(batch.size);
    expect(crc32c(bytes, 21)).toBe(readBatchHeaders(bytes, 0, bytes.length, false).batches[0]!.crc);
    expect(batchOverhead).toBe(61);
  });
});
