import { LazyHeaders } from '../codecs/lazy-headers.js';
import { type RecordCursor } from '../codecs/record-batch-reader.js';
import { DeserializationError } from '../errors/client-errors.js';
import { ConsumerRecord } from '../model/consumer-record.js';
import { type Lease, type LeaseAnswer, type LeaseOwner, takeLease } from '../model/lease.js';
import { type RecordHeaders } from '../model/record-headers.js';
import { type Deserializer, type SerdeContext } from '../model/serde.js';
import { utf8 } from '../serde/utf8.js';
import { decodeUtf8 } from '../serde/utf8-text.js';
import { type BufferedBatch } from './buffered-batch.js';
import { plainRecord } from './plain-record.js';

const unread: unique symbol = Symbol('unread');

/**
 * A consumed record, and its own lease: one object per record. Key and value are decoded on first access, from the answer the
 * record came in. What makes a record equal to another are its own fields; the rest is private.
 *
 * `super` is given what the base declares; everything else is written once here, so that all records have one shape.
 */
export class FetchedRecord extends ConsumerRecord<unknown, unknown> implements Lease {
  readonly #batch: BufferedBatch;
  readonly #seq: number;
  readonly #bytes: Uint8Array;
  readonly #keyStart: number;
  readonly #keyLength: number;
  readonly #valueStart: number;
  readonly #valueLength: number;
  readonly #headersStart: number;
  readonly #headerCount: number;
  #key: unknown = unread;
  #value: unknown = unread;

  /** The record under `cursor`, delivered under `seq`. */
  constructor(topic: string, partition: number, cursor: RecordCursor, batch: BufferedBatch, seq: number) {
    super(topic, partition, cursor.offset, cursor.timestamp, batch.timestampType, batch.recordEpoch);
    this.#batch = batch;
    this.#seq = seq;
    this.#bytes = cursor.bytes;
    this.#keyStart = cursor.keyStart;
    this.#keyLength = cursor.keyLength;
    this.#valueStart = cursor.valueStart;
    this.#valueLength = cursor.valueLength;
    this.#headersStart = cursor.headersStart;
    this.#headerCount = cursor.headerCount;
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
    return new LazyHeaders(this.#bytes, this.#headersStart, this.#headerCount);
  }
  get keyBytes(): Uint8Array | null {
    return view(this.#bytes, this.#keyStart, this.#keyLength);
  }
  get valueBytes(): Uint8Array | null {
    return view(this.#bytes, this.#valueStart, this.#valueLength);
  }
  get serializedKeySize(): number {
    return this.#keyLength;
  }
  get serializedValueSize(): number {
    return this.#valueLength;
  }

  /** A copy of the bytes with the same lease: keeping it does not keep the fetch answer. */
  detach(): FetchedRecord {
    // the parts lie side by side in the record, key first; headers end where the record ends, and are walked to find that
    const start = this.#keyStart;
    const end = headersEnd(this.#bytes, this.#headersStart, this.#headerCount);
    const parts: RecordParts = {
      bytes: this.#bytes.slice(start, end),
      offset: this.offset,
      timestamp: this.timestamp,
      keyStart: 0,
      keyLength: this.#keyLength,
      valueStart: this.#valueStart - start,
      valueLength: this.#valueLength,
      headersStart: this.#headersStart - start,
      headerCount: this.#headerCount,
    };
    return new FetchedRecord(this.topic, this.partition, parts as RecordCursor, this.#batch, this.#seq);
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
    const start = part === 'key' ? this.#keyStart : this.#valueStart;
    const length = part === 'key' ? this.#keyLength : this.#valueLength;
    if (deserializer === null) return view(this.#bytes, start, length);
    // the usual case without a view and a context
    if (deserializer === (utf8 as Deserializer<unknown>) && length >= 0) {
      return decodeUtf8(this.#bytes, start, start + length);
    }
    try {
      return deserializer.deserialize(view(this.#bytes, start, length), new RecordContext(this, part));
    } catch (cause) {
      throw this.#failed(part, deserializer.name, cause);
    }
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

/** The fields of a RecordCursor that a record is made from. */
type RecordParts = Pick<
  RecordCursor,
  | 'bytes'
  | 'offset'
  | 'timestamp'
  | 'keyStart'
  | 'keyLength'
  | 'valueStart'
  | 'valueLength'
  | 'headersStart'
  | 'headerCount'
>;

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

/** A third cheaper than `subarray`, which asks for the species constructor. */
function view(bytes: Uint8Array, start: number, length: number): Uint8Array | null {
  return length < 0 ? null : new Uint8Array(bytes.buffer, bytes.byteOffset + start, length);
}

/** Behind the last header; the cursor has checked the lengths when it passed. */
function headersEnd(bytes: Uint8Array, start: number, count: number): number {
  let at = start;
  for (let i = 0; i < count * 2; i++) {
    let raw = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = bytes[at++]!;
      raw |= (byte & 127) << shift;
      shift += 7;
    } while (byte > 127);
    const length = (raw >>> 1) ^ -(raw & 1);
    if (length > 0) at += length;
  }
  return at;
}
