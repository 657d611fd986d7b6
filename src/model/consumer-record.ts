import type { Lease, Leased } from './lease.js';
import type { RecordHeaders } from './record-headers.js';
import type { Bytes, TimestampType } from './topic-partition.js';

/**
 * A consumed record. Key, value and headers are decoded on first access. A class with accessors: `{ ...record }` would
 * lose them, and does not compile. Keeping a settled record pins the fetch answer it came in; `toJSON()` and
 * `detach()` copy.
 * @public
 */
export abstract class ConsumerRecord<out K = Bytes | null, out V = Bytes | null> implements Leased {
  // fields of the subclass, which has the only constructor: V8 does not inline a base class's constructor into its caller
  /** Name of the topic. */
  abstract readonly topic: string;
  /** Counted from 0. */
  abstract readonly partition: number;
  /** Position in the partition. */
  abstract readonly offset: number;
  /** Milliseconds since the epoch, -1 where the record has none. */
  abstract readonly timestamp: number;
  /** Who set `timestamp`. */
  abstract readonly timestampType: TimestampType;
  /** Epoch of the leader that wrote it, null where the broker does not say (KIP-320). */
  abstract readonly leaderEpoch: number | null;

  /** Settles the record. */
  abstract get lease(): Lease;
  /** Decoded. @throws DeserializationError, with the record's bytes, when the deserializer fails. */
  abstract get key(): K;
  /** Decoded. @throws DeserializationError, with the record's bytes, when the deserializer fails. */
  abstract get value(): V;
  /** In the order in which they were written. */
  abstract get headers(): RecordHeaders;
  /** Undecoded bytes: dead letters, retry topics and key lanes need them. */
  abstract get keyBytes(): Bytes | null;
  /** Undecoded bytes, null for a tombstone. */
  abstract get valueBytes(): Bytes | null;
  /** Bytes of the key on the wire, -1 for null. */
  abstract get serializedKeySize(): number;
  /** Bytes of the value on the wire, -1 for null. */
  abstract get serializedValueSize(): number;
  /** Everything decoded, as a plain object. */
  abstract toJSON(): object;
  /** A copy that does not pin the fetch answer. */
  abstract detach(): ConsumerRecord<K, V>;
}

/** A value computed from a record, with the record's lease. `record` is always the consumed record. @public */
export interface Processed<out R, out Rec> extends Leased {
  /** What was computed. */
  readonly value: R;
  /** What it was computed from. */
  readonly record: Rec;
}

/** The consumed record below S: through Processed and Delivery, else S itself (a record, a batch). @public */
export type RecordOf<S> = S extends { readonly record: infer Rec }
  ? Rec
  : S extends { readonly source: infer T extends Leased }
    ? RecordOf<T>
    : S;

/** Several leased items under one lease. @public */
export interface LeasedBatch<out S> extends Leased {
  /** In the order of delivery. */
  readonly items: readonly S[];
}

/** Records of one partition, delivered together. @public */
export interface RecordBatch<out K, out V> extends LeasedBatch<ConsumerRecord<K, V>> {
  /** Name of the topic. */
  readonly topic: string;
  /** Counted from 0. */
  readonly partition: number;
}
