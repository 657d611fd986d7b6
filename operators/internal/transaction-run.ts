import { type Observer, type Subscriber, type Subscription } from 'rxjs';
import { UsageError } from '../../src/errors/usage-error.js';
import { windowLease } from '../../src/model/lease-window.js';
import type { Lease, LeaseOwner, Leased } from '../../src/model/lease.js';
import type { TransactionSlots } from '../../src/model/transaction.js';
import { runtimeOf, take } from './leases.js';
import { OwnerWatch, type Pressure } from './owner-watch.js';
import { PartitionHolds } from './partition-holds.js';
import { type Project, TransactionWindow, type WindowHost, type WindowLimits } from './transaction-window.js';
import type { WindowFailure } from './window-failure.js';
import { type Narrowing, type WindowPlan, WindowSuspects } from './window-suspects.js';
import { warn } from './warn.js';

export interface TransactionSettings {
  readonly maxRecords: number;
  readonly maxMs: number;
  readonly onAbort: 'retry' | 'fail' | Narrowing;
}

/** How much of transactionTimeoutMs a window may use: the rest is for its end, and for a broker whose clock differs. */
const share = 0.8;
/** Failures in a row after which a window that is tried for ever is warned about, once. */
const warnAfter = 3;

/** All open windows of a producer, whoever opened them: the slots are shared. */
const windowsOf = new WeakMap<object, { readonly ending: boolean }[]>();

type Window<S, K, V, R> = TransactionWindow<S, K, V, R>;

/**
 * One subscription of `transaction`: which element goes into which window, and what becomes of windows.
 *
 * At most one window is filling. Elements that cannot enter it wait in a room: their partition's last window has not ended (a
 * partition has one window at a time, so that a later one cannot be committed over an aborted one), no slot is free, or an
 * element delivered before is still on its way here. Delivery of a partition that waits is held under the reason
 * `transaction`, so the room stays small.
 */
export class TransactionRun<S, K, V, R> implements Observer<S & Leased>, WindowHost<S, K, V, R> {
  readonly #slots: TransactionSlots<K, V>;
  readonly #project: Project<S, K, V, R>;
  readonly #settings: TransactionSettings;
  readonly #downstream: Subscriber<R>;
  readonly #limits: WindowLimits;
  readonly #watch: OwnerWatch;
  readonly #suspects: WindowSuspects | null;
  readonly #all: { readonly ending: boolean }[];
  // arrays: a Set that changes for ever keeps what was in it alive, see `Listeners`
  readonly #windows: Window<S, K, V, R>[] = [];
  readonly #busy = new Set<LeaseOwner>();
  readonly #holds = new PartitionHolds('transaction');
  #room: (S & Leased)[] = [];
  /** Some in the room wait for what was delivered before them. */
  #early = false;
  #filling: Window<S, K, V, R> | null = null;
  #plan: WindowPlan | null = null;
  #hop: Subscription | null = null;
  #cancelPrepare: (() => void) | null = null;
  #unlisten: (() => void) | null = null;
  #prepared = false;
  /** The last attempt to begin found no free slot; forgotten when one may be free. */
  #slotless = false;
  #check: Subscription | null = null;
  #pumping = false;
  #completed = false;
  #closed = false;
  #failures = 0;
  #warned = false;

