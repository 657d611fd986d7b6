import { controlType, parseControlRecord } from '../codecs/control-record.js';
import { type BatchHeader, RecordCursor } from '../codecs/record-batch-reader.js';

/** A range of records that a transaction wrote in vain: from there to the producer's abort marker (KIP-98). */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/**
 * Says, batch by batch in offset order, what a read_committed consumer must not see of one partition in one fetch answer.
 *
 * The list belongs to this answer alone and is forgotten with it. A producer may have several ranges in it; one ends at the
 * ABORT marker that follows. Keeping a range beyond its answer would hide what the producer commits afterwards: the next
 * answer lists a range that is still open again.
 */
export class AbortedTransactions {
  readonly #ranges: readonly AbortedTransaction[];
  #next = 0;
  readonly #aborting: Set<number> = new Set<number>();

  constructor(ranges: readonly AbortedTransaction[]) {
    this.#ranges = [...ranges].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /** @throws ProtocolDecodeError when a control record is damaged. */
  hides(batch: BatchHeader): boolean {
    while (this.#next < this.#ranges.length && this.#ranges[this.#next]!.firstOffset < batch.nextOffset) {
      this.#aborting.add(this.#ranges[this.#next++]!.producerId);
    }
    if (this.#aborting.size === 0 || !batch.isTransactional) return false;
    if (!batch.isControl) return this.#aborting.has(batch.producerId);
    if (isAbortMarker(batch)) this.#aborting.delete(batch.producerId);
    return true;
  }
}

function isAbortMarker(batch: BatchHeader): boolean {
  const cursor = new RecordCursor();
  // control batches are never compressed
  cursor.reset(batch.bytes, batch.recordsStart, batch.end, batch);
  if (!cursor.next() || cursor.keyLength < 0) return false;
  return (
    parseControlRecord(batch.bytes, cursor.keyStart, cursor.keyStart + cursor.keyLength).type === controlType.abort
  );
}
