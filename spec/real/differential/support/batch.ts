import { BatchBuffer } from '../../../../src/codecs/record-batch-writer.js';

/** Near the present: a marker's time is the broker's, and a log is cut into segments where times are a week apart. */
export const someTime: number = Date.now() - 60_000;

export interface BatchOf {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly transactional: boolean;
  readonly records: number;
}

/** A record batch with a producer's state in its header. */
export function batchOf({ records, ...state }: BatchOf): Uint8Array {
  const batch = new BatchBuffer(10_000);
  for (let n = 0; n < records; n++) batch.append(someTime + n, null, new TextEncoder().encode(`${n}`), null);
  return Uint8Array.from(batch.finish({ ...state, compression: { type: 'none' } })!);
}
