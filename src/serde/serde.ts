import { type Deserializer, type Serde, type SerdeContext } from '../model/serde.js';
import { type Bytes } from '../model/topic-partition.js';

/** A serde from two functions; they see null, and throw what they cannot handle. @public */
export function serde<T>(
  name: string,
  serialize: (value: T, ctx: SerdeContext) => Bytes | null,
  deserialize: (bytes: Bytes | null, ctx: SerdeContext) => T,
): Serde<T> {
  return Object.freeze({ name, serialize, deserialize });
}

/**
 * The same with null on both sides: a null key, a tombstone.
 * @example
 * valueDeserializer: nullable(json<Order>())
 * @public
 */
export function nullable<T>(inner: Serde<T>): Serde<T | null>;
export function nullable<T>(inner: Deserializer<T>): Deserializer<T | null>;
export function nullable<T>(inner: Serde<T> | Deserializer<T>): Serde<T | null> | Deserializer<T | null> {
  const name = `nullable ${inner.name}`;
  const deserialize = (bytes: Bytes | null, ctx: SerdeContext): T | null =>
    bytes === null ? null : inner.deserialize(bytes, ctx);
  if (!('serialize' in inner)) return Object.freeze({ name, deserialize });
  return serde<T | null>(name, (value, ctx) => (value === null ? null : inner.serialize(value, ctx)), deserialize);
}

/** For deserializers without an idea of null. */
export function present(bytes: Bytes | null, name: string): Bytes {
  if (bytes === null) throw new Error(`${name} cannot read null, nullable(${name}) does`);
  return bytes;
}

/** The same for a given length. */
export function ofLength(bytes: Bytes | null, length: number, name: string): Bytes {
  const given = present(bytes, name);
  if (given.length !== length) throw new Error(`${name} has ${length} bytes, not ${given.length}`);
  return given;
}
