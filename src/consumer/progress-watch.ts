import { type Runtime } from '../model/runtime.js';
import { Timer } from '../runtime/timer.js';
import { type HeldPartition } from './held-partition.js';

/** What the watch reports. */
export interface ProgressReport {
  /** A full window that nobody settles: `unread` when not one lease was ever looked at. */
  stalled(held: HeldPartition, offset: number, unread: boolean): void;
  /** No partition that has work made progress for maxPollIntervalMs. */
  expired(held: HeldPartition): void;
}

/** A full window in which no lease was ever read is a pipe without a settling end: said early. */
const unreadAfterMs = 5000;
const tickMs = 1000;

/**
 * Watches that delivered work is settled. Heartbeats prove that the process lives; this proves that the pipeline does. Age
 * counts from delivery, never from fetching, and a partition paused by its user with nothing open is no work at all.
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
    for (const held of this.#partitions()) {
      if (held.state !== 'active') continue;
      const oldest = held.cursor.oldestLease;
      if (oldest === null) {
        held.stallReported = false;
        continue;
      }
      this.#watchStall(held, oldest, now);
      if (this.#idleSince(held, oldest.deliveredAt) + this.#maxPollIntervalMs <= now) {
        this.#report.expired(held);
        return;
      }
    }
  }

  #watchStall(
    held: HeldPartition,
    oldest: { readonly offset: number; readonly deliveredAt: number },
    now: number,
  ): void {
    const age = now - oldest.deliveredAt;
    const unread = held.cursor.windowFull && !held.cursor.leaseEverRead && age >= unreadAfterMs;
    if (!unread && age < this.#stallWarningMs) {
      held.stallReported = false;
      return;
    }
    if (held.stallReported) return;
    held.stallReported = true;
    this.#report.stalled(held, oldest.offset, unread);
  }

  /** Last sign of progress: something settled, or, before anything did, the first delivery. */
  #idleSince(held: HeldPartition, oldestDeliveredAt: number): number {
    const settledAt = held.cursor.lastSettledAt;
    return settledAt === null || settledAt < oldestDeliveredAt ? oldestDeliveredAt : settledAt;
  }
}
