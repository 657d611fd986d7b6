import {
  type MonoTypeOperatorFunction,
  type Observable,
  type OperatorFunction,
  type SchedulerLike,
  asyncScheduler,
  defer,
  identity,
  mergeMap,
  retry,
  takeUntil,
  throwError,
  timer,
} from 'rxjs';
import { KafkaError } from '../src/errors/kafka-error.js';
import { UsageError } from '../src/errors/usage-error.js';
import type { PartitionStream } from '../src/model/consumer.js';
import type { Runtime } from '../src/model/runtime.js';
import { type Backoff, type BackoffOptions, pauseMs, resolveBackoff } from './internal/backoff.js';
import { checkFunction, checkNames, invalid } from './internal/options.js';
import { parkedPartition } from './internal/partition-park.js';

/** Options of {@link forEachPartition}. @public */
export interface ForEachPartitionOptions {
  /**
   * What an error of one partition's pipeline does: `fail` ends the stream, and with it the pipelines of all partitions.
   * `restart` subscribes that pipeline again after a pause, which rewinds its partition to the first unsettled record,
   * while the others go on; without `attempts` for ever. The count starts anew with each value the pipeline emits.
   * `park` stops that pipeline and says so by a `parked` event of the consumer, without limit of time: `retry()` subscribes it
   * again from the first unsettled record, `skip()` does the same and acknowledges the record that failed. Which one that is,
   * is known when an operator of this library failed, when the error names the record (DeserializationError), and when it was
   * thrown while the record was handed over; otherwise `skip()` only retries. `offset` of the event is that record's, or the
   * first unsettled one's.
   * Fatal errors and wrong use are never restarted or parked.
   * @defaultValue 'fail'
   */
  readonly onError?: 'fail' | 'park' | { readonly restart: BackoffOptions } | undefined;
}

const where = 'forEachPartition';

/**
 * Runs one pipeline per assigned partition, all side by side, and merges what they emit. A pipeline ends when its
 * partition is revoked.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * orders.partitions$.pipe(
 *   forEachPartition(orders$ => orders$.pipe(processEach(handle)), { onError: { restart: { initialMs: 1000 } } }),
 *   commitOffsets(),
 * )
 * ```
 * @public
 */
export function forEachPartition<K, V, R>(
  project: (partition: PartitionStream<K, V>) => Observable<R>,
  options?: ForEachPartitionOptions,
): OperatorFunction<PartitionStream<K, V>, R> {
  checkFunction(where, 'project', project);
  checkNames(where, options, ['onError']);
  const onError = resolveOnError(options?.onError);
  return mergeMap((partition) => defer(() => project(partition)).pipe(guarded(partition, onError)));
}

function guarded<K, V, R>(
  partition: PartitionStream<K, V>,
  onError: Backoff | 'fail' | 'park',
): MonoTypeOperatorFunction<R> {
  if (onError === 'fail') return identity;
  return onError === 'park' ? parking(partition) : restarting(partition, onError);
}

function resolveOnError(onError: ForEachPartitionOptions['onError']): Backoff | 'fail' | 'park' {
  if (onError === undefined) return 'fail';
  if (onError === 'fail' || onError === 'park') return onError;
  const restart = (onError as { readonly restart?: BackoffOptions | null } | null)?.restart;
  if (typeof onError !== 'object' || typeof restart !== 'object' || restart === null) {
    throw invalid(
      where,
      'onError',
      onError,
      "it must be 'fail', 'park' or { restart: { initialMs, maxMs, attempts } }",
    );
  }
  checkNames(where, onError, ['restart']);
  return resolveBackoff(`${where} restart`, restart, Infinity);
}

function parking<K, V, R>(partition: PartitionStream<K, V>): MonoTypeOperatorFunction<R> {
  return retry({
    delay: (error: unknown) =>
      isFinal(error)
        ? throwError(() => error as Error)
        : parkedPartition(partition as PartitionStream<never, never>, error),
  });
}

function restarting<R>(
  partition: Pick<PartitionStream<never, never>, 'ended$'>,
  backoff: Backoff,
): MonoTypeOperatorFunction<R> {
  const runtime = runtimeOf(partition);
  return retry({
    resetOnSuccess: true,
    delay: (error: unknown, failures: number) =>
      failures > backoff.attempts || isFinal(error)
        ? throwError(() => error as Error)
        : // a partition that goes away during the pause has nothing to restart
          timer(pauseMs(backoff, failures, runtime.random()), runtime.scheduler).pipe(takeUntil(partition.ended$)),
  });
}

function isFinal(error: unknown): boolean {
  return error instanceof UsageError || (KafkaError.is(error) && error.fatal);
}

/** The client's partition streams carry their runtime; a stream made by hand runs on real time without jitter. */
function runtimeOf(partition: object): { readonly scheduler: SchedulerLike; readonly random: () => number } {
  const runtime = (partition as { readonly runtime?: Pick<Runtime, 'scheduler' | 'random'> }).runtime;
  return runtime ?? { scheduler: asyncScheduler, random: () => 0.5 };
}
