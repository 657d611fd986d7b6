import { type Lease, type LeaseAnswer, type LeaseOwner, takeLease } from '../../src/model/lease.js';

interface Trunk {
  readonly lease: Lease;
  open: number;
  reason: unknown;
  released: boolean;
}

/**
 * One of several shares of a lease. The lease itself is settled with the last share: released if any share was, else
 * acknowledged. Until then it stays open, so that the partition does not rewind under the shares still at work.
 */
export class ForkedLease implements Lease {
  /** Which of the shares it is, from 0. */
  readonly share: number;
  readonly #trunk: Trunk;
  #state: 'open' | 'acked' | 'released' = 'open';
  /** Somebody took this share over, and with it the lease. */
  taken = false;

  constructor(trunk: Trunk, share: number) {
    this.#trunk = trunk;
    this.share = share;
  }

  get signal(): AbortSignal {
    return this.#trunk.lease.signal;
  }
  get partitions(): readonly LeaseOwner[] {
    return this.#trunk.lease.partitions;
  }
  /** Whether the lease that is shared is settled, or no longer ours to settle. */
  get isOver(): boolean {
    return this.#trunk.open === 0 || this.#trunk.lease.state !== 'open';
  }
  get state(): Lease['state'] {
    return this.#state === 'open' && this.#trunk.lease.state === 'fenced' ? 'fenced' : this.#state;
  }

  ack(): LeaseAnswer {
    return this.#settle('acked');
  }

  release(reason?: unknown): LeaseAnswer {
    if (this.#state === 'open' && !this.#trunk.released) {
      this.#trunk.released = true;
      this.#trunk.reason = reason;
    }
    return this.#settle('released');
  }

  #settle(state: 'acked' | 'released'): LeaseAnswer {
    if (this.#state !== 'open') return 'duplicate';
    const trunk = this.#trunk;
    this.#state = state;
    trunk.open -= 1;
    if (trunk.open > 0) return trunk.lease.state === 'fenced' ? 'fenced' : 'accepted';
    return trunk.released ? trunk.lease.release(trunk.reason) : trunk.lease.ack();
  }

  [takeLease](): void {
    this.taken = true;
    this.#trunk.lease[takeLease]?.();
  }
}

/** `shares` leases that together stand for one. */
export function forkLease(lease: Lease, shares: number): readonly ForkedLease[] {
  const trunk: Trunk = { lease, open: shares, reason: undefined, released: false };
  return Array.from({ length: shares }, (_, share) => new ForkedLease(trunk, share));
}

/** Which share of a fork a lease is; 0 for one that is no share. */
export function shareOf(lease: Lease): number {
  return lease instanceof ForkedLease ? lease.share : 0;
}
