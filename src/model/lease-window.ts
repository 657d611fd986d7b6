import type { Cancel } from './done.js';

/**
 * What became of bringing a lease into the window of a transaction. held: it is in, and settling it only marks. early: something
 * delivered before it is still under way. blocked: something before it was released, the partition is about to rewind. settled:
 * it is done already, or in a window. fenced: it is no longer ours.
 * @internal
 */
export type WindowEntry = 'held' | 'early' | 'blocked' | 'settled' | 'fenced';

/**
 * Key of the method by which the operator `transaction` brings a lease into its window (`true`), all of it or nothing, and takes
 * back out (`false`) what was not begun on. When the answer is early, `settled` is called once, when it is worth trying again; it
 * only marks. A lease without the method cannot take part. @internal
 */
export const windowLease: unique symbol = Symbol.for('rx-kafka.windowLease') as never;

/** What a window hears of its partition. @internal */
export interface WindowListener {
  /** The position moved, or the partition is gone: what is in the window cannot be committed. Only marks. */
  fenced(): void;
}

/** Where a partition stands behind a window. @internal */
export interface WindowEnd {
  readonly offset: number;
  /** Epoch of the leader that wrote the last record before `offset`, -1 while unknown. */
  readonly leaderEpoch: number;
}

/**
 * One partition's part of an open transaction. While it is open, nothing of the partition is committed but by the
 * transaction: the broker takes the later of two commits, whatever they say.
 * @internal
 */
export interface LeaseWindow {
  /** A lease of the window was released: committing it would lose the record. */
  readonly released: boolean;
  readonly fenced: boolean;
  /** The credit of the partition is used up, and all of it is in the window. */
  readonly exhausted: boolean;
  /** The commit value once everything in the window is done, with the gaps behind it. */
  readonly end: WindowEnd;
  /** Calls back, in a later turn, when no commit of the partition is under way. */
  quiet(done: () => void): Cancel;
  /** The transaction has committed `end`: the leases are done. Ends the window. */
  committed(end: WindowEnd): void;
  /** It has not: the leases are released, the partition rewinds by itself. Ends the window. */
  aborted(): void;
}
