import { decompressBatch, RecordCursor } from '../codecs/record-batch-reader.js';
import { KafkaError } from '../errors/kafka-error.js';
import { ProtocolDecodeError } from '../errors/protocol-error.js';
import { hop } from '../runtime/timer.js';
import { BatchQueue } from './batch-queue.js';
import { BufferedBatch } from './buffered-batch.js';
import { type Chunk } from './commit-ahead.js';
import { type CursorPort } from './cursor-port.js';
import { FetchedRecord } from './fetched-record.js';
import { type FetchedPart } from './fetched-part.js';
import { type Frame } from './frame-budget.js';
import { type LeaseTracker } from './lease-tracker.js';
import { type PartitionCursor } from './partition-cursor.js';
import { type RecordReader } from './record-reader.js';

/** Batches whose asynchronous codec works ahead of delivery. */
const unpackAhead = 2;
/** The codec whose package answers later. */
const zstd = 4;

/**
 * From waiting batches to records: unpacks the batch in front, walks over it, moves the position, also over what is hidden.
 */
export class CursorReader implements RecordReader {
  /** Set while records are handed to the receiver. */
  delivering = false;
  readonly #home: PartitionCursor;
  readonly #port: CursorPort;
  readonly #failed: (error: KafkaError) => void;
  readonly #queue: BatchQueue = new BatchQueue();
  readonly #cursor: RecordCursor = new RecordCursor();
  /** The front batch, once reading it has begun. */
  #current: BufferedBatch | null = null;
  #left = 0;
  #broken = false;
  /** Batches that end behind this offset are not begun. */
  gate: number = Number.POSITIVE_INFINITY;

  constructor(home: PartitionCursor, port: CursorPort, failed: (error: KafkaError) => void) {
    this.#home = home;
    this.#port = port;
    this.#failed = failed;
  }

  get bytes(): number {
    return this.#queue.bytes;
  }

