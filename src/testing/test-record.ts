import { ConsumerRecord } from '../model/consumer-record.js';
import type { Lease } from '../model/lease.js';
import type { RecordHeaders, RecordHeadersInit } from '../model/record-headers.js';
import type { Bytes, TimestampType } from '../model/topic-partition.js';
import { type Detached, TestPartition } from './test-partition.js';

/** What a record of a test is made of; all but key and value have defaults. @public */
export interface RecordInit<K, V> {
  /** As the consumer gives it. */
  readonly key: K;
  /** As the consumer gives it. */
  readonly value: V;
  /** Name of the topic. @defaultValue 'topic' */
  readonly topic?: string;
  /** Counted from 0. @defaultValue 0 */
  readonly partition?: number;
  /** Position in the partition. @defaultValue 0, and counted up per partition by `records` */
  readonly offset?: number;
  /** Milliseconds since the epoch. @defaultValue 0 */
  readonly timestamp?: number;
  /** As a producer takes them. */
  readonly headers?: RecordHeadersInit;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes of a test's key or value: text as UTF-8, bytes as they are, anything else as JSON. */
export function bytesOf(value: unknown): Bytes | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return value;
  return encoder.encode(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Headers with their pairs as a plain field, so that a comparison sees them. */
class TestHeaders implements RecordHeaders {
  readonly pairs: readonly (readonly [name: string, value: Bytes | null])[];

  constructor(init: RecordHeadersInit = {}) {
    const entries = Symbol.iterator in init ? [...init] : Object.entries(init);
    this.pairs = entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, bytesOf(value)] as const]));
  }

  get size(): number {
    return this.pairs.length;
  }
  get(name: string): Bytes | null | undefined {
    return this.pairs.findLast((pair) => pair[0] === name)?.[1];
  }
  getAll(name: string): readonly (Bytes | null)[] {
    return this.pairs.filter((pair) => pair[0] === name).map((pair) => pair[1]);
  }
  text(name: string): string | null | undefined {
    const value = this.get(name);
    return value instanceof Uint8Array ? decoder.decode(value) : value;
  }
  has(name: string): boolean {
    return this.pairs.some((pair) => pair[0] === name);
  }
  [Symbol.iterator](): Iterator<readonly [name: string, value: Bytes | null]> {
    return this.pairs[Symbol.iterator]();
  }
}

/** A record made by hand: everything that determines it is a plain field. */
export class TestRecord<K, V> extends ConsumerRecord<K, V> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: TimestampType;
  readonly leaderEpoch: number | null;
  readonly key: K;
  readonly value: V;
  readonly headers: RecordHeaders;
  readonly #lease: Lease;

  constructor(init: RecordInit<K, V>, offset: number, lease: Lease) {
    const { topic = 'topic', partition = 0, timestamp = 0 } = init;
    super();
    this.topic = topic;
    this.partition = partition;
    this.offset = offset;
    this.timestamp = timestamp;
    this.timestampType = 'createTime';
    this.leaderEpoch = null;
    this.key = init.key;
    this.value = init.value;
    this.headers = new TestHeaders(init.headers);
    this.#lease = lease;
  }

  get lease(): Lease {
    return this.#lease;
  }
  get keyBytes(): Bytes | null {
    return bytesOf(this.key);
  }
  get valueBytes(): Bytes | null {
    return bytesOf(this.value);
  }
  get serializedKeySize(): number {
    return this.keyBytes?.length ?? -1;
  }
  get serializedValueSize(): number {
    return this.valueBytes?.length ?? -1;
  }
  toJSON(): object {
    return Object.fromEntries(Object.entries(this));
  }
  detach(): ConsumerRecord<K, V> {
    const { topic, partition, timestamp, key, value, headers } = this;
    return new TestRecord({ topic, partition, timestamp, key, value, headers }, this.offset, this.#lease);
  }
}

const still: Detached = { now: () => 0 };

/**
 * A record with a lease of its own, for tests without marbles and for expected values. Its fields compare, its lease does
 * not take part.
 *
 * @example
 * ```ts
 * const order = record({ key: 'k', value: { id: '1', qty: 2 } });
 * ```
 * @public
 */
export function record<K, V>(init: RecordInit<K, V>): ConsumerRecord<K, V> {
  const { topic = 'topic', partition = 0, offset = 0 } = init;
  return new TestRecord(init, offset, new TestPartition(topic, partition, still).deliver(offset, ''));
}
