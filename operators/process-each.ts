import { type OperatorFunction, Observable } from 'rxjs';
import type { Processed, RecordOf } from '../src/model/consumer-record.js';
import type { Leased } from '../src/model/lease.js';
import { type OnFailure, resolveOnFailure } from './failure-policy.js';
import type { ProcessContext } from './internal/attempt-context.js';
import { type BackoffOptions, backoffNames, resolveBackoff } from './internal/backoff.js';
import { type LaneOf, freeLane, keyLane, partitionLane } from './internal/lanes.js';
import { link } from './internal/link.js';
import { checkFunction, checkNames, countOption, invalid, msOption, wordOption } from './internal/options.js';
import { ProcessRun } from './internal/process-run.js';
import type { ProcessSettings } from './internal/process-settings.js';
import type { ProjectResult } from './internal/project-result.js';

/** Options of {@link processEach}. @public */
export interface ProcessEachOptions<S> {
  /**
   * How many elements may be worked on at the same time, per subscription of this operator.
   * @defaultValue no limit with order `partition` (one per partition), else 16
   */
  readonly concurrency?: number | undefined;
  /**
   * Which elements have to wait for one another: those of one `partition`, those with one raw `key` (records without a
   * key do not wait), none, or those for which the function gives the same value.
   * @defaultValue 'partition'
   */
  readonly order?: 'partition' | 'key' | 'none' | ((item: S) => unknown) | undefined;
  /**
   * Try again in place, the lane waits meanwhile. A number is `attempts`: how often to try again after the first time.
   * Pauses start at `initialMs` 100 and double up to `maxMs` 10000, with 20 % jitter; `attempts` is 5 where an object
   * leaves it out; `when` says which errors are worth it. Without `retry` nothing is tried again.
   */
  readonly retry?:
    | number
    | (BackoffOptions & {
        readonly when?: ((error: unknown) => boolean) | undefined;
      })
    | undefined;
  /** What to do when an element failed for good. @defaultValue 'fail' */
  readonly onFailure?: OnFailure<S> | undefined;
  /** Longest time for one try, milliseconds; then `context.signal` is aborted and the try has failed. No limit by default. */
  readonly timeoutMs?: number | undefined;
  /**
   * `inOrder`: results of one partition leave in the order in which their elements arrived; one that is slow holds back
   * those behind it, but not their processing. `asCompleted`: as soon as they are there.
   * @defaultValue 'inOrder'
   */
  readonly emit?: 'inOrder' | 'asCompleted' | undefined;
}

const names = ['concurrency', 'order', 'retry', 'onFailure', 'timeoutMs', 'emit'];
const where = 'processEach';
const defaultConcurrency = 16;
const defaultAttempts = 5;

/**
 * Works on each element with an asynchronous function and hands its results on with the element's lease.
 *
 * Elements of one lane run one after another, lanes side by side. A result of no values acknowledges the element, one
 * value carries its lease on, several share it and it is done when all of them are. Values leave when the function's
 * promise, Observable or iterable is complete, so that a try that fails half-way has emitted nothing.
 *
 * The lease is taken: work under way survives the end of upstream. When downstream unsubscribes, or the stream fails,
 * signals are aborted and all leases that were not handed on are released. An element whose lease was fenced
 * (partition lost, seek) is not started, and a failure of one under way is ignored.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * orders.records$.pipe(processEach(order => price(order.value), { order: 'key', concurrency: 32 }), commitOffsets())
 * ```
 * @public
 */
export function processEach<S, R>(
  project: (item: S, context: ProcessContext) => ProjectResult<R>,
  options?: ProcessEachOptions<NoInfer<S>>,
): OperatorFunction<S & Leased, Processed<R, RecordOf<S>>> {
  checkFunction(where, 'project', project);
  const settings = resolve<S>(options);
  return (source) =>
    new Observable((downstream) => {
      const run = new ProcessRun<S, R, RecordOf<S>>(settings, project, downstream);
      downstream.add(() => {
        run.close();
      });
      link(source, downstream, run);
    });
}

function resolve<S>(options: ProcessEachOptions<S> = {}): ProcessSettings<S> {
  checkNames(where, options, names);
  const order = options.order ?? 'partition';
  const byPartition = order === 'partition';
  return {
    concurrency: countOption(where, 'concurrency', options.concurrency, byPartition ? Infinity : defaultConcurrency, 1),
    laneOf: resolveLanes(order),
    laneIsPartition: byPartition,
    retry: resolveRetry(options.retry),
    onFailure: resolveOnFailure(where, 'onFailure', options.onFailure),
    timeoutMs: resolveTimeout(options.timeoutMs),
    inOrder: wordOption(where, 'emit', options.emit, 'inOrder', ['inOrder', 'asCompleted']) === 'inOrder',
  };
}

function resolveTimeout(value: number | undefined): number {
  const timeoutMs = value === undefined ? Infinity : msOption(where, 'timeoutMs', value, Infinity);
  if (timeoutMs === 0) throw invalid(where, 'timeoutMs', value, 'it must be above 0, leave it out for no limit');
  return timeoutMs;
}

function resolveLanes<S>(order: NonNullable<ProcessEachOptions<S>['order']>): LaneOf<S> {
  if (typeof order === 'function') return order;
  switch (wordOption(where, 'order', order, 'partition', ['partition', 'key', 'none'])) {
    case 'partition':
      return partitionLane;
    case 'key':
      return keyLane;
    case 'none':
      return freeLane;
  }
}

function resolveRetry<S>(retry: ProcessEachOptions<S>['retry']): ProcessSettings<S>['retry'] {
  if (retry === undefined) return null;
  const options = typeof retry === 'number' ? { attempts: countOption(where, 'retry', retry, 0, 0) } : retry;
  if (typeof options !== 'object' || (options as object | null) === null)
    throw invalid(where, 'retry', retry, 'it must be a number or an object');
  const backoff = resolveBackoff(`${where} retry`, options, defaultAttempts, [...backoffNames, 'when']);
  const when = 'when' in options ? options.when : undefined;
  if (when !== undefined) checkFunction(`${where} retry`, 'when', when);
  return { ...backoff, when: when ?? ((): boolean => true) };
}
