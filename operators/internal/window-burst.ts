import type { Subscription } from 'rxjs';
import type { LeaseOwner } from '../../src/model/lease.js';

/**
 * The first elements of a window, as long as they come in a row: at full speed that is the whole window. What is written for
 * them is gathered meanwhile, as a partition of a transaction takes a second batch only behind the answer to its first one,
 * and the first one waits for the coordinator. Over with the first turn that brings nothing, or with the window: work that
 * trickles is never held back.
 */
export class WindowBurst {
  readonly #scheduler: LeaseOwner['runtime']['scheduler'];
  readonly #count: () => number;
  #letGo: (() => void) | null;
  #look: Subscription | null = null;
  #seen = -1;

  /**
   * @param count - elements so far
   * @param letGo - ends the gathering
   */
  constructor(scheduler: LeaseOwner['runtime']['scheduler'], count: () => number, letGo: () => void) {
    this.#scheduler = scheduler;
    this.#count = count;
    this.#letGo = letGo;
    this.#lookSoon();
  }

  end(): void {
    this.#look?.unsubscribe();
    const letGo = this.#letGo;
    this.#letGo = null;
    letGo?.();
  }

  #lookSoon(): void {
    this.#look = this.#scheduler.schedule(() => {
      const count = this.#count();
      if (count === this.#seen) {
        this.end();
        return;
      }
      this.#seen = count;
      this.#lookSoon();
    });
  }
}
