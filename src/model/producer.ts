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
/** Options of a producer; names and defaults as in the Java client, except `batchSize` 262144. @public */
export interface ProducerSettings {
  readonly acks?: 0 | 1 | 'all' | undefined;
  readonly enableIdempotence?: boolean | undefined;
  readonly compression?:
    | 'none'
    | 'gzip'
    | 'snappy'
    | 'lz4'
    | 'zstd'
    | { readonly type: 'gzip' | 'snappy' | 'lz4' | 'zstd'; readonly level?: number | undefined }
    | undefined;
  readonly partitioner?: Partitioner | undefined;
  readonly lingerMs?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly bufferMemory?: number | undefined;
  readonly maxBlockMs?: number | undefined;
  readonly maxRequestSize?: number | undefined;
  readonly deliveryTimeoutMs?: number | undefined;
  readonly maxInFlightRequests?: 1 | 2 | 3 | 4 | 5 | undefined;
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
  readonly metrics: Readonly<Record<string, number>>;
  partitionsFor(topic: string): Observable<readonly PartitionInfo[]>;
  readonly events$: Observable<ClientEvent>;
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
