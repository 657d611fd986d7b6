import type { Observer, Subscriber, Subscription } from 'rxjs';
import type { Leased } from '../../src/model/lease.js';
import { type OnFailure, decide } from '../failure-policy.js';
import { take } from './leases.js';
import { RefQueue } from './ref-queue.js';

/**
 * One subscription of a synchronous operator whose user function may throw. Elements pass straight through; while a
 * failure policy is at work on one of them those behind it wait, so that order is kept.
 */
export class SyncStage<S extends Leased, O> implements Observer<S> {
  readonly #step: (item: S) => O | null;
  readonly #onFailure: OnFailure<S>;
  readonly #downstream: Subscriber<O>;
  #held: RefQueue<S> | null = null;
  #failing: S | null = null;
  #policy: Subscription | null = null;
  #completed = false;
  #closed = false;

  /** `step` gives null for an element that is not handed on; it has settled it. */
  constructor(step: (item: S) => O | null, onFailure: OnFailure<S>, downstream: Subscriber<O>) {
    this.#step = step;
    this.#onFailure = onFailure;
    this.#downstream = downstream;
  }

  next(item: S): void {
    if (this.#failing === null && this.#held === null) {
      this.#pass(item);
      return;
    }
    take(item.lease);
    (this.#held ??= new RefQueue()).push(item);
  }

  error(error: unknown): void {
    this.#downstream.error(error);
  }

  complete(): void {
    this.#completed = true;
    if (this.#failing === null && this.#held === null) this.#downstream.complete();
  }

  close(): void {
    this.#closed = true;
    this.#policy?.unsubscribe();
    this.#failing?.lease.release();
    this.#failing = null;
    while (this.#held !== null && this.#held.length > 0) this.#held.take().lease.release();
  }

  #pass(item: S): void {
    let out: O | null;
    try {
      out = this.#step(item);
    } catch (error) {
      this.#failed(item, error);
      return;
    }
    if (out !== null) this.#downstream.next(out);
  }

  #failed(item: S, error: unknown): void {
    const policy = this.#onFailure;
    if (policy === 'fail') {
      item.lease.release(error);
      this.#downstream.error(error);
      return;
    }
    if (policy === 'skip') {
      item.lease.ack();
      return;
    }
    take(item.lease);
    this.#failing = item;
    this.#policy = decide(policy, item, error, 1, (failed) => {
      if (this.#closed) return;
      this.#failing = null;
      if (failed === null) {
        item.lease.ack();
        this.#resume();
      } else {
        item.lease.release(failed.error);
        this.#downstream.error(failed.error);
      }
    });
  }

  /** `#held` stays set while it is worked off: what arrives meanwhile queues up behind it. */
  #resume(): void {
    const held = this.#held;
    if (held !== null) {
      while (held.length > 0) {
        this.#pass(held.take());
        // a failure again, and its policy carries on from here when it has decided
        if (this.#failing !== null || this.#closed) return;
      }
      this.#held = null;
    }
    if (this.#completed) this.#downstream.complete();
  }
}
