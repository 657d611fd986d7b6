import type { Runtime } from './runtime.js';
import type { CommitReceipt, GroupMetadata } from './commit.js';
import type { ParkedNotice } from './parking.js';
import { type LeaseWindow, type WindowEntry, type WindowListener, windowLease } from './lease-window.js';

/** What settling a lease came to; `duplicate` = it was settled before, `fenced` = it is no longer ours to settle. @public */
export type LeaseAnswer = 'accepted' | 'duplicate' | 'fenced';

/** Something whose processing has to be settled. @public */
export interface Leased {
  /** What has to be settled for this element. */
  readonly lease: Lease;
}

/**
 * The obligation that comes with a delivered record: until it is acknowledged it counts against the window of its
 * partition and holds back the commit. No topic, partition or offset here: a batch, a fork and a mixed batch have a
 * lease too.
 * @public
 */
export interface Lease {
  /** Aborted when the lease is fenced (partition lost, seek, drain deadline). Made on first access. */
  readonly signal: AbortSignal;
  /** `open` until it is settled or fenced. */
  readonly state: 'open' | 'acked' | 'released' | 'fenced';
  /** The partitions this lease covers: one for a record, several for a mixed batch. */
  readonly partitions: readonly LeaseOwner[];
  /** Done: gives credit back and lets the commit move on. */
  ack(): LeaseAnswer;
  /** Not done: redelivered after the partition rewinds (KIP-932's word). Gives no credit back. */
  release(reason?: unknown): LeaseAnswer;
  /**
   * Called by an operator that takes the record over synchronously inside `next`: a taken lease lives until it is
   * settled, also after upstream was unsubscribed. Optional: a lease without it always counts as taken.
   * @internal
   */
  [takeLease]?(): void;
  /** @internal */
  [windowLease]?(enter: boolean, settled?: () => void): WindowEntry;
}

/** Key of the method by which an operator takes a lease over. @internal */
export const takeLease: unique symbol = Symbol.for('rx-kafka.takeLease') as never;

/** The port that batchRecords, transaction, commitOffsets and pauseWhile need of a partition. @public */
export interface LeaseOwner {
  /** Name of the topic. */
  readonly topic: string;
  /** Counted from 0. */
  readonly partition: number;
  /** Assignment epoch: identity of the partition stream. */
  readonly epoch: number;
  /** All credit is out: nothing more is delivered before something is settled. */
  readonly windowFull: boolean;
  /** Calls the listener when the window is used up or the partition is about to go; the returned function removes it. */
  onPressure(listener: (why: 'windowFull' | 'revoking' | 'draining' | 'lost') => void): () => void;
  /** Pauses delivery under that reason until the returned function is called. */
  hold(reason: string): () => void;
  /** Back to the first unsettled record, under a new delivery epoch. */
  rewind(): void;
  /** Commits what is settled; `done` runs once. The returned function gives up waiting for it. */
  commitNow(done: (receipt: CommitReceipt | null, error?: unknown) => void): () => void;
  /**
   * The cadence of `commitOffsets(options)`: replaces the consumer's own for this partition until the returned function is
   * called. `undefined` keeps the consumer's cadence. Receipts of every commit that covers the partition go to `receipt`.
   * Throws a UsageError where nothing can be committed (no group, or `commit: false` without options).
   * @internal
   */
  commitCadence?(
    options: { readonly everyRecords?: number | undefined; readonly everyMs?: number | undefined } | undefined,
    receipt: (receipt: CommitReceipt) => void,
  ): () => void;
  /**
   * A record is set aside until somebody decides: raises a `parked` event (unless null: the event is another partition's), and
   * takes the partition's time out of `maxPollIntervalMs` until the returned function is called. Delivery goes on. Null when
   * the partition is being given up: nothing can be parked there any more. Without this method nothing can be parked.
   * @internal
   */
  park?(notice: ParkedNotice | null): (() => void) | null;
  /** A window of a transaction is open: nothing else may commit the partition. @internal */
  readonly windowed?: boolean;
  /**
   * Makes the partition part of a transaction until the window is committed or aborted. Null when it is no longer held. Throws a
   * UsageError where a window is open already, without a group, and under `acknowledge: 'beforeDelivery'`.
   * @internal
   */
  openWindow?(listener: WindowListener): LeaseWindow | null;
  /** Who the member is at present, undefined without a group. */
  groupMetadata(): GroupMetadata | undefined;
  /** `wallClock` is milliseconds since the epoch, absent where only virtual time exists. */
  readonly runtime: Pick<Runtime, 'scheduler' | 'random'> & Partial<Pick<Runtime, 'wallClock'>>;
}
