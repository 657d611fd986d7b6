import { ProtocolDecodeError } from '../errors/protocol-error.js';
import { UsageError } from '../errors/usage-error.js';
import { type HeaderValue, type RecordHeaders, type RecordHeadersInit } from '../model/record-headers.js';
import { decodeUtf8, encodeUtf8 } from '../serde/utf8-text.js';
import { varintSize } from './record-size.js';

/** Headers as they stand in a record, after their count. */
export interface EncodedHeaders {
  readonly bytes: Uint8Array;
  readonly count: number;
}

type HeaderEntry = readonly [name: string, value: Uint8Array | null];

/**
 * Headers of a record, decoded on first access. `start` is where the first header lies in `bytes`, behind the count. Values
 * are views of `bytes`.
 */
export class LazyHeaders implements RecordHeaders {
  readonly size: number;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  #entries: readonly HeaderEntry[] | null = null;
  #end = -1;

  constructor(bytes: Uint8Array, start: number, count: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.size = count;
  }

  get(name: string): Uint8Array | null | undefined {
    return this.#decoded().findLast((entry) => entry[0] === name)?.[1];
  }

  getAll(name: string): readonly (Uint8Array | null)[] {
    return this.#decoded()
      .filter((entry) => entry[0] === name)
      .map((entry) => entry[1]);
  }

  text(name: string): string | null | undefined {
    const value = this.get(name);
    return value ? decodeUtf8(value) : value;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  [Symbol.iterator](): Iterator<HeaderEntry> {
    return this.#decoded()[Symbol.iterator]();
  }

  toJSON(): readonly (readonly [string, string | null])[] {
    return this.#decoded().map(([name, value]) => [name, value === null ? null : decodeUtf8(value)] as const);
  }

  /** What a record that passes these headers on writes: the same bytes, not decoded. @internal */
  encoded(): EncodedHeaders | null {
    if (this.size === 0) return null;
    this.#decoded();
    return { bytes: this.#bytes.subarray(this.#start, this.#end), count: this.size };
  }

  #decoded(): readonly HeaderEntry[] {
    if (this.#entries !== null) return this.#entries;
    const bytes = this.#bytes;
    const entries: HeaderEntry[] = [];
    let at = this.#start;
    const length = (): number => {
      let raw = 0;
      for (let shift = 0; shift < 35; shift += 7) {
        if (at >= bytes.length) break;
        const byte = bytes[at++]!;
        raw |= (byte & 127) << shift;
        if (byte < 128) return (raw >>> 1) ^ -(raw & 1);
      }
      throw new ProtocolDecodeError('A record header has a malformed length');
    };
    for (let i = 0; i < this.size; i++) {
      const nameLength = length();
      if (nameLength < 0 || nameLength > bytes.length - at) throw malformed('name', nameLength);
      const name = decodeUtf8(bytes, at, at + nameLength);
      at += nameLength;
      const valueLength = length();
      if (valueLength > bytes.length - at) throw malformed('value', valueLength);
      if (valueLength < 0) {
        entries.push([name, null]);
        continue;
      }
      entries.push([name, new Uint8Array(bytes.buffer, bytes.byteOffset + at, valueLength)]);
      at += valueLength;
    }
    this.#end = at;
    return (this.#entries = entries);
  }
}

// What Node's console looks for. Not a member: declarations of computed names are beyond isolatedDeclarations.
Object.defineProperty(LazyHeaders.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: LazyHeaders): unknown {
    return this.toJSON();
  },
});

/** Headers of a record without any. */
export const noHeaders: LazyHeaders = new LazyHeaders(new Uint8Array(0), 0, 0);

/**
 * Everything that the public surface takes as headers, as the bytes of a record; null where there are none. Headers of a
 * consumed record are passed on as they are.
 * @throws UsageError when it is no object, a name is not a string, or a value is neither text, bytes nor null.
 */
export function encodeHeaders(init: RecordHeadersInit | undefined): EncodedHeaders | null {
  if (init === undefined) return null;
  if (init instanceof LazyHeaders) return init.encoded();
  if (typeof (init as unknown) !== 'object' || (init as unknown) === null) {
    throw new UsageError(
      `Headers are an object, pairs or a Map, not ${(init as unknown) === null ? 'null' : typeof init}`,
    );
  }
  const names: Uint8Array[] = [];
  const values: (Uint8Array | null)[] = [];
  let size = 0;
  const plain = typeof (init as Partial<Iterable<unknown>>)[Symbol.iterator] !== 'function';
  const pairs = plain ? Object.entries(init) : (init as Iterable<readonly [string, HeaderValue | undefined]>);
  for (const [name, given] of pairs as Iterable<readonly [unknown, unknown]>) {
    if (typeof name !== 'string') throw new UsageError(`A header's name must be a string, not ${typeof name}`);
    if (given === undefined && plain) continue;
    const value = typeof given === 'string' ? encodeUtf8(given) : given;
    if (value !== null && !(value instanceof Uint8Array)) {
      throw new UsageError(`Header ${name} must be text, bytes or null, not ${typeof given}`);
    }
    const nameBytes = encodeUtf8(name);
    const valueLength = value?.length ?? -1;
    names.push(nameBytes);
    values.push(value);
    size += varintSize(nameBytes.length) + nameBytes.length + varintSize(valueLength) + Math.max(0, valueLength);
  }
  if (names.length === 0) return null;
  const bytes = new Uint8Array(size);
  let at = 0;
  names.forEach((name, i) => {
    const value = values[i] ?? null;
    at = writeLength(bytes, at, name.length);
    bytes.set(name, at);
    at = writeLength(bytes, at + name.length, value?.length ?? -1);
    if (value !== null) {
      bytes.set(value, at);
      at += value.length;
    }
  });
  return { bytes, count: names.length };
}

function writeLength(bytes: Uint8Array, at: number, length: number): number {
  let raw = ((length << 1) ^ (length >> 31)) >>> 0;
  for (; raw > 127; raw >>>= 7) bytes[at++] = raw | 128;
  bytes[at] = raw;
  return at + 1;
}

function malformed(what: string, length: number): ProtocolDecodeError {
  return new ProtocolDecodeError(`A record header has a ${what} of ${length} bytes, which its record cannot hold`);
}
