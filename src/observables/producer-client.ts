import { NEVER, Observable, type Subscriber, takeUntil } from 'rxjs';
import { type Cluster } from '../cluster/cluster.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type ClientEvent } from '../model/client-event.js';
import { type BatchBuilder } from '../model/batch-builder.js';
import { type Producer } from '../model/producer.js';
import {
  type DeliveryReceiver,
  type FastSink,
  fastSink,
  type ProducerRecord,
  type RecordMetadata,
  type RecordSink,
} from '../model/record-sink.js';
import { type Bytes, type PartitionInfo, type TopicPartition } from '../model/topic-partition.js';
import { ProducerCore } from '../producer/producer-core.js';
import { ClientClosing } from './client-closing.js';
import { type Delivered } from './delivery-slots.js';
import { coldCommand } from './cold-command.js';
import { PackedBatchBuilder } from './packed-batch-builder.js';
import { partitionsFor } from './partitions-for.js';
import { ProducerEntry } from './producer-entry.js';
import { type ResolvedProducerOptions } from './producer-options.js';
import { RecordParts } from './record-parts.js';

/**
 * A producer of one `Kafka`: nothing connects before the first record.
 * @param onClosed - runs once, when `close` is through
 * @param events$ - what happens on the connections below
 */
export function createProducer<K, V>(
  cluster: Cluster,
  options: ResolvedProducerOptions,
  onClosed: () => void,
  events$: Observable<ClientEvent> = NEVER,
): Producer<K, V> & FastSink<K, V> {
  return new ProducerClient<K, V>(cluster, options, onClosed, events$);
}

type BytesSink = RecordSink<Bytes | null, Bytes | null> & FastSink<Bytes | null, Bytes | null>;

/** The public surface over one core. */
class ProducerClient<K, V> implements Producer<K, V>, FastSink<K, V> {
  readonly events$: Observable<ClientEvent>;
  readonly bytes: BytesSink;
  readonly send: (record: ProducerRecord<K, V>) => Observable<RecordMetadata>;
  readonly sendAndWait: (record: ProducerRecord<K, V>) => Promise<RecordMetadata>;
  readonly sendBatch: (batch: BatchBuilder<never, never>, to: TopicPartition) => Observable<RecordMetadata>;
  readonly write: (record: ProducerRecord<K, V>, done: Delivered) => boolean;
  readonly onReady: (listener: () => void) => () => void;
  readonly [fastSink]: (record: ProducerRecord<K, V>, receiver: DeliveryReceiver, token: number) => boolean;
  readonly #core: ProducerCore;
  readonly #cluster: Cluster;
  readonly #maxBlockMs: number;
  readonly #batchLimit: number;
  readonly #batchParts: RecordParts;
  readonly #closing: ClientClosing;

  constructor(
    cluster: Cluster,
    options: ResolvedProducerOptions,
    onClosed: () => void,
    events$: Observable<ClientEvent>,
  ) {
    const core = new ProducerCore(cluster, options);
    const typed = new ProducerEntry(core, options.keySerializer, options.valueSerializer, false);
    const raw = new ProducerEntry(core, null, null, true);
    this.#core = core;
    this.#cluster = cluster;
    this.#maxBlockMs = options.maxBlockMs;
    this.#batchLimit = Math.min(options.batchSize, options.maxRequestSize);
    this.#batchParts = new RecordParts(core, options.keySerializer, options.valueSerializer, false);
    this.#closing = new ClientClosing((timeoutMs, done) => {
      core.close(timeoutMs, done);
    }, onClosed);
    this.events$ = events$.pipe(takeUntil(this.#closing.closed$));
    const { runtime } = cluster;
    this.send = (record) => {
      const sent$ = new Observable((subscriber: Subscriber<RecordMetadata>) => typed.send(record, subscriber));
      return coldCommand(runtime, 'producer.send', sent$);
    };
    this.sendBatch = (batch, to) => {
      const sent$ = new Observable((subscriber: Subscriber<RecordMetadata>) => typed.sendBatch(batch, to, subscriber));
      return coldCommand(runtime, 'producer.sendBatch', sent$);
    };
    this.sendAndWait = (record) =>
      new Promise((resolve, reject) => {
        typed.sendCallback(record, (error, metadata) => {
          if (metadata !== null) {
            resolve(metadata);
            return;
          }
          const failure: KafkaError = error as KafkaError;
          reject(failure);
        });
      });
    this.write = (record, done) => typed.write(record, done);
    this[fastSink] = (record, receiver, token) => typed.take(record, receiver, token);
    this.onReady = (listener) => core.onReady(listener);
    this.bytes = Object.freeze<BytesSink>({
      write: (record, done) => raw.write(record, done),
      onReady: (listener) => core.onReady(listener),
      [fastSink]: (record, receiver, token) => raw.take(record, receiver, token),
    });
  }

  get metrics(): Readonly<Record<string, number>> {
    const { counters } = this.#core;
    return Object.freeze({
      ...counters,
      bufferedBytes: this.#core.bufferedBytes,
      requestsInFlight: this.#core.requestsInFlight,
    });
  }

  createBatch(): BatchBuilder<K, V> {
    return new PackedBatchBuilder<K, V>(this.#batchLimit, this.#batchParts);
  }

  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#core.flush(resolve);
    });
  }

  partitionsFor(topic: string): Observable<readonly PartitionInfo[]> {
    return partitionsFor(this.#cluster, topic, this.#maxBlockMs, this.#closing.closed$);
  }

  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void> {
    return this.#closing.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
