import { type BatchBuffer } from '../codecs/record-batch-writer.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type DeliveryList } from './delivery-list.js';
import { type PartitionQueue } from './partition-queue.js';

/**
 * Where a batch is. open: takes records. closed: full or drained, not compressed yet. finishing: an asynchronous codec is at
 * work. finished: has its bytes, may be sent. inFlight: written to a broker, unanswered. retry: answered with an error that
 * another try may cure; keeps sequence and bytes. settled: its receivers were told and it left its queue.
 */
export type BatchState = 'open' | 'closed' | 'finishing' | 'finished' | 'inFlight' | 'retry' | 'settled';

/** A call of `flush` that waits for a number of batches. */
export interface FlushWaiter {
  remaining: number;
  readonly done: () => void;
}

/** What the waiters waited for is answered; the last one to be answered ends the wait. */
export function endFlushWaiters(item: { flushWaiters?: FlushWaiter[] | null }): void {
  const waiters = item.flushWaiters ?? [];
  item.flushWaiters = null;
  for (const waiter of waiters) if (--waiter.remaining === 0) waiter.done();
}

/** One record batch from its first record to its last acknowledgement. */
export class ProduceBatch {
  readonly queue: PartitionQueue;
  readonly buffer: BatchBuffer;
  readonly deliveries: DeliveryList;
  /** Monotonic; the delivery timeout counts from here. */
  readonly createdAt: number;
  state: BatchState = 'open';
  /** Packed by hand: leaves as soon as it may, open or not. */
  packed = false;
  /** Bytes that count against bufferMemory. */
  accounted = 0;
  /** The part of `accounted` that came through `write`; it counts against the share of the sinks. */
  sinkBytes = 0;
  /** The frame as it goes on the wire, once finished. */
  bytes: Uint8Array | null = null;
  /** What the records carry in `bytes`: -1 without idempotence or before the first drain. */
  producerId = -1;
  producerEpoch = -1;
  baseSequence = -1;
  /** The sequence in `bytes` is an older one: patch before sending. */
  restamp = false;
  attempts = 0;
  retryAt = 0;
  /** The present attempt was written to a connection; until then its request waits for one. */
  onWire = false;
  /** Some attempt ended without a definite answer: the broker may hold the records. */
  ambiguous = false;
  /** Its receivers were told of the expiry while it was in flight; the answer still matters for the sequence. */
  expired = false;
  lastError: KafkaError | null = null;
  flushWaiters: FlushWaiter[] | null = null;

  constructor(queue: PartitionQueue, buffer: BatchBuffer, deliveries: DeliveryList, createdAt: number) {
    this.queue = queue;
    this.buffer = buffer;
    this.deliveries = deliveries;
    this.createdAt = createdAt;
  }

  get count(): number {
    return this.buffer.count;
  }

  /** Sequence numbers are given at drain and live until the batch is answered or known not to be written. */
  get sequenced(): boolean {
    return this.baseSequence >= 0;
  }

  /** Bytes it will take in a request; an estimate before compression. */
  get wireSize(): number {
    return this.bytes?.length ?? this.buffer.size;
  }

  addFlushWaiter(waiter: FlushWaiter): void {
    (this.flushWaiters ??= []).push(waiter);
  }
}
