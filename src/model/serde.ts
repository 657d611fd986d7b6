import type { Bytes } from './topic-partition.js';
import type { RecordHeaders } from './record-headers.js';

/** Where the bytes belong. @public */
export interface SerdeContext {
  readonly topic: string;
  readonly headers: RecordHeaders;
  readonly part: 'key' | 'value';
}

/** Turns a value into bytes; synchronous. `null` writes a null key or a tombstone. @public */
export interface Serializer<in T> {
  readonly name: string;
  serialize: (value: T, ctx: SerdeContext) => Bytes | null;
}

/** Turns bytes into a value; synchronous, called on first access, sees null. @public */
export interface Deserializer<out T> {
  readonly name: string;
  deserialize: (bytes: Bytes | null, ctx: SerdeContext) => T;
}

/** Both directions. @public */
export interface Serde<T> extends Serializer<T>, Deserializer<T> {}
