import { type MonoTypeOperatorFunction, Observable, asyncScheduler } from 'rxjs';
import type { ConsumerRecord } from '../src/model/consumer-record.js';
import type { LeaseOwner, Leased } from '../src/model/lease.js';
import type { RecordSink } from '../src/model/record-sink.js';
import type { Bytes } from '../src/model/topic-partition.js';
import { deadLetter } from './dead-letter.js';
import { failureHeaders, headersAfterFailure } from './failure-headers.js';
import type { FailurePolicy } from './failure-policy.js';
import { recordsOf, runtimeOf } from './internal/leases.js';
import { link } from './internal/link.js';
import { checkNames, invalid } from './internal/options.js';
import { Outbox, checkSink } from './internal/outbox.js';
import { WhenDueRun } from './internal/when-due-run.js';

/** Options of {@link retryTopics}. @public */
export interface RetryTopicsOptions {
  /** The retry topics are this name with `.retry.1`, `.retry.2` and so on. */
  readonly topic: string;
  /** How long a record waits before each further try, milliseconds: one retry topic for each. */
  readonly delaysMs: readonly number[];
  /** Where a record goes that failed after the last of them. */
  readonly deadLetter: string;
}

/** What {@link retryTopics} gives. @public */
export interface RetryTopics extends FailurePolicy<Leased> {
  /** To be read beside the original topic, by the same consumer or by another one. */
  readonly topics: readonly string[];
  /**
   * Holds back records of the retry topics until they are due, everything else passes. A partition whose next record is not
   * due is paused as a whole: delays within one topic are equal, so what is behind is not due either, and one timer is
   * enough. The wait does not count against `maxPollIntervalMs`. When the partition is given up, what waits is released.
   */
  readonly whenDue: <S extends Leased>() => MonoTypeOperatorFunction<S>;
}

/**
 * A failure policy that tries again later without blocking the partition: the record is written to a retry topic and
 * acknowledged when that is done, comes back when it is due, and ends as a dead letter after the last delay. Key, value and
 * headers are the original bytes; `failureHeaders` say where it came from, why it failed, how often, and when it is due.
 * Records with one key keep their order within a retry topic, but not towards later ones of the original topic.
 *
 * The topics have to exist, or brokers have to create them. Sink failures fail the stream, as in {@link deadLetter}.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * const retries = retryTopics(producer.bytes, { topic: 'orders', delaysMs: [5000, 60000], deadLetter: 'orders.dlq' });
 * const orders = kafka.consumer({ groupId: 'billing', topics: ['orders', ...retries.topics], valueDeserializer: json<Order>() });
 * orders.records$.pipe(retries.whenDue(), processEach(handle, { onFailure: retries, order: 'key' }), commitOffsets()).subscribe();
 * ```
 * @public
 */
export function retryTopics(sink: RecordSink<Bytes | null, Bytes | null>, options: RetryTopicsOptions): RetryTopics {
  const where = 'retryTopics';
  checkSink(where, sink);
  const { topic, delaysMs } = check(where, options);
  const dead = deadLetter(sink, options.deadLetter);
  const outbox = new Outbox(sink);
  const topics = delaysMs.map((_, index) => `${topic}.retry.${index + 1}`);
  // by topic, not by header: a record that somebody sent back to the original topic starts anew
  const stages = new Map(topics.map((name, index) => [name, index + 1]));
  return {
    name: where,
    topics,
    handle: (failure) => {
      const stage = stages.get(failure.record.topic) ?? 0;
      const delayMs = delaysMs[stage];
      if (delayMs === undefined) return dead.handle(failure);
      const due = Math.ceil(wallClock(runtimeOf(failure.item.lease)) + delayMs);
      return outbox.write(
        recordsOf(failure.item).map((record) => ({
          topic: topics[stage]!,
          key: record.keyBytes,
          value: record.valueBytes,
          headers: headersAfterFailure(record, failure, { attempt: stage + 1, due }),
        })),
      );
    },
    whenDue: () => (source) =>
      new Observable((downstream) => {
        const waitMs = (item: Leased): number => {
          let longest = 0;
          for (const record of recordsOf(item)) {
            const stage = stages.get(record.topic);
            if (stage === undefined) continue;
            const delayMs = delaysMs[stage - 1]!;
            const left = dueAt(record, delayMs) - wallClock(runtimeOf(item.lease));
            // never longer than the topic's delay: a writer whose clock is ahead must not stop the partition
            longest = Math.max(longest, Math.min(left, delayMs));
          }
          return longest;
        };
        const run = new WhenDueRun(waitMs, downstream);
        downstream.add(() => {
          run.close();
        });
        link(source, downstream, run);
      }),
  };
}

function check(where: string, options: RetryTopicsOptions): RetryTopicsOptions {
  if (typeof options !== 'object' || (options as object | null) === null)
    throw invalid(where, 'options', options, 'it must be an object');
  checkNames(where, options, ['topic', 'delaysMs', 'deadLetter']);
  for (const name of ['topic', 'deadLetter'] as const) {
    const value: unknown = options[name];
    if (typeof value !== 'string' || value === '') throw invalid(where, name, value, 'it must be the name of a topic');
  }
  const delaysMs: unknown = options.delaysMs;
  const legal = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;
  if (!Array.isArray(delaysMs) || delaysMs.length === 0 || !delaysMs.every(legal))
    throw invalid(where, 'delaysMs', delaysMs, 'it must be an array of whole numbers of milliseconds above 0');
  return options;
}

/** A record that somebody else wrote to a retry topic has no due time: it waits from when it was written. */
function dueAt(record: ConsumerRecord<unknown, unknown>, delayMs: number): number {
  const due = Number(record.headers.text(failureHeaders.retryDue) ?? Number.NaN);
  return Number.isFinite(due) ? due : record.timestamp + delayMs;
}

function wallClock(runtime: LeaseOwner['runtime']): number {
  return runtime.wallClock?.() ?? asyncScheduler.now();
}
