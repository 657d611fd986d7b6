import { UsageError } from '../errors/usage-error.js';
import { type Cancel } from '../model/done.js';
import { type LeaseOwner } from '../model/lease.js';
import { type LeaseWindow, type WindowEnd, type WindowListener } from '../model/lease-window.js';
import { type LeaseTracker } from './lease-tracker.js';

/** What a window needs of the commits of its partition. */
export interface WindowCommits {
  /** Calls back, in a later turn, when no commit of the partition is under way. */
  quiet(done: () => void): Cancel;
  /** A transaction has stored that offset in the group. */
  stored(offset: number): void;
}

/** The partition whose leases are in the window. */
export interface WindowHome extends LeaseOwner {
  readonly atMostOnce?: boolean;
  /** Acknowledges what is open of `[from, to)`. */
  ackRange(tracker: LeaseTracker, from: number, to: number): number;
}

/**
 * One partition's part of an open transaction, over the leases of one delivery epoch.
 *
 * Race: a commit of the committer may be on the wire when the window closes. The group keeps the later of two commits, so one
 * that arrives between the offsets of the transaction and its end would undo them. `quiet` waits for it, and while
 * `LeaseOwner.windowed` the committer writes no other.
 *
 * Race: the epoch may end while the transaction is being committed (seek, lost). Its leases are fenced by then; what the group has
 * stored is noted all the same, so that the commit of the new position is sent.
 */
class TrackerWindow implements LeaseWindow {
  readonly #home: WindowHome;
  readonly #tracker: LeaseTracker;
  readonly #commits: WindowCommits;

  constructor(home: WindowHome, tracker: LeaseTracker, commits: WindowCommits) {
    this.#home = home;
    this.#tracker = tracker;
    this.#commits = commits;
  }

  get released(): boolean {
    return this.#tracker.window.released;
  }
  get fenced(): boolean {
    return this.#tracker.fenced;
  }
  get exhausted(): boolean {
    return this.#tracker.window.exhausted;
  }
  get end(): WindowEnd {
    return this.#tracker.window.value;
  }

  quiet(done: () => void): Cancel {
    return this.#commits.quiet(done);
  }

  committed(end: WindowEnd): void {
    this.#commits.stored(end.offset);
    const [from, to] = this.#tracker.window.dissolve();
    if (!this.#tracker.fenced) this.#home.ackRange(this.#tracker, from, to);
  }

  aborted(): void {
    const [from, to] = this.#tracker.window.dissolve();
    if (!this.#tracker.fenced) this.#tracker.releaseRange(from, to);
  }
}

/**
 * Opens the window of a partition; for `LeaseOwner.openWindow`.
 * @throws UsageError where it cannot be part of a transaction
 */
export function openLeaseWindow(
  home: WindowHome,
  tracker: LeaseTracker,
  commits: WindowCommits | undefined,
  listener: WindowListener,
): LeaseWindow {
  const { topic, partition } = home;
  const facts = { topic, partition };
  if (commits === undefined || home.groupMetadata() === undefined) {
    const text = `transaction: ${topic} partition ${partition} is read without a group, its offsets have nowhere to go; give the consumer a groupId`;
    throw new UsageError(text, facts);
  }
  if (home.atMostOnce === true) {
    const text =
      "transaction: with acknowledge 'beforeDelivery' offsets are committed before the transaction, use 'explicit'";
    throw new UsageError(text, facts);
  }
  if (tracker.windowed) {
    const text = `transaction: partition ${partition} of ${topic} is in the window of another transaction, let its records pass one transaction only`;
    throw new UsageError(text, facts);
  }
  tracker.window.listener = listener;
  return new TrackerWindow(home, tracker, commits);
}
