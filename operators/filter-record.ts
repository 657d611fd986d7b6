import { type MonoTypeOperatorFunction, type OperatorFunction, Observable } from 'rxjs';
import type { Leased } from '../src/model/lease.js';
import { type OnFailure, resolveOnFailure } from './failure-policy.js';
import { link } from './internal/link.js';
import { checkFunction, checkNames } from './internal/options.js';
import { SyncStage } from './internal/sync-stage.js';

/**
 * Hands on the elements that the predicate accepts and acknowledges the others, which plain `filter` would leave open
 * for ever. When the predicate throws, `onFailure` decides: `fail` (default) releases the element and ends the stream
 * with the error, `skip` acknowledges it.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * orders$.pipe(filterRecord(order => order.value.qty > 0), commitOffsets())
 * ```
 * @see filterValue, which narrows the type of the value
 * @public
 */
export function filterRecord<S extends Leased, T extends S>(predicate: (item: S) => item is T): OperatorFunction<S, T>;
/** @public */
export function filterRecord<S>(
  predicate: (item: S) => boolean,
  options?: { readonly onFailure?: OnFailure<NoInfer<S>> | undefined },
): MonoTypeOperatorFunction<S & Leased>;
export function filterRecord<S>(
  predicate: (item: S) => boolean,
  options?: { readonly onFailure?: OnFailure<S> | undefined },
): MonoTypeOperatorFunction<S & Leased> {
  checkNames('filterRecord', options, ['onFailure']);
  return filterWith('filterRecord', predicate, resolveOnFailure('filterRecord', 'onFailure', options?.onFailure));
}

/** The one implementation of the two filters. @internal */
export function filterWith<S>(
  where: string,
  predicate: (item: S & Leased) => boolean,
  onFailure: OnFailure<S>,
): MonoTypeOperatorFunction<S & Leased> {
  checkFunction(where, 'predicate', predicate);
  return (source) =>
    new Observable((downstream) => {
      const step = (item: S & Leased): (S & Leased) | null => {
        if (predicate(item)) return item;
        item.lease.ack();
        return null;
      };
      const stage = new SyncStage(step, onFailure, downstream);
      downstream.add(() => {
        stage.close();
      });
      link(source, downstream, stage);
    });
}
