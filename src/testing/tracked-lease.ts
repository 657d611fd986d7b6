import type { LeaseTracker } from '../consumer/lease-tracker.js';
import { type WindowEntry, windowLease } from '../model/lease-window.js';
import { type Lease, type LeaseAnswer, type LeaseOwner, takeLease } from '../model/lease.js';

/** A lease over one delivery of the client's own tracker. */
export class TrackedLease implements Lease {
  readonly partitions: readonly LeaseOwner[];
  readonly #tracker: LeaseTracker;
  readonly #sequence: number;
  /** At most once: what is not done is done all the same. */
  readonly #never: boolean;

  constructor(partitions: readonly LeaseOwner[], tracker: LeaseTracker, sequence: number, neverAgain = false) {
    this.partitions = partitions;
    this.#tracker = tracker;
    this.#sequence = sequence;
    this.#never = neverAgain;
  }

  get signal(): AbortSignal {
    return this.#tracker.signal(this.#sequence);
  }
  get state(): Lease['state'] {
    return this.#tracker.state(this.#sequence);
  }
  ack(): LeaseAnswer {
    return this.#tracker.ack(this.#sequence);
  }
  release(_reason?: unknown): LeaseAnswer {
    return this.#never ? this.ack() : this.#tracker.release(this.#sequence);
  }
  [takeLease](): void {
    this.#tracker.take(this.#sequence);
  }
  [windowLease](enter: boolean, settled?: () => void): WindowEntry {
    const { window } = this.#tracker;
    if (!enter) window.leave(this.#sequence, this.#sequence + 1);
    return enter ? window.enter(this.#sequence, this.#sequence + 1, settled) : 'settled';
  }
}
