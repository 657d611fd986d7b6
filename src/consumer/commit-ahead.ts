import { type Cancel } from '../model/done.js';
import { backoffMs } from '../runtime/backoff.js';
import { Timer } from '../runtime/timer.js';
import { type CursorPort } from './cursor-port.js';
import { type CommitValue, type LeaseTracker } from './lease-tracker.js';
import { type PartitionCursor } from './partition-cursor.js';

/** What may be delivered under one commit. */
export interface Chunk {
  /** The records have offsets below. */
  readonly limit: number;
  /** Batches up to this offset may be begun. */
  readonly gate: number;
  /** The chunk is a part of one batch, whose offsets have no gaps. */
  readonly partial: boolean;
  readonly leaderEpoch: number;
}

/**
 * At most once (`acknowledge: 'beforeDelivery'`): the offset behind the next records is committed, and they are delivered when
 * that was answered. A chunk is up to `maxPollRecords` records, so a process that dies skips no more than that; a partition
 * that is given up in order commits where it really stands, and skips nothing.
 *
 * Race: the position may move, or delivery stop, while the commit is out. `reset` forgets the chunk; the answer finds nothing
 * to open, and the next commit of the partition says where it stands then, which may be an offset further back.
 */
export class CommitAhead {
  readonly #cursor: PartitionCursor;
  readonly #port: CursorPort;
  readonly #retry: Timer;
  #asked: Chunk | null = null;
  #open: Chunk | null = null;
  #cancel: Cancel | null = null;
  #failures = 0;

  constructor(cursor: PartitionCursor, port: CursorPort) {
    this.#cursor = cursor;
    this.#port = port;
    this.#retry = new Timer(port.runtime, () => {
      port.wakeDelivery(cursor);
    });
  }

  /** Delivery can go on, or the next chunk be asked for. */
  get ready(): boolean {
    return this.#cancel === null && !this.#retry.armed;
  }

  /** What the partition commits while a chunk is open: the offset behind it. */
  commitValue(tracker: LeaseTracker): CommitValue {
    const chunk = this.#asked ?? this.#open;
    if (chunk !== null && chunk.limit > tracker.nextOffset) {
      return { offset: chunk.limit, leaderEpoch: chunk.leaderEpoch };
    }
    return { offset: tracker.nextOffset, leaderEpoch: tracker.lastLeaderEpoch };
  }

  /** How many of `quantum` records may be delivered now; with 0 a commit is under way. */
  allow(quantum: number, tracker: LeaseTracker): number {
    const chunk = this.#open;
    if (chunk !== null && tracker.nextOffset < chunk.limit) {
      return chunk.partial ? Math.min(quantum, chunk.limit - tracker.nextOffset) : quantum;
    }
    this.#ask(tracker);
    return 0;
  }

  /** Forgets what is open: the partition stands elsewhere, or nothing of it is delivered any more. */
  reset(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#asked = null;
    this.#open = null;
    this.#failures = 0;
    this.#retry.clear();
    this.#cursor.reader.gate = -1;
  }

  #ask(tracker: LeaseTracker): void {
    const cursor = this.#cursor;
    const chunk = cursor.reader.chunk(tracker.nextOffset, this.#port.options.maxPollRecords);
    if (chunk === null) return;
    this.#asked = chunk;
    // trouble is told by whoever commits; here it only means that the chunk waits
    this.#cancel = cursor.commitNow((receipt) => {
      this.#cancel = null;
      this.#asked = null;
      if (receipt?.outcome === 'committed') {
        this.#failures = 0;
        this.#open = chunk;
        cursor.reader.gate = chunk.gate;
        this.#port.wakeDelivery(cursor);
      } else {
        const { retryBackoffMs, retryBackoffMaxMs, runtime } = this.#port;
        this.#retry.set(backoffMs(this.#failures++, retryBackoffMs, retryBackoffMaxMs, () => runtime.random()));
      }
    });
  }
}
