import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { Leased } from '../src/model/lease.js';
import { ConflateRun } from './internal/conflate-run.js';
import { link } from './internal/link.js';
import { checkFunction, checkNames, invalid, msOption } from './internal/options.js';

/**
 * Hands on the newest element of each key every `everyMs` and acknowledges those that a newer one superseded: the safe form
 * of `debounce`, `audit` and `switchMap`, which leave leases open for ever. Keys are compared as in a Map, bytes by content.
 *
 * The first element after a pause starts the interval. It is cut short when the window of a partition is used up (many
 * keys), when a partition is revoked or drained, and when the source completes, so memory is bounded by the window. Elements
 * leave in order of arrival. Leases are taken; when downstream unsubscribes, or the stream fails, those held are released.
 * A key function that throws releases its element and fails the stream.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * prices.records$.pipe(conflateBy(price => price.key, { everyMs: 200 }), processEach(price => show(price.value)), commitOffsets())
 * ```
 * @public
 */
export function conflateBy<S extends Leased>(
  key: (item: S) => unknown,
  options: {
    /** Milliseconds between two elements of one key. */
    readonly everyMs: number;
  },
): MonoTypeOperatorFunction<S> {
  checkFunction('conflateBy', 'key', key);
  const given = options as { readonly everyMs: number } | undefined;
  checkNames('conflateBy', given, ['everyMs']);
  if (given?.everyMs === undefined) throw invalid('conflateBy', 'everyMs', undefined, 'it must be given');
  const everyMs = msOption('conflateBy', 'everyMs', given.everyMs, 0);
  return (source) =>
    new Observable((downstream) => {
      const run = new ConflateRun<S>(key, everyMs, downstream);
      downstream.add(() => {
        run.close();
      });
      link(source, downstream, run);
    });
}
