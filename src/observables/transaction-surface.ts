import { Observable } from 'rxjs';
import { type KafkaError } from '../errors/kafka-error.js';
import { type GroupMetadata } from '../model/commit.js';
import { type Done } from '../model/done.js';
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
import { type TransactionSlot } from '../producer/transaction/transaction-slot.js';
import { coldCommand } from './cold-command.js';
import { sendOffsetsComplaint } from './commit-arguments.js';
import { type Delivered } from './delivery-slots.js';
import { type ProducerEntry } from './producer-entry.js';

/** The two ways of records into one slot. */
export interface SlotEntries {
  readonly typed: ProducerEntry;
  readonly raw: ProducerEntry;
}

/** The transaction below its surface. */
export interface SurfaceHost {
  /** On which it was begun. */
  readonly slot: TransactionSlot;
  /** Records and offsets are taken. */
  readonly open: boolean;
  /** Why they are not. */
  reason(): KafkaError;
  addOffsets(offsets: OffsetList, group: GroupMetadata, done: Done<null>): void;
}

/**
 * The way of records into one transaction. There is one for every window: what few of them ask for is made when it is asked for, as
 * functions that need no `this`, and all of them share one shape.
 */
class TransactionSink<K, V> implements RecordSink<K, V>, FastSink<K, V> {
  readonly #host: SurfaceHost;
  readonly #entry: ProducerEntry;

  constructor(host: SurfaceHost, entry: ProducerEntry) {
    this.#host = host;
    this.#entry = entry;
  }

  get write(): (record: ProducerRecord<K, V>, done: Delivered) => boolean {
    return (record, done) => {
      if (this.#host.open) return this.#entry.write(record, done);
      refuse(this.#host, (error) => {
        done(error, null);
      });
      return true;
    };
  }

  get onReady(): (listener: () => void) => () => void {
    return (listener) => this.#host.slot.core.onReady(listener);
  }

  [fastSink](record: ProducerRecord<K, V>, receiver: DeliveryReceiver, token: number): boolean {
    if (this.#host.open) return this.#entry.take(record, receiver, token);
    this.#host.slot.core.refuse({ receiver, token }, this.#host.reason());
    return true;
  }
}

/** What the project function of a transaction, or its caller, is given. */
export class TransactionSurface<K, V> extends TransactionSink<K, V> implements Transaction<K, V> {
  readonly #host: SurfaceHost;
  readonly #entries: SlotEntries;
  #bytes: RecordSink<Bytes | null, Bytes | null> | null = null;

  constructor(host: SurfaceHost, entries: SlotEntries) {
    super(host, entries.typed);
    this.#host = host;
    this.#entries = entries;
  }

  get bytes(): RecordSink<Bytes | null, Bytes | null> {
    return (this.#bytes ??= new TransactionSink<Bytes | null, Bytes | null>(this.#host, this.#entries.raw));
  }

  get send(): (record: ProducerRecord<K, V>) => Observable<RecordMetadata> {
    return (record) => coldCommand(this.#host.slot.runtime, 'tx.send', this.#send(record));
  }

  get sendOffsets(): (offsets: OffsetList, group: GroupMetadata) => Observable<void> {
    return (offsets, group) =>
      coldCommand(this.#host.slot.runtime, 'tx.sendOffsets', this.#sendOffsets(offsets, group));
  }

  #send(record: ProducerRecord<K, V>): Observable<RecordMetadata> {
    return new Observable((subscriber) => {
      if (this.#host.open) return this.#entries.typed.send(record, subscriber);
      refuse(this.#host, (error) => {
        subscriber.error(error);
      });
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
        this.#host.slot.later(() => {
          done(wrong, null);
        });
      else this.#host.addOffsets(offsets, group, done);
    });
  }
}

function refuse(host: SurfaceHost, failed: (error: unknown) => void): void {
  const receiver = {
    delivered: nothing,
    failed: (_: number, error: unknown): void => {
      failed(error);
    },
    flushed: nothing,
  };
  host.slot.core.refuse({ receiver, token: 0 }, host.reason());
}

function nothing(): void {
  // nobody to tell
}
