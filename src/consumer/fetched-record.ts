import { LazyHeaders } from '../codecs/lazy-headers.js';
import { DeserializationError } from '../errors/client-errors.js';
import { ConsumerRecord } from '../model/consumer-record.js';
import { type Lease, type LeaseAnswer, type LeaseOwner, takeLease } from '../model/lease.js';
import { type WindowEntry, windowLease } from '../model/lease-window.js';
import { type RecordHeaders } from '../model/record-headers.js';
import { type Deserializer, type SerdeContext } from '../model/serde.js';
import { type TimestampType } from '../model/topic-partition.js';
import { utf8 } from '../serde/utf8.js';
import { decodeUtf8 } from '../serde/utf8-text.js';
import { type BufferedBatch } from './buffered-batch.js';
import { plainRecord } from './plain-record.js';
import { behindNumber, behindPart, numberAt, RecordBytes } from './record-bytes.js';

const unread: unique symbol = Symbol('unread');

/**
 * A consumed record, and its own lease: one object per record. Key and value are decoded on first access, from the answer the
 * record came in. What makes a record equal to another are its own fields; the rest is private.
 */
export class FetchedRecord extends ConsumerRecord<unknown, unknown> implements Lease {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: TimestampType;
  readonly leaderEpoch: number | null;
  readonly #batch: BufferedBatch;
  readonly #seq: number;
  readonly #source: RecordBytes;
  /** Where the length of the key stands; key, value and headers follow. Few fields: a record costs what it weighs. */
  readonly #at: number;
  #key: unknown = unread;
  #value: unknown = unread;

  /** The record at `at` of `source`, delivered under `seq`. */
  constructor(
    topic: string,
    partition: number,
    offset: number,
    timestamp: number,
    source: RecordBytes,
    at: number,
    batch: BufferedBatch,
    seq: number,
  ) {
    super();
    this.topic = topic;
    this.partition = partition;
    this.offset = offset;
    this.timestamp = timestamp;
    this.timestampType = batch.timestampType;
    this.leaderEpoch = batch.recordEpoch;
    this.#batch = batch;
    this.#seq = seq;
    this.#source = source;
    this.#at = at;
  }

  get lease(): Lease {
    this.#batch.home.leaseEverRead = true;
    return this;
  }

  get key(): unknown {
    const known = this.#key;
    return known === unread ? (this.#key = this.#decode('key')) : known;
  }
  get value(): unknown {
    const known = this.#value;
    return known === unread ? (this.#value = this.#decode('value')) : known;
  }
  get headers(): RecordHeaders {
    const { bytes } = this.#source;
    const at = behindPart(bytes, behindPart(bytes, this.#at));
    return new LazyHeaders(bytes, behindNumber(bytes, at), numberAt(bytes, at));
  }
  get keyBytes(): Uint8Array | null {
    return this.#viewAt(this.#at);
  }
  get valueBytes(): Uint8Array | null {
    return this.#viewAt(behindPart(this.#source.bytes, this.#at));
  }
  get serializedKeySize(): number {
    return numberAt(this.#source.bytes, this.#at);
  }
  get serializedValueSize(): number {
    const { bytes } = this.#source;
    return numberAt(bytes, behindPart(bytes, this.#at));
  }

  /** A copy of the bytes with the same lease: keeping it does not keep the fetch answer. */
  detach(): FetchedRecord {
    const { topic, partition, offset, timestamp } = this;
    const { bytes } = this.#source;
    const copy = new RecordBytes(bytes.slice(this.#at, recordEnd(bytes, this.#at)));
    return new FetchedRecord(topic, partition, offset, timestamp, copy, 0, this.#batch, this.#seq);
  }

  toJSON(): object {
    return plainRecord(this);
  }

  [Symbol.for('nodejs.util.inspect.custom')](): unknown {
    return plainRecord(this);
  }

  get state(): 'open' | 'acked' | 'released' | 'fenced' {
    return this.#batch.tracker!.state(this.#seq);
  }
  get signal(): AbortSignal {
    return this.#batch.tracker!.signal(this.#seq);
  }
  get partitions(): readonly LeaseOwner[] {
    return this.#batch.home.alone;
  }

  ack(): LeaseAnswer {
    return this.#batch.ack(this.#seq);
  }
  /** The reason is for whoever wraps the lease; the tracker has no use for it. */
  release(_reason?: unknown): LeaseAnswer {
    return this.#batch.home.atMostOnce ? this.ack() : this.#batch.tracker!.release(this.#seq);
  }
  [takeLease](): void {
    this.#batch.tracker!.take(this.#seq);
  }
  [windowLease](enter: boolean, settled?: () => void): WindowEntry {
    const { window } = this.#batch.tracker!;
    if (enter) return window.enter(this.#seq, this.#seq + 1, settled);
    window.leave(this.#seq, this.#seq + 1);
    return 'settled';
  }
  /** `acknowledge: 'onNext'`: done when `next` returned, unless somebody took the lease over. @internal */
  settleUntaken(): void {
    if (this.#batch.tracker!.isUntaken(this.#seq)) this.#batch.ack(this.#seq);
  }
  /** Delivery sequence. @internal */
  get seq(): number {
    return this.#seq;
  }

  #decode(part: 'key' | 'value'): unknown {
    const home = this.#batch.home;
    const deserializer = part === 'key' ? home.keyDeserializer : home.valueDeserializer;
    const { bytes } = this.#source;
    const at = part === 'key' ? this.#at : behindPart(bytes, this.#at);
    if (deserializer === null) return this.#viewAt(at);
    // the usual case without a view and a context
    if (deserializer === (utf8 as Deserializer<unknown>)) {
      const length = numberAt(bytes, at);
      const start = behindNumber(bytes, at);
      if (length >= 0) return decodeUtf8(bytes, start, start + length);
    }
    try {
      return deserializer.deserialize(this.#viewAt(at), new RecordContext(this, part));
    } catch (cause) {
      throw this.#failed(part, deserializer.name, cause);
    }
  }

  /** The key or value whose length stands at `at`. */
  #viewAt(at: number): Uint8Array | null {
    const source = this.#source;
    const { bytes } = source;
    return source.view(behindNumber(bytes, at), numberAt(bytes, at));
  }

  #failed(part: 'key' | 'value', name: string, cause: unknown): DeserializationError {
    const { topic, partition, offset, keyBytes, valueBytes } = this;
    const reason = cause instanceof Error ? `: ${cause.message}` : '';
    return new DeserializationError(
      `Deserializer ${name} failed on the ${part} of ${topic}-${partition} at offset ${offset}${reason}`,
      { part, keyBytes, valueBytes, topic, partition, offset, cause },
    );
  }
}

/** What a deserializer may look at; headers only when it does. */
class RecordContext implements SerdeContext {
  readonly part: 'key' | 'value';
  readonly #record: FetchedRecord;

  constructor(record: FetchedRecord, part: 'key' | 'value') {
    this.#record = record;
    this.part = part;
  }

  get topic(): string {
    return this.#record.topic;
  }
  get headers(): RecordHeaders {
    return this.#record.headers;
  }
}

/** Behind the last header of the record whose key length stands at `at`. */
function recordEnd(bytes: Uint8Array, at: number): number {
  const headers = behindPart(bytes, behindPart(bytes, at));
  let end = behindNumber(bytes, headers);
  for (let left = numberAt(bytes, headers) * 2; left > 0; left--) end = behindPart(bytes, end);
  return end;
}
