import { UsageError } from '../errors/usage-error.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type GroupMetadata } from '../model/commit.js';
import { type Cancel, type Done } from '../model/done.js';
import { type OffsetList } from '../model/topic-partition.js';
import { type OpenTransaction } from '../model/transaction.js';
import { type TransactionSlot } from '../producer/transaction/transaction-slot.js';
import { type SlotEntries, type SurfaceHost, TransactionSurface } from './transaction-surface.js';

/**
 * One transaction of a slot. It knows when it is over: what is written to it then is refused, whatever the slot does by then.
 */
export class SlotTransaction<K, V> implements OpenTransaction<K, V>, SurfaceHost {
  readonly tx: TransactionSurface<K, V>;
  readonly slot: TransactionSlot;
  /** Somebody has begun to end it. */
  #over = false;

  /** @param slot - on which the transaction was begun */
  constructor(slot: TransactionSlot, entries: SlotEntries) {
    this.slot = slot;
    this.tx = new TransactionSurface<K, V>(this, entries);
  }

  /** Records and offsets are taken. */
  get open(): boolean {
    return !this.#over && this.slot.open;
  }

  /** Why nothing is taken. */
  reason(): KafkaError {
    if (!this.#over && this.slot.error !== null) return this.slot.error;
    return new UsageError('The transaction is over: records and offsets go into the one that is open');
  }

  addOffsets(offsets: OffsetList, group: GroupMetadata, done: Done<null>): void {
    if (this.#over) this.#tooLate(done);
    else this.slot.addOffsets(offsets, group, done);
  }

  gather(): Cancel {
    return this.#over ? nothing : this.slot.gather();
  }

  commit(done: Done<null>): void {
    if (this.#over) {
      this.#tooLate(done);
      return;
    }
    this.#over = true;
    this.slot.commit((error) => {
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
    this.slot.abort(done);
  }

  onFailed(listener: (error: unknown) => void): Cancel {
    return this.slot.onFailed(listener);
  }

  #tooLate(done: Done<null>): void {
    const reason = this.reason();
    this.slot.later(() => {
      done(reason, null);
    });
  }
}

function nothing(): void {
  // nobody to tell
}
