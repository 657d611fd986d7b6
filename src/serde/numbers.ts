import { type Serde } from '../model/serde.js';
import { type Bytes } from '../model/topic-partition.js';
import { ofLength, serde } from './serde.js';

/** A 32-bit integer in four bytes, big-endian, like Java's IntegerSerializer. @public */
export const int32: Serde<number> = serde<number>(
  'int32',
  (value) => {
    if (typeof value !== 'number' || value !== (value | 0)) throw rangeError('int32', 'integers of 32 bits', value);
    return viewed(4, (view) => {
      view.setInt32(0, value);
    });
  },
  (bytes) => view(ofLength(bytes, 4, 'int32')).getInt32(0),
);

/**
 * An integer in eight bytes, big-endian, like Java's LongSerializer; a safe integer, as numbers are here.
 * Reading throws beyond 2^53: `serde` with BigInt reads those.
 * @public
 */
export const int64: Serde<number> = serde<number>(
  'int64',
  (value) => {
    if (!Number.isSafeInteger(value)) throw rangeError('int64', 'integers up to 2^53 - 1', value);
    return viewed(8, (view) => {
      view.setBigInt64(0, BigInt(value));
    });
  },
  (bytes) => {
    const value = view(ofLength(bytes, 8, 'int64')).getBigInt64(0);
    if (!Number.isSafeInteger(Number(value))) throw rangeError('int64', 'integers up to 2^53 - 1', value);
    return Number(value);
  },
);

/** A 64-bit floating point number in eight bytes, big-endian, like Java's DoubleSerializer. @public */
export const float64: Serde<number> = serde<number>(
  'float64',
  (value) => {
    if (typeof value !== 'number') throw rangeError('float64', 'numbers', value);
    return viewed(8, (view) => {
      view.setFloat64(0, value);
    });
  },
  (bytes) => view(ofLength(bytes, 8, 'float64')).getFloat64(0),
);

function view(bytes: Bytes): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function viewed(length: number, write: (view: DataView) => void): Bytes {
  const bytes = new Uint8Array(length);
  write(view(bytes));
  return bytes;
}

function rangeError(name: string, takes: string, value: unknown): RangeError {
  return new RangeError(`${name} takes ${takes}, not ${String(value)}`);
}
