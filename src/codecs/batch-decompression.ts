import { type Done } from '../model/done.js';
import { codec, decompressionLimit } from './compression.js';
import { directHop, type Hop } from './optional-package.js';
import { type BatchHeader } from './record-batch-reader.js';

/**
 * The records of a batch, decompressed: at once where the codec can (a view of the frame when there is no codec), else null,
 * and `done` is called later through `hop` (from a promise without one). Damage and unknown codecs found at once are thrown
 * as KafkaError, then `done` is not called.
 * @throws ProtocolDecodeError
 */
export function decompressBatch(header: BatchHeader, done: Done<Uint8Array>, hop: Hop = directHop): Uint8Array | null {
  const { bytes, recordsStart, end } = header;
  const found = codec(header.codec);
  // compaction leaves batches without records behind; some writers keep the codec in their attributes
  const length = found !== null && header.recordCount === 0 ? 0 : end - recordsStart;
  const records = new Uint8Array(bytes.buffer, bytes.byteOffset + recordsStart, length);
  if (found === null || length === 0) return records;
  return found.decompress(records, decompressionLimit, done, hop);
}
