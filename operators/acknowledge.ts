import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { Leased } from '../src/model/lease.js';
import { link } from './internal/link.js';

/**
 * Marks each element as done and hands it on: the end of a pipeline where the consumer's own cadence commits. The lease
 * is settled before the element is emitted. An element that somebody settled already, or whose lease was fenced, passes
 * as well.
 *
 * @example
 * ```ts
 * orders.records$.pipe(processEach(order => save(order.value)), acknowledge()).subscribe()
 * ```
 * @public
 */
export function acknowledge<S extends Leased>(): MonoTypeOperatorFunction<S> {
  return (source) =>
    new Observable((downstream) => {
      link(source, downstream, {
        next: (item) => {
          item.lease.ack();
          downstream.next(item);
        },
        error: (error: unknown) => {
          downstream.error(error);
        },
        complete: () => {
          downstream.complete();
        },
      });
    });
}
