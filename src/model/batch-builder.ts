import type { RecordHeadersInit } from './record-headers.js';

/** A record of a batch that is packed by hand: topic and partition are those of the batch. @public */
export interface BatchRecord<out K, out V> {
  /** What the key serializer takes. */
  readonly key?: K | null | undefined;
  /** What the value serializer takes. */
  readonly value: V;
  /** Milliseconds since the epoch; now when absent. */
  readonly timestamp?: number | undefined;
  /** Written in their order. */
  readonly headers?: RecordHeadersInit | undefined;
}

/** What a batch knows of a record it took. @public */
export interface AppendedRecord {
  /** Within the batch, from 0 on. */
  readonly offset: number;
  /** Bytes in the batch, before compression. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/**
 * A record batch (format 2) packed by hand: how many records there are is known before anything is sent, and all of them go to
 * one partition. Keys and values go through the producer's serializers, which see the topic `''`, because that is named only
 * with `sendBatch`. Not queued and not counted against `bufferMemory` before it is sent.
 *
 * @example
 * ```ts
 * const batch = producer.createBatch();
 * while (invoices.length > 0 && batch.append({ value: invoices[0] }) !== null) invoices.shift();
 * producer.sendBatch(batch, { topic: 'invoices', partition: 0 }).subscribe();
 * ```
 * @public
 */
export interface BatchBuilder<in K, in V> {
  /**
   * Adds a record: what became of it, or null when the batch is closed, was handed over, or has no room for it within the
   * producer's `batchSize` and `maxRequestSize`; a batch without room closes. The first record always fits.
   * @throws UsageError for a record that cannot be written, as a missing value; the batch stays usable.
   */
  readonly append: (record: BatchRecord<K, V>) => AppendedRecord | null;
  /** Records appended. */
  readonly recordCount: number;
  /** Bytes so far, 61 of an empty batch included, before compression. */
  readonly size: number;
  /** Takes no more records. */
  readonly closed: boolean;
  /** Refuses records from now on, for good. Says nothing about when the batch is sent. */
  close(): void;
}
