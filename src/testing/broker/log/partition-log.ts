import { type BatchHeader } from '../../../codecs/record-batch-reader.js';
import { parseControlRecord, controlType } from '../../../codecs/control-record.js';
import { RecordCursor } from '../../../codecs/record-cursor.js';
import { LeaderEpochs } from './leader-epochs.js';
import { ProducerTable } from './producer-table.js';
import { type StoredBatch, storeBatch } from './stored-batch.js';

/** A transaction that was aborted, as the aborted index of a log has it. @internal */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Last stable offset when the marker was written: what fetches below it need not be told. */
  readonly stableOffset: number;
}

/** What a read found. @internal */
export interface LogSlice {
  readonly chunks: readonly Uint8Array[];
  readonly size: number;
  /** There was a batch, and its size was above the limit. */
  readonly incomplete: boolean;
}

const nothing: LogSlice = { chunks: [], size: 0, incomplete: false };

/**
 * The log of one partition: batches as bytes, what its leader knows of producers, transactions and epochs. All replicas share
 * one log; what followers have is a number, the high watermark. @internal
 */
export class PartitionLog {
  readonly producers: ProducerTable = new ProducerTable();
  readonly epochs: LeaderEpochs = new LeaderEpochs();
  #batches: StoredBatch[] = [];
  #aborted: AbortedTransaction[] = [];
  /** Transactions whose marker is above the high watermark still hold the last stable offset. */
  #undecided: { readonly firstOffset: number; readonly lastOffset: number }[] = [];
  #start = 0;
  #end = 0;
  #highWatermark = 0;
  readonly #listeners = new Set<() => void>();

  get startOffset(): number {
    return this.#start;
  }

  get endOffset(): number {
    return this.#end;
  }

  get highWatermark(): number {
    return this.#highWatermark;
  }

