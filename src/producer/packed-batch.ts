import { type EncodedHeaders } from '../codecs/lazy-headers.js';
import { BatchBuffer } from '../codecs/record-batch-writer.js';
import { DeliveryError, RecordTooLargeError } from '../errors/client-errors.js';
import { KafkaError } from '../errors/kafka-error.js';
import { UsageError } from '../errors/usage-error.js';
import { type DeliveryReceiver, type WrittenBatch } from '../model/record-sink.js';
import { DeliveryList } from './delivery-list.js';
import { type PartitionQueue } from './partition-queue.js';
import { ProduceBatch } from './produce-batch.js';
import { type Part } from './waiting-record.js';

/**
 * A batch packed by hand, before and after it is handed over. It is the receiver of its own records, because one batch can end
 * as several on the wire (it is split when the topic allows less): it is delivered when all of its records are, and failed when
 * one is.
 */
export class PackedBatch implements DeliveryReceiver {
  count = 0;
  size: number;
  /** packing: takes records. waiting: handed over, not in a queue yet; may come back. queued: belongs to its partition. */
  state: 'packing' | 'waiting' | 'queued' = 'packing';
  closed = false;
  readonly #buffer: BatchBuffer;
  readonly #deliveries: DeliveryList = new DeliveryList();
  /** Told about the batch as a whole: by the place of its first record, or by why it was not delivered. */
  #listener: DeliveryReceiver | null = null;
  #token = 0;
  #unanswered = 0;
  #written = 0;
  /** Of the first record that was not written; one that may have been written counts before the others. */
  #error: unknown = null;
  #first: { readonly batch: WrittenBatch; readonly offset: number; readonly timestamp: number } | null = null;
  #firstKeySize = -1;
  #firstValueSize = -1;

  /** @param limit - bytes; the first record may exceed it */
  constructor(limit: number) {
    this.#buffer = new BatchBuffer(limit);
    this.size = this.#buffer.size;
  }

  get open(): boolean {
    return !this.closed && this.state === 'packing';
  }

  /** Adds a record: its bytes in the batch, or -1 when there is no room, which closes the batch. */
  append(timestamp: number, key: Part, value: Part, headers: EncodedHeaders | null): number {
    const buffer = this.#buffer;
    const size =
      typeof key === 'string' || typeof value === 'string'
        ? buffer.appendText(timestamp, key, value, headers)
        : buffer.append(timestamp, key, value, headers);
    if (size < 0) {
      this.closed = true;
      return size;
    }
    this.#deliveries.push(this, this.count++, timestamp, buffer.keySize, buffer.valueSize);
    this.size = buffer.size;
    return size;
  }

  /** Why the batch cannot be handed over, null when it can: a batch is queued once, by one call. */
  refusal(topic: string, limit: number): KafkaError | null {
    if (this.state !== 'packing')
      return new UsageError('This batch was handed over before, pack another one', { topic });
    if (this.count === 0) return new UsageError('This batch has no records', { topic });
    if (this.size <= limit) return null;
    return new RecordTooLargeError(
      `Batch of ${this.count} records takes ${this.size} bytes, maxRequestSize is ${limit}`,
      { topic, mayHaveBeenWritten: false },
    );
  }

  /**
   * The batch as the last one of its queue. One that was not closed stays open there: records that are sent to the partition
   * while it waits for its turn go into it.
   */
  enqueue(queue: PartitionQueue, now: number, listener: DeliveryReceiver, token: number): ProduceBatch {
    this.state = 'queued';
    this.#listener = listener;
    this.#token = token;
    this.#unanswered = this.count;
    const batch = new ProduceBatch(queue, this.#buffer, this.#deliveries, now);
    batch.packed = true;
    if (this.closed) batch.state = 'closed';
    else queue.open = batch;
    queue.batches.push(batch);
    return batch;
  }

  delivered(
    token: number,
    batch: WrittenBatch,
    offset: number,
    timestamp: number,
    keySize: number,
    valueSize: number,
  ): void {
    if (token === 0) {
      this.#first = { batch, offset, timestamp };
      this.#firstKeySize = keySize;
      this.#firstValueSize = valueSize;
    }
    this.#written++;
    this.#answered();
  }

  failed(_token: number, error: unknown): void {
    if (this.#error === null || (!mayBeWritten(this.#error) && mayBeWritten(error))) this.#error = error;
    this.#answered();
  }

  flushed(): void {
    this.#listener?.flushed();
  }

  #answered(): void {
    if (--this.#unanswered > 0) return;
    const listener = this.#listener!;
    if (this.#error !== null) {
      listener.failed(this.#token, this.#written === 0 ? this.#error : this.#writtenInPart());
      return;
    }
    const { batch, offset, timestamp } = this.#first!;
    listener.delivered(this.#token, batch, offset, timestamp, this.#firstKeySize, this.#firstValueSize);
  }

  /** It was split, and the broker took some of the parts only. */
  #writtenInPart(): DeliveryError {
    const cause = KafkaError.is(this.#error) ? this.#error : null;
    return new DeliveryError(
      `Batch was written in part, ${this.#written} of ${this.count} records${cause === null ? '' : `: ${cause.message}`}`,
      { cause: this.#error, topic: cause?.topic, partition: cause?.partition, mayHaveBeenWritten: true },
    );
  }
}

function mayBeWritten(error: unknown): boolean {
  return error instanceof DeliveryError && error.mayHaveBeenWritten;
}
