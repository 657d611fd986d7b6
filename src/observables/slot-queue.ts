import { ClientClosedError, UsageError } from '../errors/usage-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type SlotSet } from '../producer/transaction/slot-set.js';
import { type TransactionSlot } from '../producer/transaction/transaction-slot.js';

/**
 * Gives slots to transactions in the order in which they asked. A slot whose transaction is on its way to its end is waited
 * for: `switchMap` begins the next one while the abort of the last one is under way. When all slots are open, waiting could be
 * for ever (a transaction inside another one), and it is a `UsageError`.
 */
export class SlotQueue {
  readonly #slots: SlotSet;
  readonly #waiting: Set<Done<TransactionSlot>> = new Set<Done<TransactionSlot>>();
  #stop: Cancel | null = null;

  constructor(slots: SlotSet) {
    this.#slots = slots;
  }

  /** Answers with a slot on which the caller begins at once, in the stack of the answer. */
  take(done: Done<TransactionSlot>): Cancel {
    let cancelWait: Cancel | null = null;
    const cancelPrepare = this.#slots.prepare((error) => {
      if (error !== null) done(error, null);
      else cancelWait = this.#wait(done);
    });
    return () => {
      cancelPrepare();
      cancelWait?.();
    };
  }

  /** In the stack of an answer already. */
  #wait(done: Done<TransactionSlot>): Cancel {
    const own: Done<TransactionSlot> = (error, slot) => {
      done(error, slot);
    };
    this.#waiting.add(own);
    this.#serve();
    return () => {
      this.#waiting.delete(own);
    };
  }

  #serve(): void {
    for (const done of this.#waiting) {
      const slot = this.#slots.find();
      const failure = slot === null ? this.#failure() : null;
      if (slot === null && failure === null) break;
      this.#waiting.delete(done);
      done(failure, slot);
    }
    if (this.#waiting.size === 0) {
      this.#stop?.();
      this.#stop = null;
    } else {
      this.#stop ??= this.#slots.onFree(() => {
        this.#serve();
      });
    }
  }

  #failure(): UsageError | NonNullable<SlotSet['fatal']> | null {
    const { fatal, ending, slots } = this.#slots;
    if (fatal !== null) return fatal;
    if (slots.some(({ state }) => state === 'closed')) return new ClientClosedError();
    if (ending) return null;
    return new UsageError(
      `All ${slots.length} slots have an open transaction: end one, or give the producer more slots`,
    );
  }
}
