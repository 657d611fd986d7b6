import { Observable, type ObservedValueOf, type OperatorFunction } from 'rxjs';
import type { Leased } from '../src/model/lease.js';
import { FanOutRun } from './internal/fan-out-run.js';
import { link } from './internal/link.js';
import { checkFunction, invalid } from './internal/options.js';

/**
 * Gives every element to each of several pipelines and merges what they emit. The element is acknowledged when all of them
 * have, and released when all have settled it and one released it; settling twice in one arm counts once. `share()` and two
 * subscribers would commit with the first of them. Each arm sees the element under a lease of its own, in the same order.
 *
 * Arms listen before the source does anything. An arm that is not listening (it restarts with back-off) finds later what
 * it missed. An arm whose output completes has had enough: for its part later elements, and those it was not given, count as
 * done; when all have completed, the stream completes and the source is left. An error of an arm fails the stream. The end
 * of the source, an error too, is told to every arm.
 *
 * When downstream unsubscribes, or the stream fails, leases that no operator took over are released. Every arm has to
 * settle, also on a consumer that acknowledges `onNext`: its records are open once one arm took them. Of a batch settle the
 * batch's lease, the items are shared.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * orders.records$.pipe(
 *   fanOut(
 *     order$ => order$.pipe(processEach(order => save(order.value))),
 *     order$ => order$.pipe(filterRecord(order => order.value.qty > 100), produce(producer, order => alert(order))),
 *   ),
 *   commitOffsets(),
 * )
 * ```
 * @public
 */
export function fanOut<S extends Leased, A extends readonly ((items$: Observable<S>) => Observable<unknown>)[]>(
  ...arms: A
): OperatorFunction<S, ObservedValueOf<ReturnType<A[number]>>> {
  if (arms.length === 0) throw invalid('fanOut', 'arms', arms, 'give at least one function');
  for (const arm of arms) checkFunction('fanOut', 'arms', arm);
  return (source) =>
    new Observable<ObservedValueOf<ReturnType<A[number]>>>((downstream) => {
      const run = new FanOutRun<S>(arms, downstream);
      downstream.add(() => {
        run.close();
      });
      run.open();
      link(source, downstream, run);
    });
}
