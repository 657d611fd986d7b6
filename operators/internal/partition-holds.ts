import type { LeaseOwner } from '../../src/model/lease.js';

/** The partitions an operator holds, each once. */
export class PartitionHolds {
  readonly #reason: string;
  readonly #ends = new Map<LeaseOwner, () => void>();

  constructor(reason: string) {
    this.#reason = reason;
  }

  begin(owner: LeaseOwner): void {
    if (!this.#ends.has(owner)) this.#ends.set(owner, owner.hold(this.#reason));
  }

  /** Holds these and no others. */
  settle(owners: ReadonlySet<LeaseOwner>): void {
    for (const owner of owners) this.begin(owner);
    for (const [owner, end] of this.#ends) {
      if (owners.has(owner)) continue;
      this.#ends.delete(owner);
      end();
    }
  }
}
