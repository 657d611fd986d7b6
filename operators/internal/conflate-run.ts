import type { Observer, SchedulerLike, Subscriber, Subscription } from 'rxjs';
import type { Leased } from '../../src/model/lease.js';
import { runtimeOf, take } from './leases.js';
import { mapKey } from './map-key.js';
import { OwnerWatch } from './owner-watch.js';

/**
 * One subscription of `conflateBy`. `#pending` holds the newest element of each key in order of arrival. What is held is open
 * and bounded by the window; a window that is used up, or a partition about to go, flushes one hop later.
 */
export class ConflateRun<S extends Leased> implements Observer<S> {
  readonly #key: (item: S) => unknown;
  readonly #everyMs: number;
  readonly #downstream: Subscriber<S>;
  readonly #watch: OwnerWatch;
  #pending = new Map<unknown, S>();
  /** Being handed on right now. */
  #due: Map<unknown, S> | null = null;
  #timer: Subscription | null = null;
  #hop: Subscription | null = null;
  #completed = false;
  #closed = false;

  constructor(key: (item: S) => unknown, everyMs: number, downstream: Subscriber<S>) {
    this.#key = key;
    this.#everyMs = everyMs;
    this.#downstream = downstream;
    this.#watch = new OwnerWatch(() => {
      for (const first of this.#pending.values()) {
        this.#flushSoon(runtimeOf(first.lease).scheduler);
        break;
      }
    });
  }

  next(item: S): void {
    const lease = item.lease;
    take(lease);
    if (this.#closed) {
      lease.release();
      return;
    }
    let key: unknown;
    try {
      key = mapKey(this.#key(item));
    } catch (error) {
      lease.release(error);
      this.#downstream.error(error);
      return;
    }
    this.#watch.see(lease);
    const superseded = this.#pending.get(key);
    if (superseded !== undefined) {
      // put anew, so that the order of a partition is that of the elements that are left
      this.#pending.delete(key);
      superseded.lease.ack();
    }
    this.#pending.set(key, item);
    if (this.#watch.presses(lease)) this.#flushSoon(runtimeOf(lease).scheduler);
    else this.#timer ??= this.#arm(runtimeOf(lease).scheduler);
  }

  error(error: unknown): void {
    this.#downstream.error(error);
  }

  complete(): void {
    this.#completed = true;
    this.#flush();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unschedule();
    this.#watch.close();
    for (const { lease } of this.#due?.values() ?? []) lease.release();
    for (const { lease } of this.#pending.values()) lease.release();
    this.#pending.clear();
  }

  #arm(scheduler: SchedulerLike): Subscription {
    return scheduler.schedule(() => {
      this.#timer = null;
      this.#flush();
    }, this.#everyMs);
  }

  #flushSoon(scheduler: SchedulerLike): void {
    if (this.#closed) return;
    this.#hop ??= scheduler.schedule(() => {
      this.#hop = null;
      this.#flush();
    });
  }

  #flush(): void {
    // downstream may complete the source inside `next`: the flush under way goes on with what is left
    if (this.#due !== null) return;
    do {
      this.#unschedule();
      this.#due = this.#pending;
      this.#pending = new Map();
      for (const [key, item] of this.#due) {
        if (this.#closed) return;
        this.#due.delete(key);
        if (item.lease.state !== 'fenced') this.#downstream.next(item);
      }
      this.#due = null;
    } while (this.#completed && this.#pending.size > 0);
    if (this.#completed) this.#downstream.complete();
  }

  #unschedule(): void {
    this.#timer?.unsubscribe();
    this.#timer = null;
    this.#hop?.unsubscribe();
    this.#hop = null;
  }
}
