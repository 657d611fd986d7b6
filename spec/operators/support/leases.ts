import { type SchedulerLike, asyncScheduler } from 'rxjs';
import { type ParkedNotice } from '../../../src/model/parking.js';
import { type CommitReceipt, type GroupMetadata } from '../../../src/model/commit.js';
import { type Lease, type LeaseAnswer, type LeaseOwner, takeLease } from '../../../src/model/lease.js';

/** A partition whose commits the spec answers. */
export class SpecOwner implements LeaseOwner {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  readonly windowFull: boolean = false;
  readonly runtime: LeaseOwner['runtime'];
  group: GroupMetadata | undefined = { groupId: 'g', generation: 1, memberId: 'm', groupInstanceId: null };
  readonly commits: ((receipt: CommitReceipt | null, error?: unknown) => void)[] = [];
  cancelled = 0;

  constructor(partition = 0, scheduler: SchedulerLike = asyncScheduler, epoch = 0, topic = 't') {
    this.topic = topic;
    this.partition = partition;
    this.epoch = epoch;
    this.runtime = { scheduler, random: () => 0.5 };
  }
  onPressure(): () => void {
    return () => undefined;
  }
  hold(): () => void {
    return () => undefined;
  }
  rewind(): void {
    // not needed
  }
  commitNow(done: (receipt: CommitReceipt | null, error?: unknown) => void): () => void {
    this.commits.push(done);
    return () => {
      this.cancelled += 1;
    };
  }
  groupMetadata(): GroupMetadata | undefined {
    return this.group;
  }
}

/** A partition that can be parked at and told that it goes away; what was told is kept. */
export class ParkingOwner extends SpecOwner {
  readonly parked: ParkedNotice[] = [];
  readonly holds: string[] = [];
  /** How many are parked now. */
  count = 0;
  goingAway = false;
  readonly #listeners = new Set<(why: 'windowFull' | 'revoking' | 'draining' | 'lost') => void>();

  get listeners(): number {
    return this.#listeners.size;
  }
  park(notice: ParkedNotice | null): (() => void) | null {
    if (this.goingAway) return null;
    if (notice !== null) this.parked.push(notice);
    this.count += 1;
    return () => {
      this.count -= 1;
    };
  }
  override hold(reason = ''): () => void {
    this.holds.push(reason);
    return () => {
      this.holds.splice(this.holds.indexOf(reason), 1);
    };
  }
  override onPressure(listener?: (why: 'windowFull' | 'revoking' | 'draining' | 'lost') => void): () => void {
    if (listener === undefined) return () => undefined;
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  press(why: 'windowFull' | 'revoking' | 'draining' | 'lost'): void {
    if (why !== 'windowFull') this.goingAway = true;
    for (const listener of [...this.#listeners]) listener(why);
  }
}

/** A lease that counts. */
export class SpecLease implements Lease {
  readonly partitions: readonly LeaseOwner[];
  readonly controller = new AbortController();
  state: Lease['state'] = 'open';
  settlements = 0;
  taken = 0;
  reason: unknown = undefined;

  constructor(...partitions: LeaseOwner[]) {
    this.partitions = partitions;
  }
  get signal(): AbortSignal {
    return this.controller.signal;
  }
  ack(): LeaseAnswer {
    return this.#settle('acked');
  }
  release(reason?: unknown): LeaseAnswer {
    if (this.state === 'open') this.reason = reason;
    return this.#settle('released');
  }
  fence(): void {
    if (this.state !== 'open') return;
    this.state = 'fenced';
    this.controller.abort();
  }
  #settle(state: 'acked' | 'released'): LeaseAnswer {
    if (this.state === 'fenced') return 'fenced';
    if (this.state !== 'open') return 'duplicate';
    this.state = state;
    this.settlements += 1;
    return 'accepted';
  }
  [takeLease](): void {
    this.taken += 1;
  }
}

export interface SpecItem {
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly id: number;
  readonly value: number;
  readonly keyBytes: Uint8Array | null;
  readonly lease: SpecLease;
}

/** A leased element, record-like as far as key lanes look at it. */
export function item(id: number, owner: LeaseOwner = new SpecOwner(), key: number | null = 0): SpecItem {
  const keyBytes = key === null ? null : new Uint8Array([key]);
  return { id, value: id, keyBytes, lease: new SpecLease(owner) };
}
