import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KafkaError } from '../../src/errors/kafka-error.js';
import { LazyHeaders } from '../../src/codecs/lazy-headers.js';
import {
  type BatchHeader,
  decompressBatch,
  readBatchHeaders,
  RecordCursor,
} from '../../src/codecs/record-batch-reader.js';

/** A record as the Java client's goldens describe it: hex, or a digest of what is long. */
export interface GoldenRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [name: string, value: string | null])[];
}

export interface GoldenBatch {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly leaderEpoch: number;
  readonly crc: number;
  readonly codec: number;
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly transactional: boolean;
  readonly control: boolean;
  readonly size: number;
  readonly records: readonly GoldenRecord[];
}

export interface Golden {
  readonly name: string;
  readonly hex: string;
  readonly batches: readonly GoldenBatch[];
}

/** A file of spec/goldens/codecs, written by scripts/codecs/WriteGoldens.java. */
export function golden(name: string): unknown {
  return JSON.parse(readFileSync(join(__dirname, '..', 'goldens', 'codecs', `${name}.json`), 'utf8'));
}

export function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** The records of a batch, whether its codec answers at once or later. */
export function payloadOf(header: BatchHeader): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const settle = (error: KafkaError | null, bytes: Uint8Array | null): void => {
      if (error !== null) reject(error);
      else resolve(bytes!);
    };
    try {
      const bytes = decompressBatch(header, settle);
      if (bytes !== null) resolve(bytes);
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

/** All records of a batch as plain data. */
export async function recordsOf(header: BatchHeader): Promise<GoldenRecord[]> {
  const payload = await payloadOf(header);
  const cursor = new RecordCursor();
  cursor.reset(payload, 0, payload.length, header);
  const records: GoldenRecord[] = [];
  while (cursor.next()) {
    const { bytes, keyStart, keyLength, valueStart, valueLength, headersStart, headerCount } = cursor;
    records.push({
      offset: cursor.offset,
      timestamp: cursor.timestamp,
      key: keyLength < 0 ? null : content(bytes.subarray(keyStart, keyStart + keyLength)),
      value: valueLength < 0 ? null : content(bytes.subarray(valueStart, valueStart + valueLength)),
      headers: [...new LazyHeaders(bytes, headersStart, headerCount)].map(([name, value]) => [
        name,
        value === null ? null : content(value),
      ]),
    });
  }
  return records;
}

/** Batches and records of `bytes`; throws what the reader reports. */
export async function readAll(bytes: Uint8Array): Promise<{ header: BatchHeader; records: GoldenRecord[] }[]> {
  const { batches, error } = readBatchHeaders(bytes, 0, bytes.length, true);
  if (error !== null) throw error;
  const read = [];
  for (const header of batches) read.push({ header, records: await recordsOf(header) });
  return read;
}

function content(bytes: Uint8Array): string {
  return bytes.length <= 200 ? hexOf(bytes) : `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
