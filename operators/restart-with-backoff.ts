import { type MonoTypeOperatorFunction, type SchedulerLike, asyncScheduler, retry, throwError, timer } from 'rxjs';
import { KafkaError } from '../src/errors/kafka-error.js';
import { type BackoffOptions, backoffNames, pauseMs, resolveBackoff } from './internal/backoff.js';
import { chance } from './internal/chance.js';
import { checkFunction, invalid } from './internal/options.js';

/** Options of {@link restartWithBackoff}. @public */
export interface RestartOptions extends BackoffOptions {
  /** Which errors are worth another subscription. @defaultValue a KafkaError whose `retriable` is true */
  readonly when?: ((error: unknown) => boolean) | undefined;
  /** Where pauses run. @defaultValue asyncScheduler, virtual in a marble test */
  readonly scheduler?: SchedulerLike | undefined;
  /** Jitter, in [0, 1). @defaultValue `Math.random` */
  readonly random?: (() => number) | undefined;
}

const where = 'restartWithBackoff';

/**
 * Subscribes to the source again when it fails, after a pause that doubles from `initialMs` up to `maxMs` with 20 % jitter.
 * Plain `retry()` does so at once: a group member that fails for good would join in a hot loop. Only retriable Kafka errors
 * are tried again unless `when` says otherwise. `attempts` bounds the failures in a row, without it there is no bound; each
 * value starts the count anew.
 *
 * On `records$` a pause leaves the group and joins again; inside `forEachPartition` use its `onError: { restart }`, which only
 * rewinds the partition.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * orders.records$.pipe(processEach(order => save(order.value)), commitOffsets(), restartWithBackoff({ initialMs: 500 }))
 * ```
 * @public
 */
export function restartWithBackoff<T>(options: RestartOptions = {}): MonoTypeOperatorFunction<T> {
  const backoff = resolveBackoff(where, options, Infinity, [...backoffNames, 'when', 'scheduler', 'random']);
  const { when = isRetriable, scheduler = asyncScheduler, random = chance } = options;
  checkFunction(where, 'when', when);
  checkFunction(where, 'random', random);
  if (typeof (scheduler as Partial<SchedulerLike> | null)?.schedule !== 'function') {
    throw invalid(where, 'scheduler', scheduler, 'it must be a scheduler of RxJS');
  }
  return retry({
    resetOnSuccess: true,
    delay: (error: unknown, failures: number) =>
      failures <= backoff.attempts && when(error)
        ? timer(pauseMs(backoff, failures, random()), scheduler)
        : throwError(() => error as Error),
  });
}

function isRetriable(error: unknown): boolean {
  return KafkaError.is(error) && error.retriable;
}
