import { type Observable, Subscription, from, isObservable } from 'rxjs';
import { UsageError } from '../../src/errors/usage-error.js';

/**
 * What a function of `processEach` may return. No Iterable and no ArrayLike: a function that returns a string would emit
 * its characters.
 * @public
 */
export type ProjectResult<R> = Observable<R> | PromiseLike<R> | AsyncIterable<R> | readonly R[];

function isPromiseLike(result: unknown): result is PromiseLike<unknown> {
  return typeof (result as Partial<PromiseLike<unknown>> | null)?.then === 'function';
}

function isAsyncIterable(result: unknown): result is AsyncIterable<unknown> {
  return typeof (result as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator] === 'function';
}

/** The promise in a result: a foreign thenable is wrapped, because it may call back twice or at once. */
export function promiseOf(result: unknown): Promise<unknown> | null {
  if (result instanceof Promise) return result;
  return isPromiseLike(result) ? Promise.resolve(result) : null;
}

/** Collects an Observable or an async iterable until it is complete, then calls `done` once. */
export function collect(
  result: unknown,
  done: (values: readonly unknown[]) => void,
  failed: (error: unknown) => void,
): Subscription {
  if (isObservable(result) || isInterop(result)) {
    const values: unknown[] = [];
    return from(result as Observable<unknown>).subscribe({
      next: (value) => {
        values.push(value);
      },
      error: failed,
      complete: () => {
        done(values);
      },
    });
  }
  if (isAsyncIterable(result)) return collectAsync(result, done, failed);
  const kind = result === null ? 'null' : Array.isArray(result) ? 'an array' : typeof result;
  failed(
    new UsageError(
      `processEach: the function returned ${kind}, return a promise, an Observable, an async iterable or an array; for a synchronous value use mapValue`,
    ),
  );
  return new Subscription();
}

function isInterop(result: unknown): boolean {
  const key = (Symbol as { readonly observable?: symbol }).observable ?? '@@observable';
  return typeof (result as Readonly<Record<string | symbol, unknown>> | null | undefined)?.[key] === 'function';
}

function collectAsync(
  result: AsyncIterable<unknown>,
  done: (values: readonly unknown[]) => void,
  failed: (error: unknown) => void,
): Subscription {
  const iterator = result[Symbol.asyncIterator]();
  const values: unknown[] = [];
  let over = false;
  const pull = (): void => {
    iterator.next().then(
      (step) => {
        if (over) return;
        if (step.done === true) {
          over = true;
          done(values);
          return;
        }
        values.push(step.value);
        pull();
      },
      (error: unknown) => {
        if (over) return;
        over = true;
        failed(error);
      },
    );
  };
  pull();
  return new Subscription(() => {
    if (over) return;
    over = true;
    closeIterator(iterator);
  });
}

/** `return()` ends a generator that waits; what it has to say no longer interests anybody. */
export function closeIterator(iterator: AsyncIterator<unknown> | Iterator<unknown>): void {
  try {
    const closing: unknown = iterator.return?.();
    if (isPromiseLike(closing)) {
      closing.then(undefined, () => {
        // the stream has ended, there is no channel left for a failure of the clean-up
      });
    }
  } catch {
    // as above
  }
}
