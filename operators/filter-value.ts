import type { MonoTypeOperatorFunction, OperatorFunction } from 'rxjs';
import type { Leased } from '../src/model/lease.js';
import { filterWith } from './filter-record.js';

/**
 * Hands on the elements whose value the guard accepts, with the narrowed type, and acknowledges the others. A guard that
 * throws, or a value that cannot be decoded, ends the stream with the error.
 *
 * @example
 * ```ts
 * events$.pipe(filterValue(v => v.type === 'created'), processEach(e => welcome(e.value)), commitOffsets())
 * ```
 * @public
 */
export function filterValue<S extends Leased & { readonly value: unknown }, T extends S['value']>(
  predicate: (value: S['value']) => value is T,
): OperatorFunction<S, S & { readonly value: T }> {
  const typed = predicate as ((value: S['value']) => boolean) | undefined;
  const accepts = typeof typed === 'function' ? (item: S): boolean => typed(item.value) : (typed as never);
  return filterWith<S>('filterValue', accepts, 'fail') as MonoTypeOperatorFunction<S> as OperatorFunction<
    S,
    S & { readonly value: T }
  >;
}
