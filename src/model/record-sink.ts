import type { RecordHeadersInit } from './record-headers.js';
import type { TimestampType } from './topic-partition.js';
import type { Leased } from './lease.js';

/**
 * A record to write. `value: V`, not `V | null`: a tombstone deletes data and needs `nullable(...)` as the serializer.
 * @public
 */
export interface ProducerRecord<out K, out V> {
  /** Name of the topic. */
  readonly topic: string;
  /** What the value serializer takes. */
  readonly value: V;
  /** Records of one key go to one partition. */
  readonly key?: K | null | undefined;
  /** Chosen by key, or by the `partitioner`, when absent. */
  readonly partition?: number | undefined;
  /** Milliseconds since the epoch; now when absent. */
  readonly timestamp?: number | undefined;
  /** Written in their order. */
  readonly headers?: RecordHeadersInit | undefined;
}

/** Where a record was written. Sizes are bytes on the wire, -1 for null. @public */
export interface RecordMetadata {
  /** Name of the topic. */
  readonly topic: string;
  /** Counted from 0. */
  readonly partition: number;
  /** -1 when unknown: `acks: 0`, or a duplicate whose first answer was lost. */
  readonly offset: number;
  /** Milliseconds since the epoch, as it is in the log. */
  readonly timestamp: number;
  /** Who set `timestamp`. */
  readonly timestampType: TimestampType;
  /** First offset that was in the partition then, -1 when unknown. */
  readonly logStartOffset: number;
  /** Of the key. */
  readonly serializedKeySize: number;
  /** Of the value. */
  readonly serializedValueSize: number;
}

/** `RecordMetadata` and the element it belongs to. @public */
export interface DeliveryFields<out S> extends RecordMetadata {
  /** The element that the record was made of. */
  readonly source: S;
}

/** `RecordMetadata` with the element it was produced from; carries the element's lease when it has one. @public */
export type Delivery<S> = DeliveryFields<S> & Pick<S, keyof S & keyof Leased>;

/**
 * Port through which operators write. Property syntax, so that K and V are checked contravariantly.
 * @public
 */
export interface RecordSink<in K, in V> {
  /**
   * Takes the record over; `done` runs exactly once, never in the stack of `write`. False: the record was taken, but the
   * sink is full; wait for `onReady` before the next one.
   */
  readonly write: (
    record: ProducerRecord<K, V>,
    done: (error: unknown, metadata: RecordMetadata | null) => void,
  ) => boolean;
  /** Calls the listener each time room comes back; the returned function removes it. */
  readonly onReady: (listener: () => void) => () => void;
}

/** What every record of one written batch has in common. @internal */
export interface WrittenBatch {
  readonly topic: string;
  readonly partition: number;
  readonly timestampType: TimestampType;
  readonly logStartOffset: number;
}

/** The receiving end of {@link FastSink}: no object and no closure per record. @internal */
export interface DeliveryReceiver {
  delivered(
    token: number,
    batch: WrittenBatch,
    offset: number,
    timestamp: number,
    serializedKeySize: number,
    serializedValueSize: number,
  ): void;
  failed(token: number, error: unknown): void;
  /** After the last `delivered` or `failed` of one answer: emit what is due. */
  flushed(): void;
}

/** Key of the faster port that the client's own sinks offer beside `write`. @internal */
export const fastSink: unique symbol = Symbol.for('rx-kafka.fastSink') as never;

/**
 * Same contract as `RecordSink.write`, but the acknowledgement is told to one receiver by an integer token of its own
 * choice, so that nothing is allocated per record.
 * @internal
 */
export interface FastSink<in K, in V> {
  readonly [fastSink]?: (record: ProducerRecord<K, V>, receiver: DeliveryReceiver, token: number) => boolean;
}
