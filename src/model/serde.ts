import type { Bytes } from './topic-partition.js';
import type { RecordHeaders } from './record-headers.js';

/** Where the bytes belong. @public */
export interface SerdeContext {
  /** The topic, `''` for a batch that is packed by hand. */
  readonly topic: string;
  /** Headers of the record. */
  readonly headers: RecordHeaders;
  /** Which of the two is meant. */
  readonly part: 'key' | 'value';
}

/** Turns a value into bytes; synchronous. `null` writes a null key or a tombstone. @public */
export interface Serializer<in T> {
  /** For the texts of errors. */
  readonly name: string;
  /** An error of it fails the record. */
  serialize: (value: T, ctx: SerdeContext) => Bytes | null;
}

/** Turns bytes into a value; synchronous, called on first access, sees null. @public */
export interface Deserializer<out T> {
  /** For the texts of errors. */
  readonly name: string;
  /** Throws when the bytes are no such value: reading the key or value is a DeserializationError then. */
  deserialize: (bytes: Bytes | null, ctx: SerdeContext) => T;
}

/** Both directions. @public */
export interface Serde<T> extends Serializer<T>, Deserializer<T> {}