  get lastStableOffset(): number {
    let stable = this.#highWatermark;
    const open = this.producers.firstOpen();
    if (open !== null && open < stable) stable = open;
    for (const { firstOffset } of this.#undecided) if (firstOffset < stable) stable = firstOffset;
    return stable;
  }

  get batches(): readonly StoredBatch[] {
    return this.#batches;
  }

  /** Bytes of everything that is in it. */
  get size(): number {
    return this.#batches.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Hears of appends, moved watermarks and truncation. Returns how to stop. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Appends a batch that was checked; its first offset. */
  append(bytes: Uint8Array, leaderEpoch: number): number {
    const batch = storeBatch(bytes, this.#end, leaderEpoch);
    this.#batches.push(batch);
    this.#end = batch.lastOffset + 1;
    this.#learn(batch);
    return batch.baseOffset;
  }

  /** Followers have everything below that offset. */
  advance(highWatermark: number): void {
    const moved = Math.min(highWatermark, this.#end);
    if (moved > this.#highWatermark) {
      this.#highWatermark = moved;
      this.#undecided = this.#undecided.filter(({ lastOffset }) => lastOffset >= moved);
    }
    this.changed();
  }

  /** Tells those who wait for records. */
  changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /**
   * Batches from the one that holds `offset`, below `bound`, cut at `maxBytes` like a slice of a file: the last one may be a
   * part of a batch. With `wholeFirst` the first batch comes whole, whatever its size.
   */
  read(offset: number, bound: number, maxBytes: number, wholeFirst: boolean): LogSlice {
    if (offset >= bound) return nothing;
    let index = this.#indexOf(offset);
    if (index >= this.#batches.length || this.#batches[index]!.baseOffset >= bound) return nothing;
    const firstSize = this.#batches[index]!.bytes.length;
    const limit = wholeFirst ? Math.max(maxBytes, firstSize) : maxBytes;
    if (limit < firstSize) return { chunks: [], size: 0, incomplete: true };
    const chunks: Uint8Array[] = [];
    let size = 0;
    for (; index < this.#batches.length && size < limit; index++) {
      const batch = this.#batches[index]!;
      if (batch.baseOffset >= bound) break;
      const room = limit - size;
      chunks.push(batch.bytes.length <= room ? batch.bytes : batch.bytes.subarray(0, room));
      size += Math.min(batch.bytes.length, room);
    }
    return { chunks, size, incomplete: false };
  }

  /** Bytes that a read without a limit would find; counting ends when there are enough. */
  readable(offset: number, bound: number, enough: number): number {
    let size = 0;
    for (let index = this.#indexOf(offset); index < this.#batches.length && size < enough; index++) {
      const batch = this.#batches[index]!;
      if (batch.baseOffset >= bound) break;
      size += batch.bytes.length;
    }
    return size;
  }

  /** Aborted transactions that a reader of [from, to) must know. */
  abortedIn(from: number, to: number): AbortedTransaction[] {
    return this.#aborted.filter(({ firstOffset, lastOffset }) => lastOffset >= from && firstOffset < to);
  }

  /** Offset behind the last batch a read of that size touches: the bound for {@link abortedIn}. */
  endOfRead(offset: number, size: number): number {
    let left = size;
    let end = offset;
    for (let index = this.#indexOf(offset); index < this.#batches.length && left > 0; index++) {
      left -= this.#batches[index]!.bytes.length;
      end = this.#batches[index]!.lastOffset + 1;
    }
    return end;
  }

  /** Batches from the one that holds the offset on. */
  from(offset: number): readonly StoredBatch[] {
    return this.#batches.slice(this.#indexOf(offset));
  }

  /** Removes what is at and above `end`; state of producers is what the rest says. */
  truncate(end: number): void {
    const kept = this.#batches.filter(({ lastOffset }) => lastOffset < end);
    this.#end = Math.min(this.#end, kept.length === 0 ? Math.max(this.#start, 0) : kept.at(-1)!.lastOffset + 1);
    this.#highWatermark = Math.min(this.#highWatermark, this.#end);
    this.epochs.truncated(this.#end);
    this.producers.clear();
    this.#aborted = [];
    this.#undecided = [];
    this.#batches = [];
    for (const batch of kept) {
      this.#batches.push(batch);
      this.#learn(batch);
    }
    this.#undecided = this.#undecided.filter(({ lastOffset }) => lastOffset >= this.#highWatermark);
    this.changed();
  }

  /** Moves the log start offset (DeleteRecords, retention). Batches that are wholly below it go. */
  trim(start: number): void {
    if (start <= this.#start) return;
    this.#start = start;
    this.#batches = this.#batches.filter(({ lastOffset }) => lastOffset >= start);
    this.#aborted = this.#aborted.filter(({ lastOffset }) => lastOffset >= start);
    this.epochs.trimmed(start);
    this.changed();
  }

  /** Index of the batch that holds the offset, or of the first one behind it. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#batches[middle]!.lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #learn({ header, baseOffset, lastOffset }: StoredBatch): void {
    if (header.producerId < 0) return;
    if (header.isControl) this.#learnMarker(header, lastOffset);
    else this.producers.appended(header, baseOffset, lastOffset);
  }

  #learnMarker(header: BatchHeader, lastOffset: number): void {
    const { type, coordinatorEpoch } = readMarker(header);
    const stableOffset = this.lastStableOffset;
    const firstOffset = this.producers.ended(header.producerId, header.producerEpoch, coordinatorEpoch);
    if (firstOffset < 0) return;
    this.#undecided.push({ firstOffset, lastOffset });
    if (type === controlType.abort) {
      this.#aborted.push({ producerId: header.producerId, firstOffset, lastOffset, stableOffset });
    }
  }
}

function readMarker(header: BatchHeader): { type: number; coordinatorEpoch: number } {
  const cursor = new RecordCursor();
  cursor.reset(header.bytes, header.recordsStart, header.end, header);
  cursor.next();
  const { type } = parseControlRecord(cursor.bytes, cursor.keyStart, cursor.keyStart + cursor.keyLength);
  const at = cursor.valueStart + 2;
  const bytes = cursor.bytes;
  const coordinatorEpoch = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return { type, coordinatorEpoch };
}
