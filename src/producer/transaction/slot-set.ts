import { type Cluster } from '../../cluster/cluster.js';
import { type TransactionError } from '../../errors/client-errors.js';
import { type KafkaError } from '../../errors/kafka-error.js';
import { type Cancel, type Done } from '../../model/done.js';
import { Listeners } from '../../runtime/listeners.js';
import { hop } from '../../runtime/timer.js';
import { TransactionSlot, type TransactionSlotOptions } from './transaction-slot.js';

/** What the slots of one transactional producer have in common. */
export interface SlotSetOptions extends TransactionSlotOptions {
  readonly transactionalId: string;
  readonly slots: number;
}

/** The slots of one transactional producer: as many transactional ids, as many transactions open at once. */
export class SlotSet {
  readonly slots: readonly TransactionSlot[];
  /** One of them is finished, and with it the producer: its ids belong together. */
  fatal: TransactionError | null = null;
  readonly #cluster: Cluster;
  /** Where the last transaction began. */
  #last = -1;
  readonly #free: Listeners = new Listeners();

  constructor(cluster: Cluster, options: SlotSetOptions) {
    this.#cluster = cluster;
    const listener = {
      free: (): void => {
        this.#tellFree();
      },
      finished: (error: TransactionError): void => {
        this.fatal ??= error;
        this.#tellFree();
      },
    };
    this.slots = idsOf(options).map((id) => new TransactionSlot(cluster, options, id, listener));
  }

  /** Every slot has its producer id, which aborts what a dead predecessor left open. Answers with the first failure. */
  prepare(done: Done<null>): Cancel {
    let left = this.slots.length;
    let over = false;
    const cancels = this.slots.map((slot) =>
      slot.initialise((error) => {
        if (over || (error === null && --left > 0)) return;
        over = true;
        done(error ?? this.fatal, null);
      }),
    );
    return () => {
      over = true;
      for (const cancel of cancels) cancel();
    };
  }

  /**
   * One on which a transaction may begin; none once one of them is finished. In turns: right behind the end of a transaction its
   * markers are on their way, and the next one under the same id waits for them.
   */
  find(): TransactionSlot | null {
    if (this.fatal !== null) return null;
    const { length } = this.slots;
    for (let step = 1; step <= length; step++) {
      const at = (this.#last + step) % length;
      const slot = this.slots[at]!;
      if (slot.state !== 'ready') continue;
      this.#last = at;
      return slot;
    }
    return null;
  }

  /** A transaction is on its way to its end: its slot is free soon. */
  get ending(): boolean {
    return this.slots.some(({ state }) => state === 'committing' || state === 'aborting');
  }

  /** Calls the listener when a slot became free, or none ever will. */
  onFree(listener: () => void): Cancel {
    return this.#free.add(listener);
  }

  /** `done` when every slot is closed. */
  close(timeoutMs: number, done: (error: KafkaError | null) => void): void {
    let left = this.slots.length;
    for (const slot of this.slots) {
      slot.close(timeoutMs, () => {
        if (--left === 0) {
          this.#tellFree();
          done(null);
        }
      });
    }
  }

  #tellFree(): void {
    // a hop: whoever begins now must not run in the stack of the transaction that ended
    if (this.#free.size === 0) return;
    hop(this.#cluster.runtime, () => {
      this.#free.tell(undefined);
    });
  }
}

/** One id as it was given; several with their number behind it. */
function idsOf({ transactionalId, slots }: SlotSetOptions): string[] {
  if (slots === 1) return [transactionalId];
  return Array.from({ length: slots }, (_, slot) => `${transactionalId}-${slot}`);
}
