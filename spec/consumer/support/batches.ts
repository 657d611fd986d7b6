import { crc32c } from '../../../src/bytes/crc32c.js';
import { batchField, writeInt32, writeInt64 } from '../../../src/codecs/batch-format.js';
import { type Compression } from '../../../src/codecs/compression.js';
import { encodeHeaders } from '../../../src/codecs/lazy-headers.js';
import { BatchBuffer } from '../../../src/codecs/record-batch-writer.js';
import { readBatchHeaders } from '../../../src/codecs/record-batch-reader.js';

export interface RecordInit {
  readonly key?: string | null;
  readonly value?: string | null;
  readonly timestamp?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface BatchInit {
  readonly base: number;
  readonly records: readonly (string | RecordInit)[];
  /** Where reading goes on behind the batch; compaction leaves it beyond the last record. */
  readonly next?: number;
  readonly leaderEpoch?: number;
  readonly producerId?: number;
  readonly transactional?: boolean;
  readonly control?: 'abort' | 'commit';
  readonly compression?: Compression['type'];
  readonly appendTime?: number;
}

const text = new TextEncoder();
const encode = (value: string | null | undefined): Uint8Array | null =>
  value === null || value === undefined ? null : text.encode(value);

function buffer(init: BatchInit): BatchBuffer {
  const batch = new BatchBuffer(10_000_000);
  if (init.control !== undefined) {
    const key = new Uint8Array([0, 0, 0, init.control === 'commit' ? 1 : 0]);
    batch.append(1000, key, new Uint8Array(6), null);
  }
  for (const record of init.records) {
    const { key, value, timestamp, headers } = typeof record === 'string' ? { key: null, value: record } : record;
    batch.append(timestamp ?? 1000, encode(key), encode(value), headers ? encodeHeaders(headers) : null);
  }
  return batch;
}

function state(init: BatchInit): Parameters<BatchBuffer['finish']>[0] {
  return {
    producerId: init.producerId ?? -1,
    producerEpoch: init.producerId === undefined ? -1 : 0,
    baseSequence: init.producerId === undefined ? -1 : 0,
    transactional: init.transactional ?? init.control !== undefined,
    compression: { type: init.compression ?? 'none' },
    control: init.control !== undefined,
    baseOffset: init.base,
    partitionLeaderEpoch: init.leaderEpoch ?? 0,
    appendTime: init.appendTime,
  };
}

function stretched(bytes: Uint8Array, init: BatchInit): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (init.next !== undefined) {
    writeInt32(copy, batchField.lastOffsetDelta, init.next - init.base - 1);
    writeInt32(copy, batchField.crc, crc32c(copy, batchField.attributes, copy.length) | 0);
  }
  return copy;
}

/** A record batch as a broker stores it, with codecs that answer at once. */
export function batchBytes(init: BatchInit): Uint8Array {
  return stretched(buffer(init).finish(state(init))!, init);
}

/** The same with any codec. */
export function batchBytesLater(init: BatchInit): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const batch = buffer(init);
    const bytes = batch.finish(state(init), (error, later) => {
      if (error === null) resolve(stretched(later!, init));
      else reject(error);
    });
    if (bytes !== null) resolve(stretched(bytes, init));
  });
}

export function joined(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Moves a batch to another offset: the base is not part of the CRC. */
export function rebased(bytes: Uint8Array, base: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  writeInt64(copy, 0, base);
  return copy;
}

export function nextOffsetOf(bytes: Uint8Array): number {
  return readBatchHeaders(bytes, 0, bytes.length, false).batches.at(-1)!.nextOffset;
}
