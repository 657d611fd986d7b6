import type { Observable, ObservableInput } from 'rxjs';
import type { ClientEvent } from './client-event.js';
import type { GroupMetadata } from './commit.js';
import type { Cancel, Done } from './done.js';
import type { ProducerOptions } from './producer.js';
import type { ProducerRecord, RecordMetadata, RecordSink } from './record-sink.js';
import type { Bytes, OffsetList } from './topic-partition.js';

/**
 * All options of a transactional producer: those of a producer, and `transactionalId`, unique per running instance and the
 * same after its restart (`transactional.id`); `transactionTimeoutMs`, after which the broker aborts (`transaction.timeout.ms`,
 * 10000 here); `slots`, the number of transactions that may be open at once, each with an id of its own, 1 by default.
 * @public
 */
export type TransactionalProducerOptions<K, V> = ProducerOptions<K, V> & {
  readonly transactionalId: string;
  readonly transactionTimeoutMs?: number | undefined;
  readonly slots?: number | undefined;
};

/** One open transaction: a sink whose records are seen by `read_committed` readers once it is committed. @public */
export interface Transaction<in K, in V> extends RecordSink<K, V> {
  /** Cold: each subscription writes the record and emits where it was written. */
  readonly send: (record: ProducerRecord<K, V>) => Observable<RecordMetadata>;
  /** The same transaction for bytes that are serialized already: dead letters and retry topics. */
  readonly bytes: RecordSink<Bytes | null, Bytes | null>;
  /**
   * Cold: makes the offsets (next to read) of a consumer group part of the transaction (KIP-447). Several groups may take
   * part. A group that has moved on fails it with an abortable `TransactionError`.
   */
  sendOffsets(offsets: OffsetList, group: GroupMetadata): Observable<void>;
}

/** A transaction whose end the caller decides. `commit` and `abort` are cold and, once subscribed, not cancelled. @public */
export interface ManualTransaction<in K, in V> extends Transaction<K, V> {
  /** Waits for everything written, then commits. Fails with an abortable `TransactionError` when only `abort` is left. */
  commit(): Observable<void>;
  /** Undoes it: nobody under `read_committed` sees any of it. */
  abort(): Observable<void>;
}

/** A producer whose records enter through transactions alone; it is no sink itself. @public */
export interface TransactionalProducer<in K, in V> {
  /**
   * Cold: begins a transaction per subscription, commits when the project's stream completes, aborts when it fails or is
   * unsubscribed. Values are passed on as they come; the completion comes after the commit.
   */
  readonly transaction: <R>(project: (tx: Transaction<K, V>) => ObservableInput<R>) => Observable<R>;
  /** Cold: a transaction that its caller ends. */
  readonly beginTransaction: () => Observable<ManualTransaction<K, V>>;
  /** Hot, nothing is replayed; completes at close. */
  readonly events$: Observable<ClientEvent>;
  /** Eager: aborts what is open, waits up to `timeoutMs` (30000) for what is ending. */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What the operator `transaction` asks of a transactional producer beyond its public surface. @internal */
export interface TransactionSlots<in K, in V> {
  readonly count: number;
  readonly transactionTimeoutMs: number;
  /** Initialises the ids of all slots, which aborts what a dead predecessor left open; at once when that was done. */
  prepare(done: Done<null>): Cancel;
  /** Begins on a free slot, synchronously; null when every slot has an open transaction. */
  begin(): OpenTransaction<K, V> | null;
  /** One of the transactions, whoever began it, is on its way to its end, or the producer is: `onFree` follows. */
  readonly ending: boolean;
  /** Calls the listener each time a slot becomes free; the returned function removes it. */
  onFree(listener: () => void): Cancel;
}

/**
 * A transaction begun on a slot. Every `Done` comes once and never in the stack of the call. Errors are `TransactionError`:
 * `abortable` asks for `abort`, otherwise the producer is finished.
 * @internal
 */
export interface OpenTransaction<in K, in V> {
  readonly tx: Transaction<K, V>;
  addOffsets(offsets: OffsetList, group: GroupMetadata, done: Done<null>): void;
  /**
   * Open batches stay until the returned function is called, as more records are about to come; full ones leave. What is
   * written in a row then leaves in one batch per partition: a second one has to wait for the answer of the first.
   */
  gather(): Cancel;
  /** Waits for everything written, then commits. After an abortable error the caller aborts. */
  commit(done: Done<null>): void;
  /** Gives up what is not sent, then aborts; an error is fatal. */
  abort(done: Done<null>): void;
  /** The transaction cannot be committed any more, found out outside of a call of its owner (a write failed). */
  onFailed(listener: (error: unknown) => void): Cancel;
}

/** Key of the port by which the operator `transaction` drives a transactional producer. @internal */
export const transactionSlots: unique symbol = Symbol.for('rx-kafka.transactionSlots') as never;

/** A transactional producer that the operator `transaction` can drive. @internal */
export interface SlottedProducer<in K, in V> {
  readonly [transactionSlots]?: TransactionSlots<K, V>;
}
