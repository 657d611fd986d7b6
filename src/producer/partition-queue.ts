import { type TimestampType } from '../model/topic-partition.js';
import { type WrittenBatch } from '../model/record-sink.js';
import { type StickyCandidate } from './sticky-partition.js';
import { type ProduceBatch } from './produce-batch.js';
import { advanceSequence, isBehind } from './sequence.js';
import { type BrokerSink } from './broker-sink.js';

/**
 * The unanswered batches of one partition in the order of their records, and the sequence state that goes with them. The
 * queue outlives a leader: it moves from one broker's sink to another's with everything in it.
 *
 * Order: batches leave from the front. In-flight ones form a prefix, except that a batch waiting for its retry may have later
 * ones in flight behind it; while one waits, nothing but the front batch is sent.
 */
export class PartitionQueue implements StickyCandidate, WrittenBatch {
  readonly topic: string;
  readonly partition: number;
  /** Node id, -1 while there is none. */
  leader = -1;
  leaderEpoch = -1;
  /** The sink of `leader`, null while there is none. */
  sink: BrokerSink | null = null;
  /** The sink lists this queue. */
  listed = false;
  readonly batches: ProduceBatch[] = [];
  /** The last of `batches` while it takes records. */
  open: ProduceBatch | null = null;
  inFlight = 0;
  /** Where the in-flight ones were sent: a new leader gets nothing before they are answered. */
  inFlightSink: BrokerSink | null = null;
  /** Batches in state retry. */
  retrying = 0;

  producerId = -1;
  producerEpoch = -1;
  nextSequence = 0;
  /** Sequence behind the last acknowledged record, by its place and not by the time of its answer. */
  ackedSequence = 0;
  /** A batch was acknowledged under this producer id and epoch lately. Until then a single batch goes out: a broker without
   * state takes any first sequence, so a second batch could overtake a refused first one. */
  established = false;
  lastAnswerAt = 0;
  /**
   * A batch with a sequence was given up. No new sequence is given out before the ones that have theirs are answered:
   * refused = known not to be written, unknown = it may have been.
   */
  gap: 'none' | 'refused' | 'unknown' = 'none';
  /** Restart under a new epoch once nothing is in flight. */
  restart = false;

  // WrittenBatch, for the receivers: what the last answer said
  timestampType: TimestampType = 'createTime';
  logStartOffset = -1;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get hasLeader(): boolean {
    return this.leader >= 0;
  }

  get queueLength(): number {
    return this.batches.length;
  }

  /** Some batch holds a sequence number that is not answered for good: those are a prefix. */
  get hasSequenced(): boolean {
    return this.batches.length > 0 && this.batches[0]!.sequenced;
  }

  /**
   * The batch to send next: null when none may be sent, whatever the time. The caller still has to check `retryAt` and, for
   * an open batch, whether it is due.
   */
  next(idempotent: boolean): ProduceBatch | null {
    if (this.restart || this.batches.length === 0) return null;
    const first = this.batches[0]!;
    if (this.inFlight > 0 && (!idempotent || !this.established || this.inFlightSink !== this.sink)) return null;
    if (first.state === 'retry') return first;
    // nor while the retry itself is under way: the broker knows duplicates only among a producer's last five batches
    if (this.retrying > 0 || (first.state === 'inFlight' && first.attempts > 1)) return null;
    const batch = this.batches[this.inFlight];
    if (batch === undefined || batch.state === 'finishing' || batch.count === 0) return null;
    if (this.gap !== 'none' && !batch.sequenced) return null;
    return batch;
  }

  /** Gives the batch its place in the sequence. */
  assignSequence(batch: ProduceBatch): void {
    batch.producerId = this.producerId;
    batch.producerEpoch = this.producerEpoch;
    batch.baseSequence = this.nextSequence;
    this.nextSequence = advanceSequence(this.nextSequence, batch.count);
  }

  /**
   * The batch was written: by its answer, or by the answer that it is a duplicate.
   *
   * Race: a batch may have been appended and refused all the same (NOT_ENOUGH_REPLICAS_AFTER_APPEND, REQUEST_TIMED_OUT), and those
   * behind it are acknowledged first. Its own acknowledgement must not take their numbers back: the next batch would get one of
   * them, and be taken for its duplicate.
   */
  acknowledged(batch: ProduceBatch, now: number): void {
    this.lastAnswerAt = now;
    this.established = true;
    if (batch.producerId !== this.producerId || batch.producerEpoch !== this.producerEpoch) return;
    const end = advanceSequence(batch.baseSequence, batch.count);
    if (isBehind(end, this.ackedSequence)) this.ackedSequence = end;
  }

  /** A batch that has its sequence leaves without an acknowledgement. */
  givenUp(maybeWritten: boolean): void {
    if (maybeWritten) this.gap = 'unknown';
    else if (this.gap === 'none') this.gap = 'refused';
  }

  /**
   * Closes a gap when every sequence that was given out is answered. What was refused leaves its numbers to the next batch;
   * what may have been written does so only if a later acknowledgement proved it, else the partition needs a new epoch.
   */
  resolveGap(): void {
    if (this.gap === 'none' || this.hasSequenced) return;
    if (this.gap === 'unknown' && this.ackedSequence !== this.nextSequence) {
      this.restart = true;
      return;
    }
    this.nextSequence = this.ackedSequence;
    this.gap = 'none';
  }

  /** From sequence 0 under another producer id or epoch; what is queued is numbered again when it is sent. */
  startEpoch(producerId: number, producerEpoch: number): void {
    this.producerId = producerId;
    this.producerEpoch = producerEpoch;
    this.established = false;
    this.nextSequence = 0;
    this.ackedSequence = 0;
    this.gap = 'none';
    this.restart = false;
    for (const batch of this.batches) {
      batch.baseSequence = -1;
      batch.restamp = batch.bytes !== null;
    }
  }

  /** Other batches take the place of one. */
  replace(batch: ProduceBatch, parts: readonly ProduceBatch[]): void {
    const index = this.batches.indexOf(batch);
    if (index >= 0) this.batches.splice(index, 1, ...parts);
  }

  remove(batch: ProduceBatch): void {
    const index = this.batches.indexOf(batch);
    if (index === 0) this.batches.shift();
    else if (index > 0) this.batches.splice(index, 1);
    if (this.open === batch) this.open = null;
  }
}
