import { writeInt16, writeInt32 } from '../../../codecs/batch-format.js';
import { controlType } from '../../../codecs/control-record.js';
import { BatchBuffer } from '../../../codecs/record-batch-writer.js';

/** The control batch that ends a transaction in a partition (KIP-98, EndTransactionMarker). @internal */
export function endMarker(
  producerId: number,
  producerEpoch: number,
  committed: boolean,
  coordinatorEpoch: number,
  timestamp: number,
): Uint8Array {
  const key = new Uint8Array(4);
  writeInt16(key, 2, committed ? controlType.commit : controlType.abort);
  const value = new Uint8Array(6);
  writeInt32(value, 2, coordinatorEpoch);
  const batch = new BatchBuffer(256);
  batch.append(timestamp, key, value, null);
  return batch.finish({
    producerId,
    producerEpoch,
    baseSequence: -1,
    transactional: true,
    control: true,
    compression: { type: 'none' },
  })!;
}
