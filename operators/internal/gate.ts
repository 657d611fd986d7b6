import type { Observer, Subscriber } from 'rxjs';
import type { LeaseOwner, Leased } from '../../src/model/lease.js';
import { take } from './leases.js';
import { OwnerWatch } from './owner-watch.js';
import { RefQueue } from './ref-queue.js';

/**
 * Elements that wait at a gate. Held leases are taken and bounded by the window. While the source lives, elements of a
 * partition that is about to go are given back at once: nobody has begun on them, so its next owner starts with them and the
 * drain need not wait for a gate that may never open. After the source has completed they wait on, at most for the drain.
 */
export class Gate<S extends Leased> implements Observer<S> {
  readonly #pass: (item: S) => void;
  readonly #downstream: Subscriber<unknown>;
  /** Under which reason partitions are put on hold while the gate is shut, null for none. */
  readonly #reason: string | null;
  readonly #watch: OwnerWatch;
  readonly #holds = new Map<LeaseOwner, () => void>();
  #held = new RefQueue<S>();
  #shut: boolean;
  #passing = false;
  #completed = false;
  #closed = false;

  constructor(pass: (item: S) => void, downstream: Subscriber<unknown>, shut: boolean, reason: string | null) {
    this.#pass = pass;
    this.#downstream = downstream;
    this.#shut = shut;
    this.#reason = reason;
    this.#watch = new OwnerWatch((owner, why) => {
      if (why !== 'windowFull' && !this.#completed) this.#giveBack(owner);
    });
  }

  next(item: S): void {
    if (!this.#shut && !this.#passing && this.#held.length === 0) {
      this.#pass(item);
      return;
    }
    const lease = item.lease;
    take(lease);
    this.#watch.see(lease);
    if (this.#closed || (this.#shut && this.#watch.isLeaving(lease))) {
      lease.release();
      return;
    }
    this.#held.push(item);
    if (this.#shut && this.#reason !== null) this.#hold(lease.partitions, this.#reason);
  }

  error(error: unknown): void {
    this.#downstream.error(error);
  }

  complete(): void {
    this.#completed = true;
    this.#finish();
  }

  shut(): void {
    this.#shut = true;
  }

  /** Lets everything through that waits, in order, unless the gate is shut again in the middle. */
  open(): void {
    this.#shut = false;
    if (this.#passing) return;
    this.#passing = true;
    while (this.#held.length > 0 && !this.#isStopped()) {
      const item = this.#held.take();
      if (item.lease.state !== 'fenced') this.#pass(item);
    }
    this.#passing = false;
    if (!this.#isStopped()) this.#unholdAll();
    this.#finish();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    while (this.#held.length > 0) this.#held.take().lease.release();
    this.#unholdAll();
  }

  /** A function, because both change in the stack of `#pass`. */
  #isStopped(): boolean {
    return this.#shut || this.#closed;
  }

  #finish(): void {
    if (this.#completed && !this.#passing && this.#held.length === 0) this.#downstream.complete();
  }

  #hold(owners: readonly LeaseOwner[], reason: string): void {
    for (const owner of owners) if (!this.#holds.has(owner)) this.#holds.set(owner, owner.hold(reason));
  }

  #unholdAll(): void {
    const holds = [...this.#holds.values()];
    this.#holds.clear();
    for (const unhold of holds) unhold();
  }

  #giveBack(owner: LeaseOwner): void {
    const unhold = this.#holds.get(owner);
    this.#holds.delete(owner);
    unhold?.();
    this.#held = releaseOf(owner, this.#held);
  }
}

/** Releases what waits of one partition and gives what is left. */
export function releaseOf<S extends Leased>(owner: LeaseOwner, held: RefQueue<S>): RefQueue<S> {
  const left = new RefQueue<S>();
  while (held.length > 0) {
    const item = held.take();
    if (item.lease.partitions.includes(owner)) item.lease.release();
    else left.push(item);
  }
  return left;
}
