import { type Observable, Subscription, isObservable } from 'rxjs';
import type { Leased } from '../src/model/lease.js';
import { checkNames, invalid, wordOption } from './internal/options.js';
import { PulledSource } from './internal/pulled-source.js';

/** Options of {@link toAsyncIterable}. @public */
export interface AsyncIterableOptions {
  /**
   * `onNext`: an element is acknowledged when the next one is asked for, so one that a `break` or a throw interrupts comes
   * again. `explicit`: the loop settles leases itself.
   * @defaultValue 'onNext'
   */
  readonly acknowledge?: 'onNext' | 'explicit' | undefined;
}

/**
 * A leased stream for `for await`. Cold: the source is subscribed with the first `next()`, and once; the loop is given one
 * element at a time. What arrives meanwhile waits inside, bounded by the window, and none of it is lost: elements that came
 * before the source's error or completion are given out first.
 *
 * `break`, `return` and a throw in the loop unsubscribe the source at once, also while it is silent, and release what was not
 * acknowledged. What waits of a partition that is revoked or drained is released, so that its next owner starts with it. The
 * error of the source rejects once.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * for await (const order of toAsyncIterable(orders.records$)) await save(order.value)
 * ```
 * @public
 */
export function toAsyncIterable<S extends Leased>(
  source$: Observable<S>,
  options?: AsyncIterableOptions,
): AsyncIterableIterator<S> {
  const where = 'toAsyncIterable';
  if (!isObservable(source$)) throw invalid(where, 'source$', source$, 'it must be an Observable');
  checkNames(where, options, ['acknowledge']);
  const word = wordOption(where, 'acknowledge', options?.acknowledge, 'onNext', ['onNext', 'explicit']);
  const subscription = new Subscription();
  const pulled = new PulledSource<S>(word === 'onNext', () => {
    subscription.unsubscribe();
  });
  let started = false;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () =>
      new Promise((resolve, reject) => {
        pulled.ask({ resolve, reject });
        // the question first: a source that answers inside `subscribe` finds it
        if (started) return;
        started = true;
        subscription.add(source$.subscribe(pulled));
      }),
    return: () => {
      started = true;
      pulled.stop();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}
