import type { ConsumerRecord } from '../src/model/consumer-record.js';
import type { HeaderValue } from '../src/model/record-headers.js';
import type { Failure } from './failure-policy.js';

/**
 * Names of the headers that {@link deadLetter} and {@link retryTopics} add; all values are text. `original*` say where the
 * record was consumed first: they are kept when it fails again in a retry topic, or is read from a dead letter topic.
 * `attempts` counts all tries, those in earlier topics included. `retryAttempt` (from 1) and `retryDue` (milliseconds since
 * the epoch) are on records of retry topics only.
 * @public
 */
export const failureHeaders: {
  readonly originalTopic: string;
  readonly originalPartition: string;
  readonly originalOffset: string;
  readonly originalTimestamp: string;
  readonly errorName: string;
  readonly errorMessage: string;
  readonly attempts: string;
  readonly retryAttempt: string;
  readonly retryDue: string;
} = Object.freeze({
  originalTopic: 'rx-kafka.original-topic',
  originalPartition: 'rx-kafka.original-partition',
  originalOffset: 'rx-kafka.original-offset',
  originalTimestamp: 'rx-kafka.original-timestamp',
  errorName: 'rx-kafka.error-name',
  errorMessage: 'rx-kafka.error-message',
  attempts: 'rx-kafka.attempts',
  retryAttempt: 'rx-kafka.retry-attempt',
  retryDue: 'rx-kafka.retry-due',
});

type Pairs = readonly (readonly [name: string, value: HeaderValue])[];

const names: ReadonlySet<string> = new Set(Object.values(failureHeaders));
/** A longer text could make a record too large that fitted without it. */
const longestMessage = 1024;

/** Headers of the copy of a record that failed: its own, in their order, then ours in place of those of an earlier failure. */
export function headersAfterFailure(
  record: ConsumerRecord<unknown, unknown>,
  { error, attempts }: Failure<unknown>,
  retry: { readonly attempt: number; readonly due: number } | null,
): Pairs {
  const { headers } = record;
  const h = failureHeaders;
  const first = (name: string, value: number | string): readonly [string, HeaderValue] => [
    name,
    headers.has(h.originalTopic) ? (headers.text(name) ?? null) : String(value),
  ];
  // only within one chain of retry topics: a record that somebody sent back from a dead letter topic starts anew
  const before = headers.has(h.retryAttempt) ? Number(headers.text(h.attempts) ?? 0) : 0;
  const pairs: (readonly [string, HeaderValue])[] = [...headers].filter(([name]) => !names.has(name));
  pairs.push(
    first(h.originalTopic, record.topic),
    first(h.originalPartition, record.partition),
    first(h.originalOffset, record.offset),
    first(h.originalTimestamp, record.timestamp),
    [h.errorName, error instanceof Error ? error.name : typeof error],
    [h.errorMessage, textOf(error).slice(0, longestMessage)],
    [h.attempts, String((Number.isFinite(before) ? before : 0) + attempts)],
  );
  if (retry !== null) pairs.push([h.retryAttempt, String(retry.attempt)], [h.retryDue, String(retry.due)]);
  return pairs;
}

function textOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return String(error);
}
