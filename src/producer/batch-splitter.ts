import { RecordCursor } from '../codecs/record-batch-reader.js';
import { type Accumulator } from './accumulator.js';
import { type BatchOutcome } from './batch-outcome.js';
import { type ProduceBatch } from './produce-batch.js';
import { advanceSequence } from './sequence.js';

/**
 * Splits a batch that is too large for its topic into halves. They stand where it stood and share its sequence numbers, so
 * that nothing behind it changes.
 */
export class BatchSplitter {
  readonly #accumulator: Accumulator;
  readonly #outcome: BatchOutcome;
  readonly #cursor: RecordCursor = new RecordCursor();

  constructor(accumulator: Accumulator, outcome: BatchOutcome) {
    this.#accumulator = accumulator;
    this.#outcome = outcome;
  }

  /**
   * False when there is only one record left: that one is too large. Nor is a batch split that an earlier attempt may have
   * written: the broker would not know its halves for duplicates.
   */
  split(batch: ProduceBatch): boolean {
    if (batch.count < 2 || batch.expired || batch.ambiguous) return false;
    const { queue } = batch;
    const limit = Math.max(1024, batch.buffer.size >> 1);
    const topic = this.#accumulator.topics.get(queue.topic);
    if (topic !== undefined) topic.batchLimit = Math.min(topic.batchLimit, limit);
    const half = batch.count >> 1;
    const parts = [
      this.#accumulator.emptyBatch(queue, batch.buffer.size, batch.createdAt),
      this.#accumulator.emptyBatch(queue, batch.buffer.size, batch.createdAt),
    ] as const;
    batch.buffer.openCursor(this.#cursor);
    for (let index = 0; this.#cursor.next(); index++) {
      const part = parts[index < half ? 0 : 1];
      part.buffer.appendFrom(this.#cursor);
    }
    batch.deliveries.copyTo(parts[0].deliveries, 0, half);
    batch.deliveries.copyTo(parts[1].deliveries, half, batch.count);
    this.#replace(batch, parts);
    return true;
  }

  #replace(batch: ProduceBatch, parts: readonly [ProduceBatch, ProduceBatch]): void {
    const { queue } = batch;
    let sequence = batch.baseSequence;
    let { accounted, sinkBytes } = batch;
    for (const part of parts) {
      part.attempts = batch.attempts;
      part.ambiguous = batch.ambiguous;
      part.lastError = batch.lastError;
      if (batch.sequenced) {
        part.producerId = batch.producerId;
        part.producerEpoch = batch.producerEpoch;
        part.baseSequence = sequence;
        sequence = advanceSequence(sequence, part.count);
      }
      this.#accumulator.account(
        part,
        part === parts[1] ? accounted : accounted >> 1,
        part === parts[1] ? sinkBytes : sinkBytes >> 1,
      );
      accounted -= part.accounted;
      sinkBytes -= part.sinkBytes;
      for (const waiter of batch.flushWaiters ?? []) {
        waiter.remaining++;
        part.addFlushWaiter(waiter);
      }
    }
    for (const waiter of batch.flushWaiters ?? []) waiter.remaining--;
    queue.replace(batch, parts);
    this.#accumulator.release(batch);
    for (const part of parts) this.#outcome.retry(part, 0);
  }
}
