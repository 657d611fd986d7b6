import { Observable } from 'rxjs';
import { UsageError } from '../errors/usage-error.js';
import { type KafkaError } from '../errors/kafka-error.js';
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
import { type OpenTransaction, type Transaction } from '../model/transaction.js';
import { type TransactionSlot } from '../producer/transaction/transaction-slot.js';
import { coldCommand } from './cold-command.js';
import { type Delivered } from './delivery-slots.js';
import { sendOffsetsComplaint } from './commit-arguments.js';
import { type ProducerEntry } from './producer-entry.js';

/** The two ways of records into one slot. */
export interface SlotEntries {
  readonly typed: ProducerEntry;
  readonly raw: ProducerEntry;
}

type FastTransaction<K, V> = Transaction<K, V> & FastSink<K, V>;

/**
 * One transaction of a slot. It knows when it is over: what is written to it then is refused, whatever the slot does by then.
 */
export class SlotTransaction<K, V> implements OpenTransaction<K, V> {
  readonly tx: FastTransaction<K, V>;
  readonly #slot: TransactionSlot;
  /** Somebody has begun to end it. */
  #over = false;

  /** @param slot - on which the transaction was begun */
  constructor(slot: TransactionSlot, { typed, raw }: SlotEntries) {
    this.#slot = slot;
    this.tx = Object.freeze<FastTransaction<K, V>>({
      ...this.#sink<K, V>(typed),
      bytes: Object.freeze(this.#sink<Bytes | null, Bytes | null>(raw)),
      send: (record) => coldCommand(slot.runtime, 'tx.send', this.#send(typed, record)),
      sendOffsets: (offsets, group) => coldCommand(slot.runtime, 'tx.sendOffsets', this.#sendOffsets(offsets, group)),
    });
  }

  /** Records and offsets are taken. */
  get open(): boolean {
    return !this.#over && this.#slot.open;
  }

  addOffsets(offsets: OffsetList, group: GroupMetadata, done: Done<null>): void {
    if (this.#over) this.#tooLate(done);
    else this.#slot.addOffsets(offsets, group, done);
  }

  gather(): Cancel {
    return this.#over ? nothing : this.#slot.gather();
  }

  commit(done: Done<null>): void {
    if (this.#over) {
      this.#tooLate(done);
      return;
    }
    this.#over = true;
    this.#slot.commit((error) => {
      // a commit that failed leaves the abort to the owner; a slot that is finished answers that with the reason
      if (error !== null) this.#over = false;
      done(error, null);
    });
  }

  abort(done: Done<null>): void {
    if (this.#over) {
      this.#tooLate(done);
      return;
    }
    this.#over = true;
    this.#slot.abort(done);
  }

  onFailed(listener: (error: unknown) => void): Cancel {
    return this.#slot.onFailed(listener);
  }

  #sink<A, B>(entry: ProducerEntry): RecordSink<A, B> & FastSink<A, B> {
    return {
      write: (record: ProducerRecord<A, B>, done: Delivered): boolean => {
        if (this.open) return entry.write(record, done);
        this.#refuse(
          {
            delivered: nothing,
            failed: (_, error) => {
              done(error, null);
            },
            flushed: nothing,
          },
          0,
        );
        return true;
      },
      onReady: (listener: () => void) => this.#slot.core.onReady(listener),
      [fastSink]: (record: ProducerRecord<A, B>, receiver: DeliveryReceiver, token: number): boolean => {
        if (this.open) return entry.take(record, receiver, token);
        this.#refuse(receiver, token);
        return true;
      },
    };
  }

  #send(entry: ProducerEntry, record: ProducerRecord<K, V>): Observable<RecordMetadata> {
    return new Observable((subscriber) => {
      if (this.open) return entry.send(record, subscriber);
      const failed = (_: number, error: unknown): void => {
        subscriber.error(error);
      };
      this.#refuse({ delivered: nothing, failed, flushed: nothing }, 0);
      return undefined;
    });
  }

  #sendOffsets(offsets: OffsetList, group: GroupMetadata): Observable<void> {
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
        this.#slot.later(() => {
          done(wrong, null);
        });
      else this.addOffsets(offsets, group, done);
    });
  }

  #refuse(receiver: DeliveryReceiver, token: number): void {
    this.#slot.core.refuse({ receiver, token }, this.#reason());
  }

  #tooLate(done: Done<null>): void {
    const reason = this.#reason();
    this.#slot.later(() => {
      done(reason, null);
    });
  }

  #reason(): KafkaError {
    if (!this.#over && this.#slot.error !== null) return this.#slot.error;
    return new UsageError('The transaction is over: records and offsets go into the one that is open');
  }
}

function nothing(): void {
  // nobody to tell
}
