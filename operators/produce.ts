import { type OperatorFunction, Observable } from 'rxjs';
import type { Delivery, RecordSink } from '../src/model/record-sink.js';
import { type OnFailure, resolveOnFailure } from './failure-policy.js';
import { link } from './internal/link.js';
import { checkFunction, checkNames, countOption, invalid, wordOption } from './internal/options.js';
import type { ProduceResult } from './internal/produce-result.js';
import { ProduceRun, type ProduceSettings } from './internal/produce-run.js';

/** Options of {@link produce} and {@link produceFrom}. @public */
export interface ProduceOptions<S> {
  /** Most records written and not yet handed on. @defaultValue 100000 */
  readonly maxInFlight?: number | undefined;
  /**
   * What to do when a record cannot be written, or the function throws. With `park` the element is set aside and those behind
   * it go on, as they may be written already; `retry()` asks the function again and writes at the end of the line.
   * @defaultValue 'fail'
   */
  readonly onError?: OnFailure<S> | undefined;
  /**
   * Only for elements without a lease, which nothing slows down: what to do when 10000 of them wait for the sink.
   * `buffer` keeps them all and gives one process warning, `error` ends the stream with a UsageError.
   * @defaultValue 'buffer'
   */
  readonly overflow?: 'buffer' | 'error' | 'dropNewest' | 'dropOldest' | undefined;
}

const defaultMaxInFlight = 100_000;

/**
 * Writes a record for each element and hands on where it was written, with the element as `source` and its lease, in
 * input order. An array gives one delivery per record, which share the lease; null and `[]` write nothing and
 * acknowledge. While the sink is full nothing is taken from its own queue, so a leased source stops at its window.
 *
 * The lease is taken. When a record fails for good, nothing more is written, what comes before it in input order is still
 * handed on, then the error follows. When downstream unsubscribes, leases that were not handed on are released;
 * records that the sink had taken are written all the same.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * orders$.pipe(produce(producer, order => ({ topic: 'audit', key: order.key, value: order.value })), commitOffsets())
 * ```
 * @public
 */
export function produce<T, K, V>(
  sink: RecordSink<K, V>,
  toRecord: (item: T) => ProduceResult<NoInfer<K>, NoInfer<V>>,
  options?: ProduceOptions<NoInfer<T>>,
): OperatorFunction<T, Delivery<T>> {
  const settings = resolveProduce<T>('produce', sink, toRecord, options);
  return (source) =>
    new Observable((downstream) => {
      const run = new ProduceRun<T, K, V>(sink, toRecord, settings, downstream);
      downstream.add(() => {
        run.close();
      });
      run.open(null);
      link(source, downstream, run);
    });
}

const names = ['maxInFlight', 'onError', 'overflow'];

/** Checks the arguments of both operators. @internal */
export function resolveProduce<T>(
  where: string,
  sink: unknown,
  toRecord: unknown,
  options: ProduceOptions<T> = {},
): ProduceSettings<T> {
  const port = sink as Partial<RecordSink<never, never>> | null | undefined;
  if (typeof port?.write !== 'function' || typeof port.onReady !== 'function') {
    throw invalid(where, 'sink', sink, 'it must be a producer, its bytes, or a transaction');
  }
  checkFunction(where, 'toRecord', toRecord);
  checkNames(where, options, names);
  const overflow = ['buffer', 'error', 'dropNewest', 'dropOldest'] as const;
  return {
    maxInFlight: countOption(where, 'maxInFlight', options.maxInFlight, defaultMaxInFlight, 1),
    onError: resolveOnFailure(where, 'onError', options.onError),
    overflow: wordOption(where, 'overflow', options.overflow, 'buffer', overflow),
  };
}
