import type { Subscriber, TeardownLogic } from 'rxjs';
import { type DeliveryReceiver, type ProducerRecord, type RecordMetadata } from '../model/record-sink.js';
import { type Serializer } from '../model/serde.js';
import { UsageError } from '../errors/usage-error.js';
import { type TopicPartition } from '../model/topic-partition.js';
import { type ProducerCore } from '../producer/producer-core.js';
import { type WaitingRecord } from '../producer/waiting-record.js';
import { CallbackReceiver, type Delivered, SubscriberReceiver } from './delivery-slots.js';
import { PackedBatchBuilder } from './packed-batch-builder.js';
import { RecordParts, serializationError } from './record-parts.js';

type AnyRecord = ProducerRecord<unknown, unknown>;

/** The way of records into a core, in the four shapes the surface has: write, fast sink, cold send, eager send. */
export class ProducerEntry {
  readonly #core: ProducerCore;
  readonly #parts: RecordParts;
  readonly #callbacks: CallbackReceiver = new CallbackReceiver();
  readonly #subscribers: SubscriberReceiver = new SubscriberReceiver();

  constructor(
    core: ProducerCore,
    keySerializer: Serializer<never> | null,
    valueSerializer: Serializer<never> | null,
    allowEmpty: boolean,
  ) {
    this.#core = core;
    this.#parts = new RecordParts(core, keySerializer, valueSerializer, allowEmpty);
  }

  /** The record is taken whatever the room; false asks the caller to wait for `onReady`. */
  take(record: AnyRecord, receiver: DeliveryReceiver, token: number): boolean {
    const parts = this.#parts;
    try {
      parts.load(record);
    } catch (error) {
      this.#core.refused({ receiver, token }, serializationError(error, parts.topic));
      return true;
    }
    const { topic, partition, key, value, timestamp, headers } = parts;
    return this.#core.write(topic, partition, key, value, timestamp, headers, receiver, token);
  }

  write(record: AnyRecord, done: Delivered): boolean {
    return this.take(record, this.#callbacks, this.#callbacks.put(done));
  }

  /** For one subscription of `send`: waits for room up to maxBlockMs, can be cancelled until it is in a batch. */
  send(record: AnyRecord, subscriber: Subscriber<RecordMetadata>): TeardownLogic {
    const token = this.#subscribers.put(subscriber);
    return this.#cancellation(this.#send(record, this.#subscribers, token), token);
  }

  #cancellation(waiting: WaitingRecord | null, token: number): TeardownLogic {
    if (waiting === null) return undefined;
    return () => {
      if (waiting.settled) return;
      this.#core.cancel(waiting);
      this.#subscribers.drop(token);
    };
  }

  /** For one subscription of `sendBatch`; as `send`. */
  sendBatch(batch: unknown, to: TopicPartition, subscriber: Subscriber<RecordMetadata>): TeardownLogic {
    const receiver = this.#subscribers;
    const token = receiver.put(subscriber);
    let waiting: WaitingRecord | null = null;
    try {
      const { topic, partition } = checkedTarget(to);
      waiting = this.#core.sendBatch(topic, partition, PackedBatchBuilder.packed(batch), receiver, token);
    } catch (error) {
      this.#core.refused({ receiver, token }, error);
    }
    return this.#cancellation(waiting, token);
  }

  sendCallback(record: AnyRecord, done: Delivered): void {
    this.#send(record, this.#callbacks, this.#callbacks.put(done));
  }

  #send(record: AnyRecord, receiver: DeliveryReceiver, token: number): WaitingRecord | null {
    const parts = this.#parts;
    try {
      parts.load(record);
    } catch (error) {
      this.#core.refused({ receiver, token }, serializationError(error, parts.topic));
      return null;
    }
    const { topic, partition, key, value, timestamp, headers } = parts;
    return this.#core.send(topic, partition, key, value, timestamp, headers, receiver, token);
  }
}

function checkedTarget(to: Partial<TopicPartition> | null | undefined): TopicPartition {
  const topic = to?.topic ?? '';
  const partition = to?.partition ?? -1;
  if (typeof topic !== 'string' || topic === '' || !Number.isSafeInteger(partition) || partition < 0) {
    throw new UsageError('sendBatch needs { topic, partition }: a batch goes to one partition');
  }
  return { topic, partition };
}
