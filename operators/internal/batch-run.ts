import type { Observer, Subscriber, Subscription } from 'rxjs';
import type { LeasedBatch } from '../../src/model/consumer-record.js';
import type { Lease, LeaseOwner, Leased } from '../../src/model/lease.js';
import { BatchLease } from './batch-lease.js';
import { runtimeOf, take } from './leases.js';
import { OwnerWatch } from './owner-watch.js';

export interface BatchSettings {
  readonly maxRecords: number;
  readonly maxMs: number;
  readonly perPartition: boolean;
}

/** Elements that will leave together. */
class Gathering<S> {
  readonly owner: LeaseOwner | null;
  items: (S & Leased)[] = [];
  timer: Subscription | null = null;
  hop: Subscription | null = null;

  constructor(owner: LeaseOwner | null) {
    this.owner = owner;
  }
}

/**
 * One subscription of `batchRecords`. Full and timed batches leave at once; under pressure (window used up, partition about
 * to go) a batch leaves one hop later, so that everything that arrives in the same turn is in it, and so that nothing is
 * emitted in the stack of whoever told.
 */
export class BatchRun<S> implements Observer<S & Leased> {
  readonly #settings: BatchSettings;
  readonly #downstream: Subscriber<LeasedBatch<S>>;
  readonly #gatherings = new Map<LeaseOwner | null, Gathering<S>>();
  readonly #watch: OwnerWatch;
  #latest: Gathering<S> | null = null;
  #closed = false;

  constructor(settings: BatchSettings, downstream: Subscriber<LeasedBatch<S>>) {
    this.#settings = settings;
    this.#downstream = downstream;
    this.#watch = new OwnerWatch((owner) => {
      const gathering = this.#gatherings.get(settings.perPartition ? owner : null);
      if (gathering !== undefined) this.#flushSoon(gathering);
      // elements that cover several partitions are gathered apart
      const mixed = settings.perPartition ? this.#gatherings.get(null) : undefined;
      if (mixed !== undefined) this.#flushSoon(mixed);
    });
  }

  next(item: S & Leased): void {
    const lease = item.lease;
    take(lease);
    if (this.#closed) {
      lease.release();
      return;
    }
    this.#watch.see(lease);
    const gathering = this.#find(lease);
    const count = gathering.items.push(item);
    if (count >= this.#settings.maxRecords) this.#flush(gathering);
    else if (this.#watch.presses(lease)) this.#flushSoon(gathering);
    else if (count === 1) this.#arm(gathering, lease);
  }

  error(error: unknown): void {
    this.#downstream.error(error);
  }

  complete(): void {
    for (const gathering of [...this.#gatherings.values()]) this.#flush(gathering);
    this.#downstream.complete();
  }

  /** Downstream has left, or the stream has failed: what was gathered is not done. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    for (const gathering of this.#gatherings.values()) {
      unschedule(gathering);
      for (const { lease } of gathering.items) lease.release();
    }
    this.#gatherings.clear();
  }

  #find(lease: Lease): Gathering<S> {
    const owner = this.#settings.perPartition && lease.partitions.length === 1 ? lease.partitions[0]! : null;
    const latest = this.#latest;
    if (latest !== null && latest.owner === owner) return latest;
    let gathering = this.#gatherings.get(owner);
    if (gathering === undefined) {
      gathering = new Gathering(owner);
      this.#gatherings.set(owner, gathering);
    }
    this.#latest = gathering;
    // one per assignment of a partition, for as long as it is in use
    if (latest !== null && latest.items.length === 0) this.#gatherings.delete(latest.owner);
    return gathering;
  }

  #arm(gathering: Gathering<S>, lease: Lease): void {
    gathering.timer = runtimeOf(lease).scheduler.schedule(() => {
      gathering.timer = null;
      this.#flush(gathering);
    }, this.#settings.maxMs);
  }

  #flushSoon(gathering: Gathering<S>): void {
    const first = gathering.items[0];
    if (first === undefined || gathering.hop !== null || this.#closed) return;
    gathering.hop = runtimeOf(first.lease).scheduler.schedule(() => {
      gathering.hop = null;
      this.#flush(gathering);
    });
  }

  #flush(gathering: Gathering<S>): void {
    unschedule(gathering);
    const items = gathering.items;
    gathering.items = [];
    if (gathering !== this.#latest) this.#gatherings.delete(gathering.owner);
    if (this.#closed) return;
    // fenced while it waited (partition lost, seek): it comes again, here or elsewhere
    const live = items.some(isFenced) ? items.filter((item) => !isFenced(item)) : items;
    if (live.length > 0) this.#downstream.next({ items: live, lease: new BatchLease(live) });
  }
}

function isFenced(item: Leased): boolean {
  return item.lease.state === 'fenced';
}

function unschedule(gathering: Gathering<unknown>): void {
  gathering.timer?.unsubscribe();
  gathering.timer = null;
  gathering.hop?.unsubscribe();
  gathering.hop = null;
}
