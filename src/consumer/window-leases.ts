import { type WindowEntry, type WindowListener } from '../model/lease-window.js';
import { type CommitValue, type LeaseTracker } from './lease-tracker.js';

/** Kinds of leases, as the tracker keeps them. */
export const OPEN = 1;
export const ACKED = 2;
export const RELEASED = 3;
export const FENCED = 4;
/** In the window of a transaction: open until the transaction has ended, settling it only sets a mark. */
export const HELD = 5;

/**
 * The leases of one delivery epoch that are in the window of a transaction: a prefix of what was delivered, without a gap. What was
 * acknowledged before it came here is no gap; what is still under way is, and has to come first, because the window is
 * committed by one offset.
 */
export class WindowLeases {
  /** Who hears of the open window; null while none is open. */
  listener: WindowListener | null = null;
  /** A lease in the window was released. */
  released = false;
  readonly #tracker: LeaseTracker;
  #held = 0;
  readonly #early: Set<() => void> = new Set<() => void>();
  /** The first sequence that is neither acknowledged nor in the window. */
  #end = 0;

  constructor(tracker: LeaseTracker) {
    this.#tracker = tracker;
  }

  /**
   * Brings what is open of `[from, to)` into the window, if nothing before it is open or released; all of it or nothing.
   *
   * @param early - told once, when something was settled and it is worth trying again
   */
  enter(from: number, to: number, early?: () => void): WindowEntry {
    const tracker = this.#tracker;
    const end = this.#passed(from);
    if (end < from) {
      if (tracker.kind(end) !== OPEN) return 'blocked';
      if (early !== undefined) this.#early.add(early);
      return 'early';
    }
    let open = 0;
    for (let seq = from; seq < to; seq++) {
      const kind = tracker.kind(seq);
      if (kind === OPEN) open++;
      else if (kind === FENCED) return 'fenced';
      else if (kind === RELEASED) return 'blocked';
    }
    if (open === 0) return 'settled';
    tracker.takeRange(from, to);
    this.#held += tracker.turn(from, to, OPEN, HELD);
    return 'held';
  }

  /** Takes out again what entered and was not begun on; nothing that entered after it may stay. */
  leave(from: number, to: number): void {
    this.#held -= this.#tracker.turn(from, to, HELD, OPEN);
    if (from < this.#end) this.#end = from;
  }

  /** Somebody waits for what is before it. */
  get awaited(): boolean {
    return this.#early.size > 0;
  }

  settled(): void {
    if (this.#early.size === 0) return;
    const told = [...this.#early];
    this.#early.clear();
    for (const early of told) early();
  }

  /** What a commit of the window says. */
  get value(): CommitValue {
    return this.#tracker.valueAt(this.#passed(this.#tracker.tail));
  }

  /** The credit is used up, and nothing is open outside of the window. */
  get exhausted(): boolean {
    return this.#held === this.#tracker.open && !this.#tracker.hasCredit;
  }

  /** Ends the window: of the returned sequences `[from, to)`, what was in it is open again, and nothing else. */
  dissolve(): readonly [from: number, to: number] {
    const tracker = this.#tracker;
    const range = [tracker.head, tracker.fenced ? this.#end : this.#passed(tracker.tail)] as const;
    this.listener = null;
    this.released = false;
    if (!tracker.fenced) this.leave(...range);
    return range;
  }

  #passed(limit: number): number {
    const tracker = this.#tracker;
    let end = Math.max(this.#end, tracker.head);
    for (; end < limit; end++) {
      const kind = tracker.kind(end);
      if (kind !== ACKED && kind !== HELD) break;
    }
    this.#end = end;
    return end;
  }
}
