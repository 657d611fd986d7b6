import type { Observer, SchedulerLike, Subscriber, Subscription } from 'rxjs';
import type { Lease, LeaseOwner, Leased } from '../../src/model/lease.js';
import { runtimeOf, take } from './leases.js';
import { RefQueue } from './ref-queue.js';

interface Waiting<S> {
  readonly item: S;
  /** On the scheduler's clock. */
  readonly at: number;
}

/** A partition whose first element is not due. */
class WaitingLane<S extends Leased> {
  readonly owner: LeaseOwner | undefined;
  readonly waiting = new RefQueue<Waiting<S>>();
  head: Waiting<S> | null = null;
  readonly #undo: (() => void)[];
  #unwatch: () => void = () => undefined;

  constructor(lease: Lease, pressed: () => void) {
    this.owner = lease.partitions[0];
    this.#undo = lease.partitions.flatMap((owner) => [
      owner.hold('notDue'),
      owner.onPressure((why) => {
        if (why !== 'windowFull') pressed();
      }),
    ]);
  }

  add(entry: Waiting<S>, fenced: () => void): void {
    if (this.head === null) this.#watch(entry, fenced);
    else this.waiting.push(entry);
  }

  /** The first one leaves; false when nothing is behind it. */
  shift(fenced: () => void): boolean {
    this.#unwatch();
    this.head = null;
    if (this.waiting.length === 0) return false;
    this.#watch(this.waiting.take(), fenced);
    return true;
  }

  end(): void {
    this.#unwatch();
    for (const undo of this.#undo) undo();
  }

  #watch(entry: Waiting<S>, fenced: () => void): void {
    const { signal } = entry.item.lease;
    this.head = entry;
    signal.addEventListener('abort', fenced);
    this.#unwatch = (): void => {
      signal.removeEventListener('abort', fenced);
    };
  }
}

/**
 * One subscription of `whenDue`. A partition is held while its first element waits, and let go when it was handed on; one
 * timer serves all partitions.
 *
 * Race: while a partition waits it may be revoked, drained or lost (told by `onPressure`), or sought (the lease's signal).
 * What waits then is released, which does nothing to a lease that is fenced; a rebalance never waits for a due time.
 */
export class WhenDueRun<S extends Leased> implements Observer<S> {
  readonly #waitMs: (item: S) => number;
  readonly #downstream: Subscriber<S>;
  readonly #lanes = new Map<LeaseOwner | undefined, WaitingLane<S>>();
  #timer: Subscription | null = null;
  #timerAt = Infinity;
  #completed = false;

  constructor(waitMs: (item: S) => number, downstream: Subscriber<S>) {
    this.#waitMs = waitMs;
    this.#downstream = downstream;
  }

  next(item: S): void {
    const { lease } = item;
    let lane = this.#lanes.get(lease.partitions[0]);
    const wait = this.#waitMs(item);
    if (lane === undefined && wait <= 0) {
      this.#downstream.next(item);
      return;
    }
    take(lease);
    const { scheduler } = runtimeOf(lease);
    if (lane === undefined) {
      const opened = new WaitingLane<S>(lease, () => {
        this.#abandon(opened);
      });
      lane = opened;
      this.#lanes.set(lane.owner, lane);
    }
    lane.add({ item, at: scheduler.now() + wait }, this.#abandoned(lane));
    this.#arm(scheduler);
  }

  error(error: unknown): void {
    this.#downstream.error(error);
  }

  complete(): void {
    this.#completed = true;
    this.#finishIfIdle();
  }

  close(): void {
    this.#timer?.unsubscribe();
    for (const lane of [...this.#lanes.values()]) this.#drop(lane);
  }

  #arm(scheduler: SchedulerLike): void {
    let at = Infinity;
    for (const lane of this.#lanes.values()) at = Math.min(at, lane.head?.at ?? Infinity);
    if (at === Infinity || (this.#timer !== null && this.#timerAt <= at)) return;
    this.#timer?.unsubscribe();
    this.#timerAt = at;
    this.#timer = scheduler.schedule(
      () => {
        this.#timer = null;
        for (const lane of [...this.#lanes.values()]) this.#handOn(lane, scheduler);
        if (!this.#downstream.closed) this.#arm(scheduler);
        this.#finishIfIdle();
      },
      Math.max(0, at - scheduler.now()),
    );
  }

  #handOn(lane: WaitingLane<S>, scheduler: SchedulerLike): void {
    for (let head = lane.head; head !== null && head.at <= scheduler.now(); head = lane.head) {
      const more = lane.shift(this.#abandoned(lane));
      this.#downstream.next(head.item);
      // downstream may have left, or the partition gone, meanwhile
      if (this.#lanes.get(lane.owner) !== lane) return;
      if (more || lane.head !== null) continue;
      this.#lanes.delete(lane.owner);
      lane.end();
    }
  }

  #abandoned(lane: WaitingLane<S>): () => void {
    return () => {
      this.#abandon(lane);
    };
  }

  #abandon(lane: WaitingLane<S>): void {
    this.#drop(lane);
    this.#finishIfIdle();
  }

  #drop(lane: WaitingLane<S>): void {
    if (this.#lanes.get(lane.owner) === lane) this.#lanes.delete(lane.owner);
    lane.end();
    lane.head?.item.lease.release();
    lane.head = null;
    while (lane.waiting.length > 0) lane.waiting.take().item.lease.release();
  }

  #finishIfIdle(): void {
    if (this.#completed && this.#lanes.size === 0) this.#downstream.complete();
  }
}
