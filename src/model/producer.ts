import type { Observable } from 'rxjs';
import type { ClientEvent } from './client-event.js';
import type { ProducerRecord, RecordMetadata, RecordSink } from './record-sink.js';
import type { Serializer } from './serde.js';
import type { Bytes, PartitionInfo } from './topic-partition.js';

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
  flush(): Promise<void>;
  readonly metrics: Readonly<Record<string, number>>;
  partitionsFor(topic: string): Observable<readonly PartitionInfo[]>;
  readonly events$: Observable<ClientEvent>;
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
