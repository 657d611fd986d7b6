import type { Observer, Subscriber, Subscription } from 'rxjs';
import type { Leased } from '../../src/model/lease.js';
import { type OnFailure, decide } from '../failure-policy.js';
import { blame } from './blame.js';
import { partitionLane } from './lanes.js';
import { take } from './leases.js';
import { park } from './parking.js';
import { RefQueue } from './ref-queue.js';

/** A partition with a failure that is not decided, and what waits behind it. */
class FailingLane<S> {
  readonly key: unknown;
  readonly held = new RefQueue<S>();
  failing: S | null = null;
  /** The failure policy, or the parking, of `failing`. */
  work: Subscription | null = null;
  resuming = false;

  constructor(key: unknown) {
    this.key = key;
  }
}

/**
 * One subscription of a synchronous operator whose user function may throw. Elements pass straight through; while a failure
 * policy is at work on one of them, or it is parked, those behind it in its partition wait, so that order is kept.
 */
export class SyncStage<S extends Leased, O> implements Observer<S> {
  readonly #step: (item: S) => O | null;
  readonly #onFailure: OnFailure<S>;
  readonly #downstream: Subscriber<O>;
  /** Null while nothing fails: the way of nearly all elements. */
  #lanes: Map<unknown, FailingLane<S>> | null = null;
  #completed = false;
  #closed = false;

  /** `step` gives null for an element that is not handed on; it has settled it. */
  constructor(step: (item: S) => O | null, onFailure: OnFailure<S>, downstream: Subscriber<O>) {
    this.#step = step;
    this.#onFailure = onFailure;
    this.#downstream = downstream;
  }

  next(item: S): void {
    const lane = this.#lanes?.get(partitionLane(item, item.lease));
    if (lane === undefined) {
      this.#pass(item);
      return;
    }
    take(item.lease);
    lane.held.push(item);
  }

  error(error: unknown): void {
    this.#downstream.error(error);
  }

  complete(): void {
    this.#completed = true;
    if (this.#lanes === null) this.#downstream.complete();
  }

  close(): void {
    this.#closed = true;
    for (const lane of this.#lanes?.values() ?? []) {
      lane.work?.unsubscribe();
      release(lane, undefined);
    }
    this.#lanes = null;
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
      this.#fail(item, error);
      return;
    }
    if (policy === 'skip') {
      item.lease.ack();
      return;
    }
    take(item.lease);
    const lane = this.#laneOf(item);
    lane.failing = item;
    if (policy === 'park') {
      this.#park(lane, item, error);
      return;
    }
    const work = decide(policy, item, error, 1, (failed) => {
      if (this.#closed) return;
      lane.failing = null;
      if (failed === null) {
        item.lease.ack();
        this.#resume(lane);
      } else {
        this.#fail(item, failed.error);
      }
    });
    // else it has decided at once
    if (lane.failing === item) lane.work = work;
  }

  #park(lane: FailingLane<S>, item: S, error: unknown): void {
    const parking = park(item, item.lease, error, true, {
      retry: () => {
        lane.failing = null;
        this.#resume(lane, item);
      },
      skip: () => {
        lane.failing = null;
        item.lease.ack();
        this.#resume(lane);
      },
      abandoned: () => {
        release(lane, error);
        this.#over(lane);
      },
    });
    if (parking === null) this.#fail(item, error);
    else if (!parking.closed) lane.work = parking;
  }

  #fail(item: S, error: unknown): void {
    blame(error, item);
    item.lease.release(error);
    this.#downstream.error(error);
  }

  #laneOf(item: S): FailingLane<S> {
    const key = partitionLane(item, item.lease);
    const lanes = (this.#lanes ??= new Map<unknown, FailingLane<S>>());
    let lane = lanes.get(key);
    if (lane === undefined) lanes.set(key, (lane = new FailingLane(key)));
    return lane;
  }

  /** The lane stays while it is worked off: what arrives meanwhile queues up behind it. A loop, not recursion. */
  #resume(lane: FailingLane<S>, again: S | null = null): void {
    if (lane.resuming) return;
    lane.resuming = true;
    lane.work = null;
    if (again !== null) this.#pass(again);
    while (lane.held.length > 0 && lane.failing === null && !this.#closed) {
      const item = lane.held.take();
      // fenced while it waited: lost, or sought past
      if (item.lease.state !== 'fenced') this.#pass(item);
    }
    lane.resuming = false;
    if (lane.failing === null && !this.#closed) this.#over(lane);
  }

  #over(lane: FailingLane<S>): void {
    this.#lanes?.delete(lane.key);
    if (this.#lanes?.size !== 0) return;
    this.#lanes = null;
    if (this.#completed) this.#downstream.complete();
  }
}

function release<S extends Leased>(lane: FailingLane<S>, error: unknown): void {
  lane.failing?.lease.release(error);
  lane.failing = null;
  while (lane.held.length > 0) lane.held.take().lease.release(error);
}
