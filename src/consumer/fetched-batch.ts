import { type ConsumerRecord, type RecordBatch } from '../model/consumer-record.js';
import { type Lease, type LeaseAnswer, type LeaseOwner, takeLease } from '../model/lease.js';
import { type WindowEntry, windowLease } from '../model/lease-window.js';
import { type RecordHome } from './buffered-batch.js';
import { type FetchedRecord } from './fetched-record.js';
import { type LeaseTracker } from './lease-tracker.js';

/** What settles a run of deliveries in one go; the partition's cursor. */
export interface RangeSettler {
  ackRange(tracker: LeaseTracker, from: number, to: number): number;
  ackUntaken(tracker: LeaseTracker, from: number, to: number): void;
}

/**
 * Records of one partition delivered together, under one lease. A single item may be settled through its own lease as well;
 * the batch's lease then settles the rest.
 */
export class FetchedBatch implements RecordBatch<unknown, unknown>, Lease {
  readonly topic: string;
  readonly partition: number;
  readonly items: readonly ConsumerRecord<unknown, unknown>[];
  readonly #home: RecordHome & RangeSettler;
  readonly #tracker: LeaseTracker;
  readonly #from: number;
  readonly #to: number;

  constructor(home: RecordHome & RangeSettler, tracker: LeaseTracker, items: readonly FetchedRecord[], from: number) {
    this.topic = home.topic;
    this.partition = home.partition;
    this.items = items;
    this.#home = home;
    this.#tracker = tracker;
    this.#from = from;
    this.#to = from + items.length;
  }

  get lease(): Lease {
    this.#home.leaseEverRead = true;
    return this;
  }
  get state(): 'open' | 'acked' | 'released' | 'fenced' {
    return this.#tracker.rangeState(this.#from, this.#to);
  }
  get signal(): AbortSignal {
    return this.#tracker.rangeSignal(this.#from, this.#to);
  }
  get partitions(): readonly LeaseOwner[] {
    return this.#home.alone;
  }

  ack(): LeaseAnswer {
    return this.#home.ackRange(this.#tracker, this.#from, this.#to) > 0 ? 'accepted' : this.#otherwise(true);
  }
  release(_reason?: unknown): LeaseAnswer {
    if (this.#home.atMostOnce) return this.ack();
    return this.#tracker.releaseRange(this.#from, this.#to) > 0 ? 'accepted' : this.#otherwise(false);
  }
  [takeLease](): void {
    this.#tracker.takeRange(this.#from, this.#to);
  }
  [windowLease](enter: boolean, settled?: () => void): WindowEntry {
    const { window } = this.#tracker;
    if (enter) return window.enter(this.#from, this.#to, settled);
    window.leave(this.#from, this.#to);
    return 'settled';
  }

  /** `acknowledge: 'onNext'`: what nobody took over is done. @internal */
  settleUntaken(): void {
    this.#home.ackUntaken(this.#tracker, this.#from, this.#to);
  }

  #otherwise(done: boolean): LeaseAnswer {
    return this.#tracker.rangeAnswer(this.#from, this.#to, done);
  }
}
