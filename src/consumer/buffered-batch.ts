import { type BatchHeader } from '../codecs/record-batch-reader.js';
import { type LeaseAnswer, type LeaseOwner } from '../model/lease.js';
import { type Deserializer } from '../model/serde.js';
import { type TimestampType } from '../model/topic-partition.js';
import { type Frame } from './frame-budget.js';
import { type LeaseTracker } from './lease-tracker.js';
import { RecordBytes } from './record-bytes.js';
import { ACKED, FENCED, HELD } from './window-leases.js';

/** What records need of the partition they came from. */
export interface RecordHome extends LeaseOwner {
  readonly keyDeserializer: Deserializer<unknown> | null;
  readonly valueDeserializer: Deserializer<unknown> | null;
  /** Set by the first record whose lease was asked for: a stream that never reads one cannot settle anything. */
  leaseEverRead: boolean;
  /** A record that is not done is done all the same: it never comes again. */
  readonly atMostOnce: boolean;
  /** This partition alone, as `Lease.partitions` wants it. */
  readonly alone: readonly LeaseOwner[];
}

/**
 * One record batch between fetch and settlement. Compressed until its turn; keeps its frame counted until every record that
 * was delivered from it is settled. Hidden ones (control records, aborted transactions) only move the position.
 */
export class BufferedBatch {
  readonly home: RecordHome;
  /** Reading goes on here behind this batch. */
  readonly nextOffset: number;
  readonly leaderEpoch: number;
  /** The same for records: null where it is unknown. */
  readonly recordEpoch: number | null;
  readonly timestampType: TimestampType;
  readonly hidden: boolean;
  /** Bytes on the wire. */
  readonly size: number;
  /** Dropped once the batch is read to its end: records keep the payload by themselves. */
  header: BatchHeader | null;
  payload: RecordBytes | null = null;
  /** A codec is at work on another thread. */
  decompressing = false;
  /** The delivery epoch's leases; set when delivery from this batch begins. */
  tracker: LeaseTracker | null = null;
  /** Delivery sequences of this batch: `[firstSeq, endSeq)`. */
  firstSeq = 0;
  endSeq = 0;
  #frame: Frame | null;
  #extra = 0;
  #unsettled = 0;
  #exhausted = false;

  constructor(home: RecordHome, header: BatchHeader, frame: Frame, hidden: boolean) {
    this.home = home;
    this.nextOffset = header.nextOffset;
    this.leaderEpoch = header.partitionLeaderEpoch;
    this.recordEpoch = this.leaderEpoch < 0 ? null : this.leaderEpoch;
    this.timestampType = header.timestampType;
    this.hidden = hidden;
    this.size = header.end - header.start;
    this.header = hidden ? null : header;
    this.#frame = hidden ? null : frame;
    if (!hidden) frame.retain();
  }

  get released(): boolean {
    return this.#frame === null;
  }
  get exhausted(): boolean {
    return this.#exhausted;
  }
  get unsettled(): number {
    return this.#unsettled;
  }

  /** Decompressed records have arrived. */
  unpacked(payload: Uint8Array): void {
    this.payload = new RecordBytes(payload);
    this.decompressing = false;
    if (this.#frame === null || this.header === null || payload.buffer === this.header.bytes.buffer) return;
    this.#extra = payload.length;
    this.#frame.grow(this.#extra);
  }

  /** One record more was delivered, under the sequence that follows `endSeq`. */
  delivered(): void {
    this.endSeq++;
    this.#unsettled++;
  }

  /** The last record was delivered. */
  finish(): void {
    this.#exhausted = true;
    this.header = null;
    this.payload = null;
    if (this.#unsettled === 0) this.#free();
  }

  ack(seq: number): LeaseAnswer {
    const tracker = this.tracker!;
    const answer = tracker.ack(seq);
    // in the window of a transaction it was only marked: it counts when the window ends
    if (answer === 'accepted' && tracker.kind(seq) !== HELD) this.settled(1);
    return answer;
  }

  /** So many of the delivered records were acknowledged or fenced. */
  settled(count: number): void {
    this.#unsettled -= count;
    if (this.#unsettled === 0 && this.#exhausted) this.#free();
  }

  /** Counts anew after leases were fenced here and there. */
  recount(): void {
    const tracker = this.tracker;
    if (tracker === null) return;
    let unsettled = 0;
    for (let seq = this.firstSeq; seq < this.endSeq; seq++) {
      const kind = tracker.kind(seq);
      if (kind !== ACKED && kind !== FENCED) unsettled++;
    }
    this.settled(this.#unsettled - unsettled);
  }

  /** Not wanted any more, whatever was delivered from it. */
  drop(): void {
    this.#exhausted = true;
    this.#unsettled = 0;
    this.header = null;
    this.payload = null;
    this.#free();
  }

  #free(): void {
    const frame = this.#frame;
    if (frame === null) return;
    this.#frame = null;
    if (this.#extra > 0) frame.shrink(this.#extra);
    frame.release();
  }
}
