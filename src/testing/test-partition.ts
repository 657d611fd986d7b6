import { type SchedulerLike, asyncScheduler } from 'rxjs';
import { LeaseTracker } from '../consumer/lease-tracker.js';
import { openLeaseWindow } from '../consumer/lease-window.js';
import type { CommitReceipt, GroupMetadata } from '../model/commit.js';
import type { Lease, LeaseOwner } from '../model/lease.js';
import type { LeaseWindow, WindowListener } from '../model/lease-window.js';
import type { ParkedNotice } from '../model/parking.js';
import type { OffsetList } from '../model/topic-partition.js';
import { TrackedLease } from './tracked-lease.js';

/** The clock of a test. */
export interface Detached {
  now(): number;
  readonly scheduler?: SchedulerLike;
}

/** Who hears what becomes of the records of a scripted partition. */
export interface PartitionObserver {
  delivered(letter: string, tracker: LeaseTracker, sequence: number): void;
  /** A lease was settled. */
  settled(): void;
  committed(offsets: OffsetList): void;
  parked(owner: LeaseOwner, notice: ParkedNotice): void;
}

/** One partition of a test: the leases given out, and commits that are answered one hop later. */
export class TestPartition implements LeaseOwner {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number = 0;
  readonly windowFull: boolean = false;
  readonly runtime: LeaseOwner['runtime'];
  readonly #clock: Detached;
  readonly #tracker: LeaseTracker;
  readonly #observer: PartitionObserver | null;
  #committed = -1;
  #telling = false;

  constructor(topic: string, partition: number, clock: Detached, observer: PartitionObserver | null = null) {
    this.topic = topic;
    this.partition = partition;
    this.#clock = clock;
    this.#observer = observer;
    this.runtime = { scheduler: clock.scheduler ?? asyncScheduler, random: () => 0.5 };
    this.#tracker = new LeaseTracker({ windowRecords: 1_000_000, windowBytes: Infinity }, 0, -1, () => {
      this.#observer?.settled();
      this.#tell();
    });
  }

  /** Next offset when nobody says which. */
  get nextOffset(): number {
    return this.#tracker.nextOffset;
  }

  deliver(offset: number, letter: string): Lease {
    this.#tracker.nextOffset = offset + 1;
    const sequence = this.#tracker.deliver(offset, 0, this.#clock.now(), -1);
    this.#observer?.delivered(letter, this.#tracker, sequence);
    return new TrackedLease([this], this.#tracker, sequence);
  }

  onPressure(): () => void {
    return () => undefined;
  }
  hold(): () => void {
    return () => undefined;
  }
  rewind(): void {
    // the marbles say what is delivered, nothing is delivered again
  }

  commitNow(done: (receipt: CommitReceipt | null, error?: unknown) => void): () => void {
    const answer = this.runtime.scheduler.schedule(() => {
      const offset = this.#tracker.commitOffset;
      const { topic, partition } = this;
      if (offset === this.#committed) {
        done(null);
        return;
      }
      this.#committed = offset;
      const offsets = [{ topic, partition, offset }];
      this.#observer?.committed(offsets);
      done({ offsets, outcome: 'committed', at: this.#clock.now() });
    });
    return () => {
      answer.unsubscribe();
    };
  }

  /** Where nobody hears of it, nothing can be parked. */
  park(notice: ParkedNotice | null): (() => void) | null {
    if (notice !== null) this.#observer?.parked(this, notice);
    return () => undefined;
  }

  get windowed(): boolean {
    return this.#tracker.windowed;
  }
  openWindow(listener: WindowListener): LeaseWindow {
    const commits = {
      quiet: (done: () => void) => {
        const answer = this.runtime.scheduler.schedule(done);
        return (): void => {
          answer.unsubscribe();
        };
      },
      stored: (offset: number): void => {
        this.#committed = offset;
      },
    };
    return openLeaseWindow(this, this.#tracker, commits, listener);
  }
  ackRange(tracker: LeaseTracker, from: number, to: number): number {
    return tracker.ackRange(from, to);
  }

  /** Who waits for something to be settled, one turn later. */
  #tell(): void {
    if (this.#telling || !this.#tracker.window.awaited) return;
    this.#telling = true;
    this.runtime.scheduler.schedule(() => {
      this.#telling = false;
      this.#tracker.told();
    });
  }

  groupMetadata(): GroupMetadata {
    return { groupId: 'test', generation: 1, memberId: 'test-member', groupInstanceId: null };
  }
}
