import { type Chunk } from './commit-ahead.js';
import { type FetchedPart } from './fetched-part.js';
import { type FetchedRecord } from './fetched-record.js';
import { type Frame } from './frame-budget.js';
import { type LeaseTracker } from './lease-tracker.js';

/** What a cursor delivers from: the batches that wait, one record after the other, each given out by the cursor's tracker. */
export interface RecordReader {
  /** Set while records are handed to the receiver. */
  delivering: boolean;
  /** What ends behind this offset is not begun. */
  gate: number;
  /** Bytes that wait. */
  readonly bytes: number;
  /** Records can be read now. */
  readonly ready: boolean;
  append(part: FetchedPart, frame: Frame): void;
  /** The next record, given out; null when there is none to read now. */
  next(tracker: LeaseTracker, now: number): FetchedRecord | null;
  /** About `max` of the records that come next, from `position` on. */
  chunk(position: number, max: number): Chunk | null;
  /** Undelivered records go. */
  dropWaiting(): void;
  /** Everything goes: the leases were fenced. */
  dropAll(): void;
  /** Leases were fenced here and there. */
  recount(): void;
  /** Acknowledges what is open of the deliveries `[from, to)`; returns how many that were. */
  ackRange(tracker: LeaseTracker, from: number, to: number): number;
  /** Those of `[from, to)` that no operator took over. */
  ackUntaken(tracker: LeaseTracker, from: number, to: number): void;
}
