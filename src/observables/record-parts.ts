import { encodeHeaders, type EncodedHeaders, LazyHeaders, noHeaders } from '../codecs/lazy-headers.js';
import { KafkaError } from '../errors/kafka-error.js';
import { UsageError } from '../errors/usage-error.js';
import { type ProducerRecord } from '../model/record-sink.js';
import { type BatchRecord } from '../model/batch-builder.js';
import { type RecordHeaders } from '../model/record-headers.js';
import { type Serializer } from '../model/serde.js';
import { type Bytes } from '../model/topic-partition.js';
import { type Runtime } from '../model/runtime.js';
import { type Part } from '../producer/waiting-record.js';
import { utf8 } from '../serde/utf8.js';

type AnySerializer = Serializer<never> | null;

/**
 * Takes a record apart into what a batch holds. One instance per sink: the parts of the last record are its fields, so that
 * nothing is allocated per record. Text under `utf8` stays text, it is encoded straight into the batch.
 */
export class RecordParts {
  topic = '';
  /** -1 leaves the choice to the producer. */
  partition = -1;
  key: Part = null;
  value: Part = null;
  timestamp = 0;
  headers: EncodedHeaders | null = null;
  readonly #clock: Pick<Runtime, 'wallClock'>;
  readonly #keySerializer: AnySerializer;
  readonly #valueSerializer: AnySerializer;
  /** A record without key, value and headers says nothing; raw bytes of another client's record may be like that all the same. */
  readonly #allowEmpty: boolean;

  constructor(
    clock: Pick<Runtime, 'wallClock'>,
    keySerializer: AnySerializer,
    valueSerializer: AnySerializer,
    allowEmpty: boolean,
  ) {
    this.#clock = clock;
    this.#keySerializer = keySerializer;
    this.#valueSerializer = valueSerializer;
    this.#allowEmpty = allowEmpty;
  }

  /** @throws UsageError or what a serializer throws; the record is not taken then. */
  load(record: ProducerRecord<unknown, unknown>): void {
    const { topic, partition } = record;
    if (typeof topic !== 'string' || topic === '') throw new UsageError('A record needs a topic, a non-empty string');
    this.topic = topic;
    this.partition = partition === undefined ? -1 : checked('partition', partition);
    this.loadContent(record);
  }

  /**
   * The same without topic and partition: a record of a batch that is packed by hand.
   * @throws as `load`
   */
  loadContent(record: BatchRecord<unknown, unknown>): void {
    const { timestamp, headers } = record;
    this.timestamp = timestamp === undefined ? this.#clock.wallClock() : checked('timestamp', timestamp);
    this.headers = headers === undefined ? null : encodeHeaders(headers);
    this.key = this.#part('key', this.#keySerializer, record.key ?? null);
    if (record.value === undefined) {
      throw this.#wrong('has no value, null writes a tombstone');
    }
    this.value = this.#part('value', this.#valueSerializer, record.value);
    if (this.key === null && this.value === null && this.headers === null && !this.#allowEmpty) {
      throw this.#wrong('needs a key, a value or headers: a tombstone deletes by key');
    }
  }

  #part(part: 'key' | 'value', serializer: AnySerializer, value: unknown): Part {
    // no key, whatever the key type; a null value is up to its serializer: only some write tombstones
    if (value === null && (part === 'key' || serializer === null)) return null;
    if (serializer === utf8 && typeof value === 'string') return value;
    if (serializer !== null) return this.#serialize(part, serializer as Serializer<unknown>, value);
    if (value instanceof Uint8Array) return value;
    throw this.#wrong(`has a ${part} that is ${typeName(value)}, not bytes: give the producer a ${part}Serializer`);
  }

  #serialize(part: 'key' | 'value', serializer: Serializer<unknown>, value: unknown): Bytes | null {
    const bytes: unknown = serializer.serialize(value, { topic: this.topic, headers: this.#headerView(), part });
    if (bytes === null || bytes instanceof Uint8Array) return bytes;
    throw new UsageError(`Serializer ${serializer.name} returned ${typeName(bytes)}, not bytes or null`, {
      topic: this.topic,
    });
  }

  #wrong(what: string): UsageError {
    const { topic } = this;
    return topic === ''
      ? new UsageError(`A record of a batch ${what}`)
      : new UsageError(`A record for ${topic} ${what}`, { topic });
  }

  #headerView(): RecordHeaders {
    return this.headers === null ? noHeaders : new LazyHeaders(this.headers.bytes, 0, this.headers.count);
  }
}

function checked(field: 'partition' | 'timestamp', value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new UsageError(`The ${field} of a record must be a whole number from 0 on, got ${String(value)}`);
}

function typeName(value: unknown): string {
  return value === undefined ? 'undefined' : `a ${typeof value}`;
}

/** What a serializer threw, as an error of this library. */
export function serializationError(error: unknown, topic: string): KafkaError {
  if (KafkaError.is(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new UsageError(`A record ${topic === '' ? 'of a batch' : `for ${topic}`} could not be serialized: ${text}`, {
    cause: error,
    topic,
  });
}
