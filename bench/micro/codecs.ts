// Hot functions of src/codecs alone: `node --import ./scripts/ts.mjs bench/micro/codecs.ts`. Prints one line per case.
import { crc32c, crc32cPortable } from '../../src/bytes/crc32c.js';
import { codec } from '../../src/codecs/compression.js';
import { murmur2 } from '../../src/codecs/murmur2.js';
import { accelerateCrc32c, crc32Package } from '../../src/codecs/native-crc32c.js';
import { directHop } from '../../src/codecs/optional-package.js';
import { BatchBufferPool, type BatchState } from '../../src/codecs/record-batch-writer.js';
import { readBatchHeaders, RecordCursor } from '../../src/codecs/record-batch-reader.js';
import { decodeUtf8 } from '../../src/serde/utf8-text.js';

const state: BatchState = {
  producerId: 1,
  producerEpoch: 0,
  baseSequence: 0,
  transactional: false,
  compression: { type: 'none' },
};
const now = 1_700_000_000_000;
let sink = 0;

/** Best of three windows: units per second, with CPU time as the clock. */
function rate(units: number, work: () => void): number {
  let rounds = 1;
  // as many rounds as take 20 ms, so that asking for the time costs nothing
  for (;;) {
    const used = timed(rounds, work);
    if (used > 20_000) break;
    rounds *= 2;
  }
  let best = 0;
  for (let window = 0; window < 3; window++) {
    let total = 0;
    let used = 0;
    for (; used < 200_000; total += rounds) used += timed(rounds, work);
    best = Math.max(best, (total * units * 1e6) / used);
  }
  return best;
}

function timed(rounds: number, work: () => void): number {
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function report(name: string, perSecond: number, unit: string, goal?: number): void {
  const figure = (perSecond / 1e6).toFixed(perSecond > 1e8 ? 0 : 2).padStart(8);
  console.log(`${name.padEnd(52)}${figure} ${unit}${goal === undefined ? '' : `   (goal ${goal})`}`);
}

accelerateCrc32c();
await new Promise<void>((resolve) => {
  crc32Package.load(resolve);
});
console.log(`Node ${process.version}, native CRC-32C ${crc32Package.module === null ? 'absent' : 'present'}`);

const pool = new BatchBufferPool();
function encode(count: number, size: number, text: boolean): void {
  const value = new Uint8Array(size).fill(120);
  const valueText = 'x'.repeat(size);
  const perRecord = (): void => {
    const batch = pool.take(1 << 22);
    for (let i = 0; i < count; i++) {
      if (text) batch.appendText(now + (i >> 3), null, valueText, null);
      else batch.append(now + (i >> 3), null, value, null);
    }
    sink += batch.finish(state)!.length;
    pool.give(batch);
  };
  const goal = size === 100 && !text ? 5 : undefined;
  report(`encode ${count} x ${size} B ${text ? 'text' : 'bytes'}`, rate(count, perRecord), 'M rec/s', goal);
}
encode(150, 100, false);
encode(10_000, 100, false);
encode(150, 100, true);
encode(10_000, 100, true);
encode(1000, 1024, false);
{
  const key = new Uint8Array(10).fill(107);
  const value = new Uint8Array(100).fill(120);
  const keyed = (): void => {
    const batch = pool.take(1 << 18);
    for (let i = 0; i < 2000; i++) batch.append(now, key, value, null);
    sink += batch.finish(state)!.length;
    pool.give(batch);
  };
  report('encode 2000 x 10 B key, 100 B value', rate(2000, keyed), 'M rec/s');
  const keyedText = (): void => {
    const batch = pool.take(1 << 18);
    for (let i = 0; i < 2000; i++) batch.appendText(now, 'key-000001', value, null);
    sink += batch.finish(state)!.length;
    pool.give(batch);
  };
  report('encode 2000 x 10 B text key, 100 B value', rate(2000, keyedText), 'M rec/s');
}

function frameOf(count: number, size: number): Uint8Array {
  const batch = new BatchBufferPool().take(1 << 26);
  const value = new Uint8Array(size).fill(120);
  for (let i = 0; i < count; i++) batch.append(now + (i >> 3), null, value, null);
  return batch.finish(state)!;
}
const cursor = new RecordCursor();
for (const [count, size] of [
  [150, 100],
  [10_000, 100],
  [1000, 1024],
] as const) {
  const frame = frameOf(count, size);
  const decode = (touch: (at: RecordCursor) => number): void => {
    const [header] = readBatchHeaders(frame, 0, frame.length, true).batches;
    cursor.reset(frame, header!.recordsStart, header!.end, header!);
    while (cursor.next()) sink += touch(cursor);
  };
  const name = `decode ${count} x ${size} B with CRC, `;
  report(
    `${name}untouched`,
    rate(count, () => {
      decode((at) => at.offset);
    }),
    'M rec/s',
    size === 100 ? 7 : undefined,
  );
  report(
    `${name}views`,
    rate(count, () => {
      decode((at) => new Uint8Array(frame.buffer, frame.byteOffset + at.valueStart, at.valueLength).length);
    }),
    'M rec/s',
  );
  report(
    `${name}text`,
    rate(count, () => {
      decode((at) => decodeUtf8(at.bytes, at.valueStart, at.valueStart + at.valueLength).length);
    }),
    'M rec/s',
  );
}

for (const size of [64, 1024, 16_384, 1 << 20]) {
  const bytes = Uint8Array.from({ length: size }, (_, i) => i * 7);
  report(
    `crc32c ${size} B`,
    rate(size, () => {
      sink += crc32c(bytes);
    }),
    'MB/s',
  );
  report(
    `crc32c ${size} B in JavaScript`,
    rate(size, () => {
      sink += crc32cPortable(bytes);
    }),
    'MB/s',
  );
}
const key = new Uint8Array(10).fill(107);
report(
  'murmur2 10 B',
  rate(1000, () => {
    for (let i = 0; i < 1000; i++) sink += murmur2(key);
  }),
  'M keys/s',
);

const words = Array.from({ length: 3000 }, (_, i) =>
  JSON.stringify({ id: i, name: `user ${i % 97}`, amount: i * 31, tags: ['a', 'b'] }),
);
for (const size of [16_384, 131_072]) {
  const content = new TextEncoder().encode(words.join('\n')).subarray(0, size);
  for (const id of [1, 2, 3, 4]) {
    const subject = codec(id)!;
    const compressed = await new Promise<Uint8Array>((resolve) => {
      const bytes = subject.compress(
        content,
        undefined,
        (_, later) => {
          resolve(later!);
        },
        directHop,
      );
      if (bytes !== null) resolve(bytes);
    });
    const name = `${subject.name} ${size} B, ratio ${(size / compressed.length).toFixed(1)}: `;
    if (subject.decompress(compressed, 1 << 28, () => undefined, directHop) === null) continue; // works by promises
    report(
      `${name}compress`,
      rate(size, () => {
        subject.compress(content, undefined, () => undefined, directHop);
      }),
      'MB/s',
    );
    report(
      `${name}decompress`,
      rate(size, () => {
        sink += subject.decompress(compressed, 1 << 28, () => undefined, directHop)!.length;
      }),
      'MB/s',
    );
  }
}
if (sink === 0) console.log('nothing was computed');
