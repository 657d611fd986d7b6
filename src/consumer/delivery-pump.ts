import { type Cancel } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { hop } from '../runtime/timer.js';
import { type CursorListener } from './flow-options.js';
import { type PartitionCursor } from './partition-cursor.js';

/** Milliseconds of delivery before sockets and timers have their turn. */
const sliceMs = 2;
/** Records per slice at most: virtual time does not move while delivery runs. */
const sliceRecords = 10_000;
const largestQuantum = 128;

/**
 * Delivers from one hop-driven loop: nobody who settles, pauses or subscribes is delivered to in their own stack. Cursors take
 * turns, one quantum each; a slice ends after about two milliseconds. What was settled is told once per turn, in front of
 * the delivery that follows from it.
 */
export class DeliveryPump {
  readonly #runtime: Runtime;
  readonly #listener: CursorListener;
  #ring: PartitionCursor[] = [];
  #marked: PartitionCursor[] = [];
  #cancel: Cancel | null = null;
  #running = false;
  #closed = false;
  /** Shrinks when receivers are slow, so that a slice stays near its length. */
  #quantum = 16;

  constructor(runtime: Runtime, listener: CursorListener) {
    this.#runtime = runtime;
    this.#listener = listener;
  }

  /** It may have become deliverable. */
  wake(cursor: PartitionCursor): void {
    if (cursor.queued || !cursor.deliverable) return;
    cursor.queued = true;
    this.#ring.push(cursor);
    this.#schedule();
  }

  /** Its commit value or its open leases changed. */
  mark(cursor: PartitionCursor): void {
    if (cursor.marked || cursor.closed) return;
    cursor.marked = true;
    this.#marked.push(cursor);
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = null;
    this.#ring = [];
    this.#marked = [];
  }

  #schedule(): void {
    if (this.#cancel !== null || this.#running || this.#closed) return;
    this.#cancel = hop(this.#runtime, () => {
      this.#cancel = null;
      this.#run();
    });
  }

  #run(): void {
    this.#running = true;
    try {
      this.#tell(this.#runtime.now());
      this.#slice();
      // what the slice settled is told now and not a hop later: commits and drains wait for it
      this.#tell(this.#runtime.now());
    } finally {
      this.#running = false;
      if (this.#ring.length > 0 || this.#marked.length > 0) this.#schedule();
    }
  }

  #slice(): void {
    const start = this.#runtime.now();
    let now = start;
    let left = sliceRecords;
    // a ring by index: cursors that go on are pushed behind, the visited part is cut off at the end
    let at = 0;
    while (at < this.#ring.length && left > 0 && now - start < sliceMs) {
      const cursor = this.#ring[at++]!;
      cursor.queued = false;
      if (!cursor.deliverable) continue;
      left -= this.#deliver(cursor, now);
      const then = now;
      now = this.#runtime.now();
      this.#adapt(now - then);
      this.wake(cursor);
    }
    // close() during the slice has emptied the ring
    if (at > 0) this.#ring.splice(0, at);
  }

  #deliver(cursor: PartitionCursor, now: number): number {
    try {
      return cursor.deliver(this.#quantum, now);
    } catch (error) {
      this.#receiverFailed(cursor, error);
      return 1;
    }
  }

  #adapt(elapsed: number): void {
    if (elapsed > sliceMs / 4) this.#quantum = Math.max(1, this.#quantum >> 2);
    else if (this.#quantum < largestQuantum) this.#quantum <<= 1;
  }

  /** One pass: what is marked while the listener runs has its turn with the next hop. */
  #tell(now: number): void {
    const marked = this.#marked;
    if (marked.length === 0) return;
    this.#marked = [];
    for (const cursor of marked) {
      cursor.marked = false;
      if (cursor.closed) continue;
      try {
        cursor.settled(now);
        this.wake(cursor);
        this.#listener.settled(cursor);
      } catch (error) {
        this.#receiverFailed(cursor, error);
      }
    }
  }

  /** Thrown by our own layers above: receivers catch what users throw. It must not end the delivery of the others. */
  #receiverFailed(cursor: PartitionCursor, error: unknown): void {
    if (this.#listener.receiverFailed !== undefined) {
      this.#listener.receiverFailed(cursor, error);
      return;
    }
    hop(this.#runtime, () => {
      throw error;
    });
  }
}
