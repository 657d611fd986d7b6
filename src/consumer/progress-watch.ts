import { type Runtime } from '../model/runtime.js';
import { Timer } from '../runtime/timer.js';
import { type HeldPartition } from './held-partition.js';

/**
 * Why a partition stands still. unread: a full window of which not one lease was ever looked at. unsettled: a record is
 * delivered and not settled. unsubscribed: nobody subscribes its stream.
 */
export type StallReason = 'unread' | 'unsettled' | 'unsubscribed';

/** What the watch reports. */
export interface ProgressReport {
  /** Once, until the partition moves again. `offset` is the oldest record that is not settled, or the next to deliver. */
  stalled(held: HeldPartition, offset: number, why: StallReason): void;
  /** These have open work and made no progress for maxPollIntervalMs. Told every second while it stays so. */
  expired(stuck: readonly HeldPartition[]): void;
}

/** A pipe without a settling end, or a stream without a subscriber: said early. */
const earlyMs = 5000;
const tickMs = 1000;

/**
 * Watches that delivered work is settled. Heartbeats prove that the process lives; this proves that the pipeline does. Age
 * counts from delivery, never from fetching. What is paused by its user with nothing open is no work at all; what an operator
 * holds on purpose (`LeaseOwner.hold`: pauseWhile, a parked record) waits for something else than the pipeline, and its time
 * begins anew when the hold ends. A member without partitions has nothing to make progress with.
 */
export class ProgressWatch {
  readonly #runtime: Runtime;
  readonly #stallWarningMs: number;
  readonly #maxPollIntervalMs: number;
  readonly #report: ProgressReport;
  readonly #timer: Timer;
  #partitions: () => readonly HeldPartition[];

  constructor(
    runtime: Runtime,
    limits: { readonly stallWarningMs: number; readonly maxPollIntervalMs: number },
    partitions: () => readonly HeldPartition[],
    report: ProgressReport,
  ) {
    this.#runtime = runtime;
    this.#stallWarningMs = limits.stallWarningMs;
    this.#maxPollIntervalMs = limits.maxPollIntervalMs;
    this.#partitions = partitions;
    this.#report = report;
    this.#timer = new Timer(runtime, () => {
      this.#tick();
    });
  }

  start(): void {
    this.#timer.set(tickMs);
  }

  close(): void {
    this.#timer.clear();
    this.#partitions = () => [];
  }

  #tick(): void {
    this.#timer.set(tickMs);
    const now = this.#runtime.now();
    const stuck: HeldPartition[] = [];
    for (const held of this.#partitions()) {
      if (held.state !== 'active') continue;
      if (held.cursor.held) {
        held.exemptAt = now;
        continue;
      }
      this.#watchStall(held, now);
      if (this.#idleSince(held) + this.#maxPollIntervalMs <= now) stuck.push(held);
    }
    if (stuck.length > 0) this.#report.expired(stuck);
  }

  #watchStall(held: HeldPartition, now: number): void {
    const stall = this.#stallOf(held, now);
    if (stall === null) held.stallReported = false;
    else if (!held.stallReported) {
      held.stallReported = true;
      this.#report.stalled(held, stall.offset, stall.why);
    }
  }

  #stallOf(held: HeldPartition, now: number): { readonly offset: number; readonly why: StallReason } | null {
    const { cursor } = held;
    held.unsubscribedSince = cursor.subscribed ? null : (held.unsubscribedSince ?? now);
    const oldest = cursor.oldestLease;
    if (oldest === null) {
      const since = held.unsubscribedSince ?? now;
      return now - since >= earlyMs ? { offset: cursor.position, why: 'unsubscribed' } : null;
    }
    const age = now - Math.max(oldest.deliveredAt, held.exemptAt);
    if (cursor.windowFull && !cursor.leaseEverRead && age >= earlyMs) return { offset: oldest.offset, why: 'unread' };
    return age >= this.#stallWarningMs ? { offset: oldest.offset, why: 'unsettled' } : null;
  }

  /** Last sign of progress: something settled, or, before anything did, the first delivery; never without open work. */
  #idleSince(held: HeldPartition): number {
    const oldest = held.cursor.oldestLease;
    if (oldest === null) return Number.POSITIVE_INFINITY;
    return Math.max(held.cursor.lastSettledAt ?? Number.NEGATIVE_INFINITY, oldest.deliveredAt, held.exemptAt);
  }
}
