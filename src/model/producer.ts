import type { Observable } from 'rxjs';
import type { BatchBuilder } from './batch-builder.js';
import type { ClientEvent } from './client-event.js';
import type { ProducerRecord, RecordMetadata, RecordSink } from './record-sink.js';
import type { Serializer } from './serde.js';
import type { Bytes, PartitionInfo, TopicPartition } from './topic-partition.js';

/** A serializer may be left out only where bytes satisfy the type. @public */
export type SerializerOption<Name extends string, T> = [T] extends [Bytes | null]
  ? { readonly [P in Name]?: Serializer<T> | undefined }
  : { readonly [P in Name]: Serializer<T> };
/**
 * Chooses the partition of a record that names none. `keyBytes` is the serialized key, null without one; `partitions` are
 * all partitions of the topic, `available` those with a leader.
 * @public
 */
export type Partitioner = (args: {
  readonly topic: string;
  readonly keyBytes: Bytes | null;
  readonly partitions: readonly number[];
  readonly available: readonly number[];
}) => number;
/** Options of a producer; names as in the Java client. Times in milliseconds, sizes in bytes. @public */
export interface ProducerSettings {
  /** Who has to have a record before it counts: all replicas in sync, the leader (1), nobody (0, offset -1). @defaultValue 'all' (acks) */
  readonly acks?: 0 | 1 | 'all' | undefined;
  /**
   * Retries write nothing twice and keep the order (KIP-98). Off by itself with other `acks` or `retries: 0`; asked for together with
   * them it is refused. @defaultValue true (enable.idempotence)
   */
  readonly enableIdempotence?: boolean | undefined;
  /** Of whole batches. @defaultValue 'none' (compression.type) */
  readonly compression?:
    | 'none'
    | 'gzip'
    | 'snappy'
    | 'lz4'
    | 'zstd'
    | { readonly type: 'gzip' | 'snappy' | 'lz4' | 'zstd'; readonly level?: number | undefined }
    | undefined;
  /**
   * Chooses where a record goes that names no partition.
   * @defaultValue murmur2 of the key; records without one go to one partition for a batch, then to another (partitioner.class)
   */
  readonly partitioner?: Partitioner | undefined;
  /** From the first record of a batch on; only while something is in flight to its broker. @defaultValue 5 (linger.ms) */
  readonly lingerMs?: number | undefined;
  /** Most bytes of a batch with several records. Memory grows on demand. @defaultValue 262144 (batch.size, 16384 there) */
  readonly batchSize?: number | undefined;
  /** Bytes of everything unanswered; full means waiting. @defaultValue 33554432 (buffer.memory) */
  readonly bufferMemory?: number | undefined;
  /** How long a record waits for room or metadata. @defaultValue 60000 (max.block.ms) */
  readonly maxBlockMs?: number | undefined;
  /** Most bytes of a record, and of a request with several batches. @defaultValue 1048576 (max.request.size) */
  readonly maxRequestSize?: number | undefined;
  /**
   * From the batch to its answer, retries included; at least `lingerMs` + `requestTimeoutMs`.
   * @defaultValue 120000 (delivery.timeout.ms)
   */
  readonly deliveryTimeoutMs?: number | undefined;
  /** Per broker; without idempotence one batch per partition. @defaultValue 5 (max.in.flight.requests.per.connection) */
  readonly maxInFlightRequests?: 1 | 2 | 3 | 4 | 5 | undefined;
  /** Tries after the first one; `deliveryTimeoutMs` is the bound that matters. @defaultValue 2147483647 (retries) */
  readonly retries?: number | undefined;
}
/** All options of a producer. @public */
export type ProducerOptions<K, V> = ProducerSettings &
  SerializerOption<'keySerializer', K> &
  SerializerOption<'valueSerializer', V>;
/**
 * A Kafka producer. `send` is cold: each subscription writes a record; `sendAndWait` is its eager twin. Both already retry
 * until `deliveryTimeoutMs`. Operators write through `write`.
 * @public
 */
export interface Producer<in K, in V> extends RecordSink<K, V> {
  /**
   * Cold: each subscription writes the record once and emits where. Unsubscribing takes it back while it is in no batch, and changes
   * nothing later. Fails with `DeliveryError`, whose `mayHaveBeenWritten` tells the rest; `RecordTooLargeError`, `UsageError`.
   */
  readonly send: (record: ProducerRecord<K, V>) => Observable<RecordMetadata>;
  /** Eager twin of `send`: `await producer.send(r)` would do nothing. */
  readonly sendAndWait: (record: ProducerRecord<K, V>) => Promise<RecordMetadata>;
  /** Undecorated sink on the same accumulator, for dead letters and retry topics. */
  readonly bytes: RecordSink<Bytes | null, Bytes | null>;
  /** An empty batch to be packed by hand. Nothing is queued before `sendBatch`. */
  createBatch(): BatchBuilder<K, V>;
  /**
   * Cold. Puts a batch behind everything the partition has and emits the place of its first record once all of it is written.
   * A batch is queued once; several for a partition are sent in order. Waits for room in `bufferMemory` up to `maxBlockMs`:
   * then it fails and is never sent, so it may be handed over again. Unsubscribing before it is queued takes it back, later it
   * changes nothing. A batch that was not closed takes what is sent to its partition while it waits for its turn.
   */
  readonly sendBatch: (batch: BatchBuilder<never, never>, to: TopicPartition) => Observable<RecordMetadata>;
  /** Eager. Resolves when everything written before it is delivered or failed; open batches leave at once. */
  flush(): Promise<void>;
  /** Counts since the producer was made (records, bytes, batches, requests, retries) and what is buffered now. */
  readonly metrics: Readonly<Record<string, number>>;
  /**
   * Cold: the partitions of a topic, once, as soon as metadata knows them. After `maxBlockMs` a `BrokerError` for a topic that
   * does not exist, a `TimeoutExpiredError` when no broker was reached.
   */
  partitionsFor(topic: string): Observable<readonly PartitionInfo[]>;
  /** Hot, nothing is replayed; completes at close. */
  readonly events$: Observable<ClientEvent>;
  /** Eager: waits up to `timeoutMs` (30000) for what is written, fails the rest with `ClientClosedError`. */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
