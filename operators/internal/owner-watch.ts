import type { Lease, LeaseOwner } from '../../src/model/lease.js';

export type Pressure = Parameters<Parameters<LeaseOwner['onPressure']>[0]>[0];

/**
 * Hears the pressure on each partition whose leases an operator holds back. A partition that is about to go is told once and
 * remembered: what arrives of it later, from a step above that still works, must not be held back either.
 */
export class OwnerWatch {
  readonly #pressed: (owner: LeaseOwner, why: Pressure) => void;
  readonly #unlisten = new Map<LeaseOwner, () => void>();
  readonly #leaving = new WeakSet<LeaseOwner>();
  #latest: LeaseOwner | null = null;
  /** Asked about last, and not about to go: records come in runs of one partition. */
  #staying: LeaseOwner | null = null;

  constructor(pressed: (owner: LeaseOwner, why: Pressure) => void) {
    this.#pressed = pressed;
  }

  see(lease: Lease): void {
    const owners = lease.partitions;
    if (owners.length === 1 && owners[0] === this.#latest) return;
    for (const owner of owners) {
      if (!this.#unlisten.has(owner) && !this.#leaving.has(owner)) this.#listen(owner);
      this.#latest = owner;
    }
  }

  /** Whether nothing of the lease should wait: its window is used up, or its partition is about to go. */
  presses(lease: Lease): boolean {
    for (const owner of lease.partitions) if (owner.windowFull || this.#leaving.has(owner)) return true;
    return false;
  }

  isLeaving(lease: Lease): boolean {
    // once per record: no closure, and no look into the set
    const owners = lease.partitions;
    if (owners.length === 1 && owners[0] === this.#staying) return false;
    for (const owner of owners) if (this.#leaving.has(owner)) return true;
    if (owners.length === 1) this.#staying = owners[0]!;
    return false;
  }

  close(): void {
    for (const unlisten of this.#unlisten.values()) unlisten();
    this.#unlisten.clear();
    this.#latest = null;
    this.#staying = null;
  }

  #listen(owner: LeaseOwner): void {
    // a partition that ended without a word (its stream was closed) is known by its successor
    for (const [earlier, unlisten] of this.#unlisten) {
      if (earlier.topic !== owner.topic || earlier.partition !== owner.partition || earlier.epoch >= owner.epoch)
        continue;
      unlisten();
      this.#unlisten.delete(earlier);
    }
    const unlisten = owner.onPressure((why) => {
      if (why !== 'windowFull') this.#left(owner);
      this.#pressed(owner, why);
    });
    this.#unlisten.set(owner, unlisten);
  }

  #left(owner: LeaseOwner): void {
    this.#leaving.add(owner);
    this.#staying = null;
    this.#unlisten.get(owner)?.();
    this.#unlisten.delete(owner);
  }
}
