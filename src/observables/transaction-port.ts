import { Observable } from 'rxjs';
import { type GroupMetadata } from '../model/commit.js';
import { type Cancel, type Done } from '../model/done.js';
import {
  type DeliveryReceiver,
  type FastSink,
  fastSink,
  type ProducerRecord,
  type RecordMetadata,
  type RecordSink,
} from '../model/record-sink.js';
import { type Bytes, type OffsetList } from '../model/topic-partition.js';
import { type Transaction } from '../model/transaction.js';
import { sendOffsetsComplaint } from './commit-arguments.js';
import { type Delivered } from './delivery-slots.js';
import { type ProducerEntry } from './producer-entry.js';

/** The two ways of records into one slot. */
export interface SlotEntries {
  readonly typed: ProducerEntry;
  readonly raw: ProducerEntry;
}

/** The transaction behind a port. */
export interface PortHome {
  /** Records and offsets are taken. */
  readonly open: boolean;
  onReady(listener: () => void): Cancel;
  /** For a record that comes when the transaction is over. */
  refuse(receiver: DeliveryReceiver, token: number): void;
  addOffsets(offsets: OffsetList, group: GroupMetadata, done: Done<null>): void;
  cold<T>(what: string, command: Observable<T>): Observable<T>;
  /** In a turn of its own. */
  later(work: () => void): void;
}

/** The records of one transaction, typed or serialized already. Its functions may be handed around without it. */
class TransactionSink<A, B> implements RecordSink<A, B>, FastSink<A, B> {
  readonly write: (record: ProducerRecord<A, B>, done: Delivered) => boolean;
  readonly onReady: (listener: () => void) => Cancel;
  readonly [fastSink]: (record: ProducerRecord<A, B>, receiver: DeliveryReceiver, token: number) => boolean;

  constructor(transaction: PortHome, entry: ProducerEntry) {
    this.write = (record, done) => {
      if (transaction.open) return entry.write(record, done);
      const failed = (_: number, error: unknown): void => {
        done(error, null);
      };
      transaction.refuse({ delivered: nothing, failed, flushed: nothing }, 0);
      return true;
    };
    this.onReady = (listener) => transaction.onReady(listener);
    this[fastSink] = (record, receiver, token) => {
      if (transaction.open) return entry.take(record, receiver, token);
      transaction.refuse(receiver, token);
      return true;
    };
  }
}

/** What users hold of a transaction. Made for every window: what few of them need is made when it is asked for. */
export class TransactionPort<K, V> extends TransactionSink<K, V> implements Transaction<K, V> {
  readonly #transaction: PortHome;
  readonly #entries: SlotEntries;
  #bytes: RecordSink<Bytes | null, Bytes | null> | null = null;
  #send: Transaction<K, V>['send'] | null = null;

  constructor(transaction: PortHome, entries: SlotEntries) {
    super(transaction, entries.typed);
    this.#transaction = transaction;
    this.#entries = entries;
  }

  get bytes(): RecordSink<Bytes | null, Bytes | null> {
    return (this.#bytes ??= new TransactionSink<Bytes | null, Bytes | null>(this.#transaction, this.#entries.raw));
  }

  get send(): (record: ProducerRecord<K, V>) => Observable<RecordMetadata> {
    return (this.#send ??= (record) => this.#transaction.cold('tx.send', this.#sending(record)));
  }

  sendOffsets(offsets: OffsetList, group: GroupMetadata): Observable<void> {
    return this.#transaction.cold('tx.sendOffsets', this.#sendingOffsets(offsets, group));
  }

  #sending(record: ProducerRecord<K, V>): Observable<RecordMetadata> {
    const transaction = this.#transaction;
    const { typed } = this.#entries;
    return new Observable((subscriber) => {
      if (transaction.open) return typed.send(record, subscriber);
      const failed = (_: number, error: unknown): void => {
        subscriber.error(error);
      };
      transaction.refuse({ delivered: nothing, failed, flushed: nothing }, 0);
      return undefined;
    });
  }

  #sendingOffsets(offsets: OffsetList, group: GroupMetadata): Observable<void> {
    return new Observable((subscriber) => {
      const wrong = sendOffsetsComplaint(offsets, group);
      const done: Done<null> = (error) => {
        if (error !== null) {
          subscriber.error(error);
          return;
        }
        subscriber.next();
        subscriber.complete();
      };
      if (wrong !== null)
        this.#transaction.later(() => {
          done(wrong, null);
        });
      else this.#transaction.addOffsets(offsets, group, done);
    });
  }
}

function nothing(): void {
  // nobody to tell
}
