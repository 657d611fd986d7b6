import { gunzipSync } from 'node:zlib';
import { type StoredBatch } from '../../src/testing/broker/log/stored-batch.js';
import { type PartitionLog } from '../../src/testing/broker/log/partition-log.js';

/** What became of the transaction a record belongs to. */
export type Fate = 'plain' | 'open' | 'committed' | 'aborted';

export interface LoggedRecord {
  readonly offset: number;
  readonly value: string;
  readonly producerId: number;
  fate: Fate;
}

const text = new TextDecoder();

/**
 * The log of a partition as records, read by a decoder of its own: it shares nothing with the code it judges. Follows the log, also
 * where a leader change cuts it.
 */
export class LogView {
  readonly topic: string;
  readonly partition: number;
  readonly log: PartitionLog;
  readonly records: LoggedRecord[] = [];
  readonly #read: StoredBatch[] = [];
  /** Records of open transactions by producer id. */
  #open = new Map<number, LoggedRecord[]>();

  constructor(topic: string, partition: number, log: PartitionLog) {
    this.topic = topic;
    this.partition = partition;
    this.log = log;
  }

  /** Reads what is new. */
  follow(): this {
    const { batches } = this.log;
    const known = this.#read.length;
    if (known > batches.length || (known > 0 && this.#read[known - 1] !== batches[known - 1])) {
      this.records.length = this.#read.length = 0;
      this.#open = new Map<number, LoggedRecord[]>();
    }
    for (let at = this.#read.length; at < batches.length; at++) this.#add(batches[at]!);
    return this;
  }

  /** Index of the first record at or behind the offset. */
  indexOf(offset: number): number {
    let low = 0;
    let high = this.records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.records[middle]!.offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #add(batch: StoredBatch): void {
    this.#read.push(batch);
    const { header, bytes, baseOffset } = batch;
    const { producerId } = header;
    const payload = bytes.subarray(61);
    if (header.isControl) {
      const committed = payload[payload.length - recordTail(payload)] === 1;
      for (const record of this.#open.get(producerId) ?? []) record.fate = committed ? 'committed' : 'aborted';
      this.#open.delete(producerId);
      return;
    }
    const fate = header.isTransactional ? 'open' : 'plain';
    for (const { delta, value } of recordsOf(header.codec === 1 ? gunzipSync(payload) : payload)) {
      const record: LoggedRecord = { offset: baseOffset + delta, value, producerId, fate };
      this.records.push(record);
      if (fate !== 'open') continue;
      const open = this.#open.get(producerId);
      if (open === undefined) this.#open.set(producerId, [record]);
      else open.push(record);
    }
  }
}

/** The type of a control record is the second half of its key: how far from the end of the batch its low byte stands. */
function recordTail(payload: Uint8Array): number {
  const reader = new Varints(payload);
  reader.varint();
  reader.at++;
  reader.varint();
  reader.varint();
  const keyLength = reader.varint();
  if (keyLength !== 4) throw new Error(`A control record has a key of ${keyLength} bytes`);
  return payload.length - (reader.at + 3);
}

function* recordsOf(payload: Uint8Array): Iterable<{ delta: number; value: string }> {
  const reader = new Varints(payload);
  while (reader.at < payload.length) {
    const end = reader.varint() + reader.at;
    reader.at++;
    reader.varint();
    const delta = reader.varint();
    const keyLength = reader.varint();
    reader.at += Math.max(0, keyLength);
    const length = reader.varint();
    yield { delta, value: text.decode(payload.subarray(reader.at, reader.at + Math.max(0, length))) };
    reader.at = end;
  }
}

/** Zigzag numbers of up to 64 bits; those that matter here are small. */
class Varints {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 128;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
