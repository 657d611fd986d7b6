import { type BufferedBatch } from './buffered-batch.js';
import { type LeaseTracker } from './lease-tracker.js';

/**
 * The batches of one partition in offset order: those that wait for delivery, and behind them those that were delivered and
 * are not settled.
 */
export class BatchQueue {
  #waiting: BufferedBatch[] = [];
  #head = 0;
  #bytes = 0;
  /** Read to the end, some of their records are open. */
  #unsettled: BufferedBatch[] = [];

  /** Bytes on the wire that wait; a batch counts until it is read to its end. */
  get bytes(): number {
    return this.#bytes;
  }
  get length(): number {
    return this.#waiting.length - this.#head;
  }
  get front(): BufferedBatch | undefined {
    return this.#waiting[this.#head];
  }

  /** The batch that comes after so many others. */
  at(index: number): BufferedBatch | undefined {
    return this.#waiting[this.#head + index];
  }

  push(batch: BufferedBatch): void {
    this.#waiting.push(batch);
    if (!batch.hidden) this.#bytes += batch.size;
  }

  /** The front batch was read to its end. */
  finishFront(): void {
    const batch = this.#waiting[this.#head]!;
    this.#head++;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head > 256) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
    if (!batch.hidden) this.#bytes -= batch.size;
    batch.finish();
    if (batch.released) return;
    const list = this.#unsettled;
    while (list.length > 0 && list[0]!.released) list.shift();
    list.push(batch);
  }

  /** Undelivered records are dropped; what was delivered stays until it is settled. */
  dropWaiting(): void {
    const front = this.front;
    if (front !== undefined && front.unsettled > 0) this.finishFront();
    for (let i = this.#head; i < this.#waiting.length; i++) this.#waiting[i]!.drop();
    this.#waiting = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  /** Everything goes: the leases were fenced. */
  dropAll(): void {
    this.dropWaiting();
    for (const batch of this.#unsettled) batch.drop();
    this.#unsettled = [];
  }

  /** Leases were fenced here and there. */
  recount(): void {
    this.front?.recount();
    for (const batch of this.#unsettled) batch.recount();
  }

  /** Acknowledges a run of deliveries, batch by batch, so that each knows when it is settled. */
  ackRange(tracker: LeaseTracker, from: number, to: number): number {
    let accepted = 0;
    // an acknowledgement only marks, so the list does not change under the loop
    for (const batch of this.#unsettled) accepted += ackWithin(batch, tracker, from, to);
    const front = this.front;
    if (front !== undefined) accepted += ackWithin(front, tracker, from, to);
    return accepted;
  }
}

function ackWithin(batch: BufferedBatch, tracker: LeaseTracker, from: number, to: number): number {
  if (batch.tracker !== tracker || batch.released) return 0;
  const first = Math.max(from, batch.firstSeq);
  const end = Math.min(to, batch.endSeq);
  if (first >= end) return 0;
  const accepted = tracker.ackRange(first, end);
  if (accepted > 0) batch.settled(accepted);
  return accepted;
}
