import type { LeaseTracker } from '../consumer/lease-tracker.js';
import { HELD } from '../consumer/window-leases.js';

/** What became of the lease of a record, by the record's letter. */
export interface Settlement {
  readonly letter: string;
  readonly kind: 'acked' | 'released' | 'fenced';
}

interface Delivered {
  readonly letter: string;
  readonly tracker: LeaseTracker;
  readonly sequence: number;
}

/** Looks at the leases that are open, after each change, and tells of each once what became of it. */
export class SettlementLedger {
  readonly #told: (settlement: Settlement) => void;
  #open: Delivered[] = [];

  constructor(told: (settlement: Settlement) => void) {
    this.#told = told;
  }

  delivered(letter: string, tracker: LeaseTracker, sequence: number): void {
    this.#open.push({ letter, tracker, sequence });
  }

  check(): void {
    const before = this.#open;
    this.#open = [];
    const settled: Settlement[] = [];
    for (const delivered of before) {
      const kind = delivered.tracker.state(delivered.sequence);
      // in the window of a transaction nothing is settled before the transaction has ended
      if (kind === 'open' || delivered.tracker.kind(delivered.sequence) === HELD) this.#open.push(delivered);
      else settled.push({ letter: delivered.letter, kind });
    }
    for (const settlement of settled) this.#told(settlement);
  }
}