  constructor(
    slots: TransactionSlots<K, V>,
    project: Project<S, K, V, R>,
    settings: TransactionSettings,
    downstream: Subscriber<R>,
  ) {
    this.#slots = slots;
    this.#project = project;
    this.#settings = settings;
    this.#downstream = downstream;
    const { maxRecords, maxMs, onAbort } = settings;
    this.#limits = { maxRecords, maxMs, deadlineMs: slots.transactionTimeoutMs * share };
    this.#suspects = typeof onAbort === 'object' ? new WindowSuspects(onAbort) : null;
    let all = windowsOf.get(slots);
    if (all === undefined) windowsOf.set(slots, (all = []));
    this.#all = all;
    this.#watch = new OwnerWatch((owner, why) => {
      this.#pressed(owner, why);
    });
  }

  /** Initialises the producer ids, which also ends what a dead predecessor left open; nothing is begun before. */
  open(): void {
    this.#unlisten = this.#slots.onFree(() => {
      this.#slotless = false;
      this.#pumpSoon();
    });
    this.#cancelPrepare = this.#slots.prepare((error) => {
      if (this.#closed) return;
      if (error !== null) {
        this.error(error);
        return;
      }
      this.#prepared = true;
      this.#pump();
    });
  }

  next(item: S & Leased): void {
    const lease = item.lease;
    take(lease);
    if (this.#closed) {
      lease.release();
      return;
    }
    this.#watch.see(lease);
    if (this.#place(item)) {
      if (this.#early) this.#pump();
    } else if (!this.#isClosed) {
      this.#room.push(item);
      this.#settleHolds();
    }
  }

  error(error: unknown): void {
    this.#downstream.error(error);
  }

  complete(): void {
    this.#completed = true;
    this.#filling?.close();
    this.#pump();
  }

  /** Nobody listens any more. What is being committed is committed, everything else comes again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelPrepare?.();
    this.#unlisten?.();
    this.#hop?.unsubscribe();
    this.#check?.unsubscribe();
    this.#watch.close();
    for (const window of [...this.#windows]) window.abandon();
    this.#releaseRoom();
    this.#busy.clear();
    this.#settleHolds();
  }

  // ---- WindowHost

  closed(window: Window<S, K, V, R>): void {
    if (this.#filling === window) this.#filling = null;
    if (this.#closed) return;
    for (const owner of window.parts.keys()) {
      this.#busy.add(owner);
      this.#holds.begin(owner);
    }
    if (this.#room.length > 0) this.#pumpSoon();
  }

  returned(items: readonly (S & Leased)[]): void {
    this.#room = [...items, ...this.#room];
    if (this.#closed) this.#releaseRoom();
  }

  committed(window: Window<S, K, V, R>, values: readonly R[]): void {
    this.#failures = 0;
    this.#suspects?.committed(window.parts.values());
    this.#ended(window);
    for (const value of values) {
      if (this.#closed) return;
      this.#downstream.next(value);
    }
    this.#pump();
  }

  aborted(window: Window<S, K, V, R>, failure: WindowFailure): void {
    this.#ended(window);
    if (this.#closed) return;
    const { onAbort } = this.#settings;
    if (failure.kind === 'final' || (failure.kind === 'work' && onAbort === 'fail')) {
      this.error(failure.error);
      return;
    }
    if (failure.kind === 'work') this.#again(window, failure.error);
    this.#pump();
  }

  // ---- inner

  #again(window: Window<S, K, V, R>, error: unknown): void {
    this.#failures += 1;
    if (this.#suspects !== null) this.#suspects.failed(window.parts.values(), window.records, error);
    else if (this.#failures >= warnAfter && !this.#warned) {
      this.#warned = true;
      const reason = error instanceof Error ? error.message : String(error);
      const text = `transaction: a window has failed ${this.#failures} times in a row and is tried again; onAbort says what else to do. The last error: ${reason}`;
      warn('RX_KAFKA_TRANSACTION_ABORTED', text);
    }
  }

  #ended(window: Window<S, K, V, R>): void {
    this.#slotless = false;
    remove(this.#windows, window);
    remove(this.#all, window);
    for (const owner of window.parts.keys()) this.#busy.delete(owner);
  }

  /** True when the element needs no place any more: it entered a window, or it was given back or dropped. */
  #place(item: S & Leased): boolean {
    const lease = item.lease;
    const leaving = this.#watch.isLeaving(lease);
    if (!this.#mayEnter(item)) {
      // its partition is about to go and would wait for it: the next owner gets it
      if (leaving) lease.release();
      return leaving;
    }
    switch (lease[windowLease]?.(true, this.#pumpSoon)) {
      case 'held':
        return this.#enter(item, leaving);
      case 'early':
        this.#early = true;
        return false;
      case 'blocked':
        lease.release();
        return true;
      case 'fenced':
        return true;
      default:
        this.error(new UsageError(sharedLease));
        return true;
    }
  }

  #mayEnter(item: S & Leased): boolean {
    if (!this.#prepared) return false;
    const owners = item.lease.partitions;
    const filling = this.#filling;
    // once per record: another one of the partition that filled it just now
    if (filling !== null && owners.length === 1 && filling.isLatest(owners[0]) && this.#suspects?.any !== true)
      return true;
    for (const owner of owners) if (this.#busy.has(owner)) return false;
    if (filling === null) return !this.#slotless;
    if (this.#plan !== null) return owners.every((owner) => filling.parts.has(owner));
    // a partition under suspicion waits until it can have a window of its own
    return this.#suspects?.any !== true || this.#suspects.plan(item, 1) === null;
  }

  #enter(item: S & Leased, leaving: boolean): boolean {
    const lease = item.lease;
    let window = this.#filling;
    let plan = this.#plan;
    const fresh = window === null;
    if (window === null) {
      plan = this.#suspects?.any === true ? this.#suspects.plan(item, this.#settings.maxRecords) : null;
      window = this.#begin(lease, plan);
    }
    if (window === null) {
      lease[windowLease]!(false);
      if (leaving) lease.release();
      return leaving;
    }
    try {
      if (!window.join(item)) {
        // gone between its delivery and now: nothing of it may be done
        lease[windowLease]!(false);
        lease.release();
        if (fresh) window.abandon();
        return true;
      }
    } catch (error) {
      lease[windowLease]!(false);
      this.error(error);
      return true;
    }
    if (fresh) {
      const poison = plan?.poison ?? null;
      window.begin(poison === null ? this.#project : this.#suspects!.poisoned(poison.error));
    }
    // a project function that has ended before it saw anything has failed with this element: it is released with the window
    if (window.filling) window.admit(item, countOf(item));
    if (leaving) window.closeSoon();
    return true;
  }

  #begin(lease: Lease, plan: WindowPlan | null): Window<S, K, V, R> | null {
    const open = this.#slots.begin();
    if (open === null) {
      this.#slotless = true;
      this.#checkSlots(runtimeOf(lease).scheduler);
      return null;
    }
    const limits = plan === null ? this.#limits : { ...this.#limits, maxRecords: plan.maxRecords };
    const window = new TransactionWindow<S, K, V, R>(open, this, runtimeOf(lease).scheduler, limits);
    this.#windows.push(window);
    this.#all.push(window);
    this.#filling = window;
    this.#plan = plan;
    return window;
  }

  /**
   * A slot in use by this operator, or by a transaction that is about to end, is waited for. Otherwise somebody else keeps it: nothing
   * here would ever go on. Decided one hop later, as slots become free in the turn in which transactions end.
   */
  #checkSlots(scheduler: LeaseOwner['runtime']['scheduler']): void {
    this.#check ??= scheduler.schedule(() => {
      this.#check = null;
      if (this.#windows.length > 0 || this.#slots.ending || this.#all.some(({ ending }) => ending)) return;
      this.#slotless = false;
      this.#pump();
      if (this.#room.length === 0 || this.#windows.length > 0 || this.#closed) return;
      const text = `transaction: all ${this.#slots.count} slots of the producer have a transaction open; raise slots, or let one operator see all partitions`;
      this.error(new UsageError(text));
    });
  }

  readonly #pumpSoon = (): void => {
    if (this.#closed || this.#hop !== null) return;
    const first = this.#room[0];
    if (first === undefined) return;
    this.#hop = runtimeOf(first.lease).scheduler.schedule(() => {
      this.#hop = null;
      this.#pump();
    });
  };

  /** Tries what waits, until nothing more finds a place. */
  #pump(): void {
    if (this.#pumping || this.#closed) return;
    this.#pumping = true;
    for (let placed = true; placed && this.#room.length > 0;) {
      const waiting = this.#room;
      this.#room = [];
      this.#early = false;
      const rest = waiting.filter((item) => item.lease.state !== 'fenced' && !this.#place(item));
      placed = this.#isEarly && rest.length < waiting.length;
      this.#room = [...rest, ...this.#room];
      if (this.#isClosed) this.#releaseRoom();
    }
    this.#pumping = false;
    this.#settleHolds();
    this.#finishIfIdle();
  }

  get #isEarly(): boolean {
    return this.#early;
  }
  get #isClosed(): boolean {
    return this.#closed;
  }

  #pressed(owner: LeaseOwner, why: Pressure): void {
    if (why === 'windowFull') {
      for (const window of this.#windows) if (window.parts.get(owner)?.leases.exhausted === true) window.closeSoon();
      return;
    }
    const reserveMs = Math.max(0, this.#limits.deadlineMs - this.#limits.maxMs);
    for (const window of this.#windows) {
      if (!window.parts.has(owner)) continue;
      window.closeSoon();
      window.hasten(reserveMs);
    }
    // what nobody has begun on must not be waited for: tried once more, then given back
    if (this.#room.length > 0) this.#pumpSoon();
  }

  /** Held is what has a window that ends, or records that wait for one. */
  #settleHolds(): void {
    const held = new Set(this.#busy);
    for (const { lease } of this.#room) for (const owner of lease.partitions) held.add(owner);
    this.#holds.settle(held);
  }

  #finishIfIdle(): void {
    if (!this.#completed || this.#windows.length > 0 || this.#closed) return;
    // nothing comes any more: what waits for something before it waits in vain
    if (this.#room.length > 0 && !this.#early) return;
    this.#releaseRoom();
    this.#downstream.complete();
  }

  #releaseRoom(): void {
    const room = this.#room;
    this.#room = [];
    for (const { lease } of room) lease.release();
  }
}

const sharedLease =
  'transaction: an element was acknowledged before its transaction, or shares its lease with others; put fanOut, acknowledge and steps that make several elements of one into the project function';

function countOf(item: unknown): number {
  const items = (item as { readonly items?: unknown }).items;
  return Array.isArray(items) ? items.length : 1;
}

function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
}
