import { FetchedBatch } from './fetched-batch.js';
import { type FetchedRecord } from './fetched-record.js';
import { type BatchReceiver, type RecordReceiver } from './flow-options.js';
import { type PartitionCursor } from './partition-cursor.js';

/**
 * Hands records to the receiver, one by one. Everything is in place before each `next`: the record is given out, the
 * position moved. So the receiver may settle, pause, move, detach or close the cursor in there, or throw.
 */
export function deliverRecords(
  cursor: PartitionCursor,
  receiver: RecordReceiver,
  quantum: number,
  now: number,
): number {
  const { tracker, reader, settlesOnNext } = cursor;
  let count = 0;
  reader.delivering = true;
  try {
    while (count < quantum && tracker.hasCredit && tracker.released === 0) {
      const record = reader.next(tracker, now);
      if (record === null) break;
      count++;
      if (settlesOnNext) deliverAndSettle(cursor, receiver, record);
      else receiver.next(record);
      if (cursor.interrupted) break;
    }
  } finally {
    reader.delivering = false;
  }
  return count;
}

/** `next` returning is the acknowledgement, unless an operator took the lease; also if the subscriber left meanwhile. */
function deliverAndSettle(cursor: PartitionCursor, receiver: RecordReceiver, record: FetchedRecord): void {
  cursor.delivering(record.seq, record.seq + 1);
  try {
    receiver.next(record);
    record.settleUntaken();
  } finally {
    cursor.delivering(-1, -1);
  }
}

/** Hands over one batch of up to `limit` records. */
export function deliverBatches(cursor: PartitionCursor, receiver: BatchReceiver, limit: number, now: number): number {
  const { tracker, reader } = cursor;
  const from = tracker.tail;
  const items: FetchedRecord[] = [];
  while (items.length < limit && tracker.hasCredit && tracker.released === 0) {
    const record = reader.next(tracker, now);
    if (record === null) break;
    items.push(record);
  }
  if (items.length === 0) return 0;
  const batch = new FetchedBatch(cursor, tracker, items, from);
  if (!cursor.settlesOnNext) {
    receiver.nextBatch(batch);
    return items.length;
  }
  cursor.delivering(from, from + items.length);
  try {
    receiver.nextBatch(batch);
    batch.settleUntaken();
  } finally {
    cursor.delivering(-1, -1);
  }
  return items.length;
}
