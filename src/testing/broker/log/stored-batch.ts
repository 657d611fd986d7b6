import { batchAttribute, batchField, writeInt32, writeInt64 } from '../../../codecs/batch-format.js';
import { BatchHeader } from '../../../codecs/record-batch-reader.js';

/** A record batch as it lies in a log: its bytes, with base offset and leader epoch filled in, and its header. @internal */
export interface StoredBatch {
  readonly bytes: Uint8Array;
  readonly header: BatchHeader;
  readonly baseOffset: number;
  readonly lastOffset: number;
}

/** A copy of the batch at its place in the log. Offset and leader epoch are not part of its CRC. @internal */
export function storeBatch(given: Uint8Array, baseOffset: number, leaderEpoch: number): StoredBatch {
  const bytes = Uint8Array.from(given);
  writeInt64(bytes, batchField.baseOffset, baseOffset);
  writeInt32(bytes, batchField.partitionLeaderEpoch, leaderEpoch);
  const header = new BatchHeader(bytes, 0, bytes.length);
  return { bytes, header, baseOffset, lastOffset: header.nextOffset - 1 };
}

/** Sequence of the last record; numbers wrap at 2^31 - 1 to 0 (KIP-98). @internal */
export function lastSequence(header: BatchHeader): number {
  return wrapSequence(header.baseSequence + header.lastOffsetDelta);
}

/** @internal */
export function wrapSequence(sequence: number): number {
  return sequence > 2147483647 ? sequence - 2147483648 : sequence;
}

/** Whether the bit for broker time is set. @internal */
export function hasAppendTime(header: BatchHeader): boolean {
  return (header.attributes & batchAttribute.logAppendTime) !== 0;
}