  /** Records can be read now. */
  get ready(): boolean {
    if (this.#broken) return false;
    const front = this.#queue.front;
    return front !== undefined && !front.decompressing;
  }

  append(part: FetchedPart, frame: Frame): void {
    const { batches, hidden } = part;
    for (let i = 0; i < batches.length; i++) {
      // compaction leaves batches without records
      const header = batches[i]!;
      this.#queue.push(new BufferedBatch(this.#home, header, frame, hidden[i]! || header.recordCount === 0));
    }
    if (this.#current === null) this.#skipHidden();
  }

  /** The next record, given out; null when there is none to read now. */
  next(tracker: LeaseTracker, now: number): FetchedRecord | null {
    const cursor = this.#cursor;
    for (;;) {
      const batch = this.#current ?? this.#begin(tracker);
      if (batch === null) return null;
      if (!this.#step()) {
        if (this.#broken) return null;
        this.#finish(tracker);
        continue;
      }
      this.#left--;
      if (cursor.offset < tracker.nextOffset) {
        if (this.#left === 0) this.#finish(tracker);
        continue;
      }
      tracker.nextOffset = cursor.offset + 1;
      const seq = tracker.deliver(cursor.offset, cursor.recordEnd - cursor.recordStart, now, batch.leaderEpoch);
      batch.delivered();
      const { topic, partition } = this.#home;
      const { offset, timestamp, partsStart } = cursor;
      const record = new FetchedRecord(topic, partition, offset, timestamp, batch.payload!, partsStart, batch, seq);
      // before the record is handed out: whoever settles it at once settles the gap behind it as well
      if (this.#left === 0) this.#finish(tracker);
      return record;
    }
  }

  /** About `max` of the records that come next, from `position` on: a part of the batch in front, or whole batches. */
  chunk(position: number, max: number): Chunk | null {
    const front = this.#queue.front;
    const header = front?.header ?? null;
    if (front === undefined || header === null) return null;
    let count = this.#current === front ? this.#left : header.recordCount;
    let { nextOffset: gate, leaderEpoch } = front;
    if (count > max && front.nextOffset - header.baseOffset === header.recordCount) {
      const limit = Math.min(gate, Math.max(position, header.baseOffset) + max);
      return { limit, gate, partial: true, leaderEpoch };
    }
    for (let i = 1; ; i++) {
      const behind = this.#queue.at(i);
      count += behind?.header?.recordCount ?? 0;
      if (behind === undefined || count > max) break;
      gate = behind.nextOffset;
      leaderEpoch = behind.leaderEpoch;
    }
    return { limit: gate, gate, partial: false, leaderEpoch };
  }

  dropWaiting(): void {
    this.#current = null;
    this.#cursor.release();
    this.#queue.dropWaiting();
  }

  dropAll(): void {
    this.dropWaiting();
    this.#broken = false;
    this.#queue.dropAll();
  }

  recount(): void {
    this.#queue.recount();
  }

  ackRange(tracker: LeaseTracker, from: number, to: number): number {
    return this.#queue.ackRange(tracker, from, to);
  }

  /** Those of `[from, to)` that no operator took over. */
  ackUntaken(tracker: LeaseTracker, from: number, to: number): void {
    for (let start = from; start < to; start++) {
      let end = start;
      while (end < to && tracker.isUntaken(end)) end++;
      if (end > start) this.#queue.ackRange(tracker, start, end);
      start = end;
    }
  }

  #begin(tracker: LeaseTracker): BufferedBatch | null {
    const batch = this.#queue.front;
    if (batch === undefined || this.#broken || batch.nextOffset > this.gate) return null;
    this.#unpack(batch);
    for (let i = 1; i <= unpackAhead; i++) {
      const behind = this.#queue.at(i);
      if (behind?.header?.codec === zstd) this.#unpack(behind);
    }
    const { payload, header } = batch;
    if (payload === null || header === null) return null;
    const { bytes } = payload;
    try {
      if (bytes === header.bytes) this.#cursor.reset(bytes, header.recordsStart, header.end, header);
      else this.#cursor.reset(bytes, 0, bytes.length, header);
    } catch (error) {
      this.#damaged(error);
      return null;
    }
    batch.tracker = tracker;
    batch.firstSeq = batch.endSeq = tracker.tail;
    this.#left = header.recordCount;
    this.#current = batch;
    return batch;
  }

  #unpack(batch: BufferedBatch): void {
    const header = batch.header;
    if (header === null || batch.payload !== null || batch.decompressing) return;
    if (header.codec === 0) {
      batch.unpacked(header.bytes);
      return;
    }
    batch.decompressing = true;
    try {
      const payload = decompressBatch(
        header,
        (error, bytes) => {
          this.#unpacked(batch, error, bytes);
        },
        (work) => {
          hop(this.#port.runtime, work);
        },
      );
      if (payload !== null) batch.unpacked(payload);
    } catch (error) {
      batch.decompressing = false;
      // damage further behind is met again when its turn comes
      if (batch === this.#queue.front) this.#damaged(error);
    }
  }

  #unpacked(batch: BufferedBatch, error: KafkaError | null, payload: Uint8Array | null): void {
    batch.decompressing = false;
    // dropped meanwhile
    if (batch.header === null) return;
    if (payload !== null) batch.unpacked(payload);
    else if (batch === this.#queue.front) this.#damaged(error);
    if (batch === this.#queue.front) this.#port.wakeDelivery(this.#home);
  }

  #step(): boolean {
    try {
      return this.#left > 0 && this.#cursor.next();
    } catch (error) {
      this.#damaged(error);
      return false;
    }
  }

  #finish(tracker: LeaseTracker): void {
    const batch = this.#current!;
    this.#current = null;
    tracker.pass(batch.nextOffset, batch.leaderEpoch);
    this.#queue.finishFront();
    this.#skipHidden();
    if (this.#home.fetchable) this.#port.wakeFetch(this.#home);
  }

  /** Control records, aborted transactions and empty batches only move the position. */
  #skipHidden(): void {
    const { tracker } = this.#home;
    let moved = false;
    for (let front = this.#queue.front; front?.hidden === true; front = this.#queue.front) {
      tracker.pass(front.nextOffset, front.leaderEpoch);
      this.#queue.finishFront();
      moved = true;
    }
    if (moved) this.#port.mark(this.#home);
  }

  /** Told once; the position stays before the damage, what was fetched behind it is of no use. */
  #damaged(error: unknown): void {
    this.#broken = true;
    this.#current = null;
    this.#cursor.release();
    this.#queue.dropWaiting();
    const { topic, partition, position: offset } = this.#home;
    this.#failed(
      KafkaError.is(error)
        ? error
        : new ProtocolDecodeError(`Records of ${topic}-${partition} cannot be read`, {
            cause: error,
            topic,
            partition,
            offset,
          }),
    );
  }
}
