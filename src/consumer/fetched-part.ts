import { type BatchHeader, readBatchHeaders } from '../codecs/record-batch-reader.js';
import { ProtocolDecodeError } from '../errors/protocol-error.js';
import { KafkaError } from '../errors/kafka-error.js';
import { AbortedTransactions, type AbortedTransaction } from './aborted-transactions.js';

/** What one fetch answer holds for one partition, batch by batch. */
export interface FetchedPart {
  readonly batches: readonly BatchHeader[];
  /** By index: control batches, and under read_committed those of aborted transactions. */
  readonly hidden: readonly boolean[];
  /** Bytes came, but not one whole batch: the fetch has to allow more. */
  readonly tooSmall: boolean;
  /** Damage behind the batches that are listed. */
  readonly error: KafkaError | null;
}

/**
 * Reads the batch headers of an answer and decides what consumers see of it. Batches that end at or below `offset` are left
 * out: a fetch from the middle of a batch brings the whole of it.
 */
export function readFetchedPart(
  records: Uint8Array,
  offset: number,
  checkCrcs: boolean,
  aborted: readonly AbortedTransaction[] | null,
): FetchedPart {
  const found = readBatchHeaders(records, 0, records.length, checkCrcs);
  const transactions = aborted === null || aborted.length === 0 ? null : new AbortedTransactions(aborted);
  const batches: BatchHeader[] = [];
  const hidden: boolean[] = [];
  let error = found.error;
  let next = -1;
  for (const batch of found.batches) {
    try {
      if (batch.nextOffset <= next) throw outOfOrder(batch, next);
      const hides = transactions !== null && transactions.hides(batch);
      next = batch.nextOffset;
      if (next <= offset) continue;
      batches.push(batch);
      hidden.push(hides || batch.isControl);
    } catch (cause) {
      error = KafkaError.is(cause) ? cause : new ProtocolDecodeError('A record batch cannot be read', { cause });
      break;
    }
  }
  return { batches, hidden, tooSmall: found.truncated && found.batches.length === 0, error };
}

function outOfOrder(batch: BatchHeader, next: number): ProtocolDecodeError {
  return new ProtocolDecodeError(
    `Record batch at offset ${batch.baseOffset} ends at ${batch.nextOffset}, the one before it at ${next}`,
  );
}
