import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeHeaders } from '../../src/codecs/lazy-headers.js';
import { BatchBuffer, type BatchState } from '../../src/codecs/record-batch-writer.js';
import { javaTool } from '../support/peers/java-tools.js';

const types = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** One log segment: for each codec a batch with every kind of record, and one of several compressed blocks. */
export async function segment(): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let baseOffset = 0;
  const add = async (batch: BatchBuffer, state: Partial<BatchState>): Promise<void> => {
    const full: BatchState = {
      producerId: 4711,
      producerEpoch: 3,
      baseSequence: baseOffset,
      transactional: false,
      compression: { type: 'none' },
      baseOffset,
      partitionLeaderEpoch: 0,
      ...state,
    };
    baseOffset += batch.count;
    parts.push(
      await new Promise((resolve, reject) => {
        const bytes = batch.finish(full, (error, later) => {
          if (error !== null) reject(error);
          else resolve(later!);
        });
        if (bytes !== null) resolve(bytes);
      }),
    );
  };
  for (const type of types) {
    const kinds = new BatchBuffer(1 << 20);
    kinds.appendText(1_700_000_000_000, 'key', `value by ${type}, value by ${type}, value by ${type}`, null);
    kinds.appendText(1_700_000_000_001, null, 'no key', null);
    kinds.appendText(1_700_000_000_002, 'tombstone', null, null);
    kinds.appendText(1_699_999_999_000, '', '', null);
    kinds.appendText(
      1_700_000_000_003,
      'Schlüssel',
      '€ 🚀',
      encodeHeaders([
        ['h1', 'a'],
        ['h2', null],
        ['h1', 'b'],
      ]),
    );
    for (let i = 0; i < 20; i++) kinds.appendText(1_700_000_000_000 + i, `k${i}`, `again and again ${i % 3}`, null);
    await add(kinds, { compression: { type }, transactional: type === 'lz4' });
    const large = new BatchBuffer(1 << 20);
    for (let i = 0; i < 10; i++) large.appendText(1_700_000_000_000, `large ${i}`, `${i} `.repeat(15_000), null);
    await add(large, { compression: { type } });
  }
  return Buffer.concat(parts);
}

it('[PL#196] Java reads every batch: valid CRC, records, nulls, headers', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rx-kafka-codecs-'));
  const file = join(directory, '00000000000000000000.log');
  try {
    writeFileSync(file, await segment());
    const output = await javaTool('org.apache.kafka.tools.DumpLogSegments', [
      '--deep-iteration',
      '--print-data-log',
      '--files',
      file,
    ]);
    const lines = output.split('\n');
    const batches = lines.filter((line) => line.startsWith('baseOffset:'));
    expect(batches.map((line) => / compresscodec: (\S+)/.exec(line)![1])).toEqual(
      types.flatMap((type) => [type, type]),
    );
    for (const line of batches) {
      expect(line).toContain('isvalid: true');
      expect(line).toContain('producerId: 4711 producerEpoch: 3');
      expect(line).toContain(`isTransactional: ${line.includes('lz4') && line.includes('count: 25')}`);
    }
    const records = lines.filter((line) => line.startsWith('| offset:'));
    expect(records).toHaveLength(types.length * 35);
    for (const [i, type] of types.entries()) {
      const own = records.slice(i * 35, i * 35 + 35);
      expect(own.map((line) => Number(/offset: (\d+)/.exec(line)![1]))).toEqual(
        Array.from({ length: 35 }, (_, at) => i * 35 + at),
      );
      expect(own[0]).toContain(`key: key payload: value by ${type}, value by ${type}, value by ${type}`);
      expect(own[1]).toMatch(/keySize: -1 .*payload: no key$/);
      expect(own[2]).toMatch(/valueSize: -1 .*key: tombstone/);
      expect(own[3]).toMatch(/CreateTime: 1699999999000 keySize: 0 valueSize: 0 /);
      expect(own[4]).toMatch(/headerKeys: \[h1,h2,h1\] key: Schlüssel payload: € 🚀$/);
      expect(own[34]).toContain(`key: large 9 payload: ${'9 '.repeat(15_000)}`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 120_000);
