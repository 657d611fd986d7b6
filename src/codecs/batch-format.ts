/** Where the fields of a record batch v2 lie (Kafka message format, "Record Batch"; KIP-98), from the batch's first byte. */
export const batchField = {
  baseOffset: 0,
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const;

/** Bytes of a batch before its first record. */
export const batchOverhead = 61;
/** Base offset and batch length: the part that `batchLength` does not count. */
export const batchLogOverhead = 12;
/** A record has at least length, attributes, two deltas, key length, value length and header count. */
export const smallestRecord = 7;

/** Bits of the attributes; the lowest three hold the codec. */
export const batchAttribute = { codec: 0x07, logAppendTime: 0x08, transactional: 0x10, control: 0x20 } as const;

const two32 = 0x1_0000_0000;

export function readInt16(bytes: Uint8Array, at: number): number {
  return (((bytes[at]! << 8) | bytes[at + 1]!) << 16) >> 16;
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** A big-endian int64 as a number, rounded beyond 2^53: callers check with Number.isSafeInteger. */
export function readInt64(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) * two32 + (readInt32(bytes, at + 4) >>> 0);
}

export function writeInt16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24;
  bytes[at + 1] = value >> 16;
  bytes[at + 2] = value >> 8;
  bytes[at + 3] = value;
}

/** A safe integer as big-endian int64. */
export function writeInt64(bytes: Uint8Array, at: number, value: number): void {
  writeInt32(bytes, at, Math.floor(value / two32));
  // ToInt32 takes a number modulo 2^32, for negative ones too
  writeInt32(bytes, at + 4, value | 0);
}
