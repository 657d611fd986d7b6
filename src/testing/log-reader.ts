import type { Chunk } from '../consumer/commit-ahead.js';
import type { FetchedRecord } from '../consumer/fetched-record.js';
import type { LeaseTracker } from '../consumer/lease-tracker.js';
import type { PartitionCursor } from '../consumer/partition-cursor.js';
import type { RecordReader } from '../consumer/record-reader.js';
import type { Lease } from '../model/lease.js';
import type { ScriptedLog } from './scripted-log.js';
import type { SettlementLedger } from './settlement-ledger.js';
import { TestRecord } from './test-record.js';
import { TrackedLease } from './tracked-lease.js';

/** A record of a scripted log as the client's delivery knows records. */
class DeliveredRecord extends TestRecord<unknown, unknown> {
  readonly #home: PartitionCursor;
  readonly #tracker: LeaseTracker;
  readonly #sequence: number;

  constructor(
    init: ConstructorParameters<typeof TestRecord<unknown, unknown>>[0],
    offset: number,
    home: PartitionCursor,
    tracker: LeaseTracker,
    sequence: number,
  ) {
    super(init, offset, new TrackedLease(home.alone, tracker, sequence, home.atMostOnce));
    this.#home = home;
    this.#tracker = tracker;
    this.#sequence = sequence;
  }

  override get lease(): Lease {
    this.#home.leaseEverRead = true;
    return super.lease;
  }
  get seq(): number {
    return this.#sequence;
  }
  settleUntaken(): void {
    if (this.#tracker.isUntaken(this.#sequence)) this.#tracker.ack(this.#sequence);
  }
}

/** Delivers straight from a scripted log: nothing is fetched ahead, so nothing waits and nothing has to be dropped. */
export class LogReader implements RecordReader {
  delivering = false;
  gate: number = Number.POSITIVE_INFINITY;
  readonly bytes: number = 0;
  readonly #home: PartitionCursor;
  readonly #log: ScriptedLog;
  readonly #ledger: SettlementLedger;

  constructor(home: PartitionCursor, log: ScriptedLog, ledger: SettlementLedger) {
    this.#home = home;
    this.#log = log;
    this.#ledger = ledger;
  }

  get ready(): boolean {
    const { position } = this.#home;
    return position >= 0 && this.#log.from(position) !== undefined;
  }

  next(tracker: LeaseTracker, now: number): FetchedRecord | null {
    const entry = this.#log.from(tracker.nextOffset);
    if (entry === undefined || entry.offset >= this.gate) return null;
    tracker.nextOffset = entry.offset + 1;
    const sequence = tracker.deliver(entry.offset, entry.size, now, -1);
    this.#ledger.delivered(entry.letter, tracker, sequence);
    const record = new DeliveredRecord(entry.init, entry.offset, this.#home, tracker, sequence);
    // what delivery asks of a record is all there; the class of the client's own records holds bytes besides
    return record as unknown as FetchedRecord;
  }

  chunk(position: number, max: number): Chunk | null {
    const { entries } = this.#log;
    const first = entries.findIndex((entry) => entry.offset >= position);
    if (first < 0) return null;
    const limit = entries[Math.min(first + max, entries.length) - 1]!.offset + 1;
    return { limit, gate: limit, partial: false, leaderEpoch: -1 };
  }

  ackRange(tracker: LeaseTracker, from: number, to: number): number {
    return tracker.ackRange(from, to);
  }
  ackUntaken(tracker: LeaseTracker, from: number, to: number): void {
    for (let sequence = from; sequence < to; sequence++) if (tracker.isUntaken(sequence)) tracker.ack(sequence);
  }

  append(): void {
    // nothing is fetched
  }
  dropWaiting(): void {
    // nothing waits
  }
  dropAll(): void {
    // the leases are the tracker's
  }
  recount(): void {
    // no memory is counted
  }
}
