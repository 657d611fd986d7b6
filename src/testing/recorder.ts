import { ReplaySubject } from 'rxjs';
import type { LeaseOwner } from '../model/lease.js';
import type { LeaseTracker } from '../consumer/lease-tracker.js';
import type { ParkedNotice } from '../model/parking.js';
import type { OffsetList } from '../model/topic-partition.js';
import type { ParkedEvent } from './parked-event.js';
import type { PartitionObserver } from './test-partition.js';
import { type Settlement, SettlementLedger } from './settlement-ledger.js';

/** Everything that a source of a test was told in return: what became of its leases, and its commits. */
export class Recorder implements PartitionObserver {
  readonly settlements: ReplaySubject<Settlement> = new ReplaySubject<Settlement>();
  readonly commits: ReplaySubject<OffsetList> = new ReplaySubject<OffsetList>();
  readonly ledger: SettlementLedger = new SettlementLedger((settlement) => {
    this.settlements.next(settlement);
  });

  readonly parkings: ReplaySubject<ParkedEvent> = new ReplaySubject<ParkedEvent>();

  delivered(letter: string, tracker: LeaseTracker, sequence: number): void {
    this.ledger.delivered(letter, tracker, sequence);
  }

  settled(): void {
    this.ledger.check();
  }

  parked({ topic, partition }: LeaseOwner, notice: ParkedNotice): void {
    this.parkings.next({ type: 'parked', topic, partition, ...notice });
  }

  committed(offsets: OffsetList): void {
    this.commits.next(offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset })));
  }
}

/** Which recorder belongs to a stream or a consumer that a helper has made. */
export class Recorders {
  readonly #known: WeakMap<object, Recorder> = new WeakMap<object, Recorder>();

  add(recorder: Recorder, ...sources: readonly object[]): void {
    for (const source of sources) this.#known.set(source, recorder);
  }

  of(source: object): Recorder | undefined {
    return this.#known.get(source);
  }
}
