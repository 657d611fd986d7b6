import { type SchedulerLike, asyncScheduler } from 'rxjs';
import { LeaseTracker } from '../consumer/lease-tracker.js';
import type { CommitReceipt, GroupMetadata } from '../model/commit.js';
import { type Lease, type LeaseAnswer, type LeaseOwner, takeLease } from '../model/lease.js';

/** The clock of a test. */
export interface Detached {
  now(): number;
  readonly scheduler?: SchedulerLike;
}

/** A lease over one delivery of the client's own tracker. */
class TestLease implements Lease {
  readonly partitions: readonly LeaseOwner[];
  readonly #tracker: LeaseTracker;
  readonly #sequence: number;
  readonly #acked: () => void;

  constructor(owner: LeaseOwner, tracker: LeaseTracker, sequence: number, acked: () => void) {
    this.partitions = [owner];
    this.#tracker = tracker;
    this.#sequence = sequence;
    this.#acked = acked;
  }

  get signal(): AbortSignal {
    return this.#tracker.signal(this.#sequence);
  }
  get state(): Lease['state'] {
    return this.#tracker.state(this.#sequence);
  }
  ack(): LeaseAnswer {
    const answer = this.#tracker.ack(this.#sequence);
    if (answer === 'accepted') this.#acked();
    return answer;
  }
  release(_reason?: unknown): LeaseAnswer {
    return this.#tracker.release(this.#sequence);
  }
  [takeLease](): void {
    this.#tracker.take(this.#sequence);
  }
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
  #committed = -1;

  constructor(topic: string, partition: number, clock: Detached) {
    this.topic = topic;
    this.partition = partition;
    this.#clock = clock;
    this.runtime = { scheduler: clock.scheduler ?? asyncScheduler, random: () => 0.5 };
    const settled = (): void => undefined;
    this.#tracker = new LeaseTracker({ windowRecords: 1_000_000, windowBytes: Infinity }, 0, -1, settled);
  }

  /** Next offset when nobody says which. */
  get nextOffset(): number {
    return this.#tracker.nextOffset;
  }

  deliver(offset: number, acked: () => void): Lease {
    this.#tracker.nextOffset = offset + 1;
    const sequence = this.#tracker.deliver(offset, 0, this.#clock.now(), -1);
    return new TestLease(this, this.#tracker, sequence, acked);
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
      done({ offsets: [{ topic, partition, offset }], outcome: 'committed', at: this.#clock.now() });
    });
    return () => {
      answer.unsubscribe();
    };
  }

  groupMetadata(): GroupMetadata {
    return { groupId: 'test', generation: 1, memberId: 'test-member', groupInstanceId: null };
  }
}
