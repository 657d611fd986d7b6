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

/** Options of {@link forEachPartition}. @public */
export interface ForEachPartitionOptions {
  /**
   * What an error of one partition's pipeline does: `fail` ends the stream, and with it the pipelines of all partitions.
   * `restart` subscribes that pipeline again after a pause, which rewinds its partition to the first unsettled record,
   * while the others go on; without `attempts` for ever. The count starts anew with each value the pipeline emits.
   * Fatal errors and wrong use are never restarted.
   * @defaultValue 'fail'
   */
  readonly onError?: 'fail' | { readonly restart: BackoffOptions } | undefined;
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
  const restart = resolveRestart(options?.onError);
  return mergeMap((partition) =>
    defer(() => project(partition)).pipe(restart === null ? identity : restarting(partition, restart)),
  );
}

function resolveRestart(onError: ForEachPartitionOptions['onError']): Backoff | null {
  if (onError === undefined || onError === 'fail') return null;
  const restart = (onError as { readonly restart?: BackoffOptions | null } | null)?.restart;
  if (typeof onError !== 'object' || typeof restart !== 'object' || restart === null) {
    throw invalid(where, 'onError', onError, "it must be 'fail' or { restart: { initialMs, maxMs, attempts } }");
  }
  checkNames(where, onError, ['restart']);
  return resolveBackoff(`${where} restart`, restart, Infinity);
}

function restarting<R>(
  partition: Pick<PartitionStream<never, never>, 'ended$'>,
  backoff: Backoff,
): MonoTypeOperatorFunction<R> {
  const { scheduler, random } = runtimeOf(partition);
  return retry({
    resetOnSuccess: true,
    delay: (error: unknown, failures: number) =>
      failures > backoff.attempts || isFinal(error)
        ? throwError(() => error as Error)
        : // a partition that goes away during the pause has nothing to restart
          timer(pauseMs(backoff, failures, random()), scheduler).pipe(takeUntil(partition.ended$)),
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
