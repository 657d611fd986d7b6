import type { Subscriber } from 'rxjs';
import { type DeliveryReceiver, type RecordMetadata, type WrittenBatch } from '../model/record-sink.js';

/** Callback of `write` and `sendAndWait`. */
export type Delivered = (error: unknown, metadata: RecordMetadata | null) => void;

/** Where a record went, as the public object. */
function metadataOf(
  batch: WrittenBatch,
  offset: number,
  timestamp: number,
  serializedKeySize: number,
  serializedValueSize: number,
): RecordMetadata {
  const { topic, partition, timestampType, logStartOffset } = batch;
  return {
    topic,
    partition,
    offset,
    timestamp,
    timestampType,
    logStartOffset,
    serializedKeySize,
    serializedValueSize,
  };
}

/** Values by a small integer that is free again once the value was taken. */
class Slots<T> {
  readonly #values: (T | null)[] = [];
  readonly #free: number[] = [];

  put(value: T): number {
    const slot = this.#free.pop();
    if (slot === undefined) return this.#values.push(value) - 1;
    this.#values[slot] = value;
    return slot;
  }

  take(slot: number): T {
    const value = this.#values[slot]!;
    this.#values[slot] = null;
    this.#free.push(slot);
    return value;
  }
}

/** Answers callbacks. */
export class CallbackReceiver implements DeliveryReceiver {
  readonly #slots: Slots<Delivered> = new Slots<Delivered>();

  put(done: Delivered): number {
    return this.#slots.put(done);
  }

  delivered(
    token: number,
    batch: WrittenBatch,
    offset: number,
    timestamp: number,
    keySize: number,
    valueSize: number,
  ): void {
    this.#slots.take(token)(null, metadataOf(batch, offset, timestamp, keySize, valueSize));
  }

  failed(token: number, error: unknown): void {
    this.#slots.take(token)(error, null);
  }

  flushed(): void {
    // callbacks were answered one by one
  }
}

/** Answers the subscribers of `send`. */
export class SubscriberReceiver implements DeliveryReceiver {
  readonly #slots: Slots<Subscriber<RecordMetadata>> = new Slots<Subscriber<RecordMetadata>>();

  put(subscriber: Subscriber<RecordMetadata>): number {
    return this.#slots.put(subscriber);
  }

  /** The record will not be answered. */
  drop(token: number): void {
    this.#slots.take(token);
  }

  delivered(
    token: number,
    batch: WrittenBatch,
    offset: number,
    timestamp: number,
    keySize: number,
    valueSize: number,
  ): void {
    const subscriber = this.#slots.take(token);
    // unsubscribed after the record was in a batch: it is written, nobody listens
    if (subscriber.closed) return;
    subscriber.next(metadataOf(batch, offset, timestamp, keySize, valueSize));
    subscriber.complete();
  }

  failed(token: number, error: unknown): void {
    this.#slots.take(token).error(error);
  }

  flushed(): void {
    // subscribers were answered one by one
  }
}
