import type { Observable, ObservableInput } from 'rxjs';
import type { ClientEvent } from './client-event.js';
import type { GroupMetadata } from './commit.js';
import type { ProducerRecord, RecordMetadata, RecordSink } from './record-sink.js';
import type { Serializer } from './serde.js';
import type { Bytes, OffsetList, PartitionInfo } from './topic-partition.js';

export type SerializerOption<Name extends string, T> = [T] extends [Bytes | null]
  ? { readonly [P in Name]?: Serializer<T> | undefined }
  : { readonly [P in Name]: Serializer<T> };
/**
 * Chooses the partition of a record that names none. `keyBytes` is the serialized key, null without one; `partitions` are
 * all partitions of the topic, `available` those with a leader.
 */
export type Partitioner = (args: {
  readonly topic: string;
  readonly keyBytes: Bytes | null;
  readonly partitions: readonly number[];
  readonly available: readonly number[];
}) => number;
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
export type ProducerOptions<K, V> = ProducerSettings &
  SerializerOption<'keySerializer', K> &
  SerializerOption<'valueSerializer', V>;
export type TransactionalProducerOptions<K, V> = ProducerOptions<K, V> & {
  readonly transactionalId: string;
  readonly transactionTimeoutMs?: number | undefined;
  readonly slots?: number | undefined;
};
export interface Producer<in K, in V> extends RecordSink<K, V> {
  readonly send: (record: ProducerRecord<K, V>) => Observable<RecordMetadata>;
  /** eager twin, named as in aiokafka; `await producer.send(r)` does nothing and does not even warn. */
  readonly sendAndWait: (record: ProducerRecord<K, V>) => Promise<RecordMetadata>;
  /** undecorated sink on the same accumulator, for dead letters and retry topics. */
  readonly bytes: RecordSink<Bytes | null, Bytes | null>;
  flush(): Promise<void>;
  readonly metrics: Readonly<Record<string, number>>;
  partitionsFor(topic: string): Observable<readonly PartitionInfo[]>;
  readonly events$: Observable<ClientEvent>;
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
/** Not a RecordSink: records enter only through a Transaction. */
export interface TransactionalProducer<in K, in V> {
  readonly transaction: <R>(project: (tx: Transaction<K, V>) => ObservableInput<R>) => Observable<R>;
  readonly beginTransaction: () => Observable<ManualTransaction<K, V>>;
  readonly events$: Observable<ClientEvent>;
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
}
export interface Transaction<in K, in V> extends RecordSink<K, V> {
  readonly send: (record: ProducerRecord<K, V>) => Observable<RecordMetadata>;
  readonly bytes: RecordSink<Bytes | null, Bytes | null>;
  sendOffsets(offsets: OffsetList, group: GroupMetadata): Observable<void>;
}
/** commit and abort exist only where the user owns the boundary. */
export interface ManualTransaction<in K, in V> extends Transaction<K, V> {
  commit(): Observable<void>;
  abort(): Observable<void>;
}
