import { type Runtime } from '../model/runtime.js';
import { hop } from '../runtime/timer.js';
import { type Accumulator } from './accumulator.js';
import { type Dispatcher } from './dispatcher.js';
import { type PartitionQueue } from './partition-queue.js';
import { type FlushWaiter } from './produce-batch.js';
import { type WaitingRecord } from './waiting-record.js';

/**
 * Lets everything go that was taken so far; `done` when all of it is delivered or failed, never in the stack of the call.
 * What comes later does not count: open batches are closed here.
 */
export function flush(runtime: Runtime, accumulator: Accumulator, dispatcher: Dispatcher, done: () => void): void {
  const waiter: FlushWaiter = { remaining: 1, done };
  for (const topic of accumulator.topics.values()) {
    for (const queue of topic.partitions) flushQueue(queue, dispatcher, waiter);
    for (const record of topic.waiting) waitFor(record, waiter);
  }
  for (const record of accumulator.blocked) waitFor(record, waiter);
  hop(runtime, () => {
    if (--waiter.remaining === 0) done();
  });
}

function flushQueue(queue: PartitionQueue, dispatcher: Dispatcher, waiter: FlushWaiter): void {
  if (queue.open !== null) {
    queue.open.state = 'closed';
    queue.open = null;
    dispatcher.touch(queue);
  }
  for (const batch of queue.batches) {
    if (batch.expired) continue;
    waiter.remaining++;
    batch.addFlushWaiter(waiter);
  }
}

function waitFor(record: WaitingRecord, waiter: FlushWaiter): void {
  if (record.settled) return;
  waiter.remaining++;
  (record.flushWaiters ??= []).push(waiter);
}
