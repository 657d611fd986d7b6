import { EMPTY, type ObservableInput, type Subscription, from, take } from 'rxjs';
import type { ConsumerRecord } from '../src/model/consumer-record.js';
import { invalid } from './internal/options.js';
import { recordOf } from './internal/leases.js';

/** What a failure policy gets to see. @public */
export interface Failure<out S> {
  /** The element whose processing failed; its lease is open. */
  readonly item: S;
  readonly error: unknown;
  /** How often it was tried. */
  readonly attempts: number;
  /** The consumed record below the element; the first one of a batch. */
  readonly record: ConsumerRecord<unknown, unknown>;
}

/**
 * What to do with an element that failed for good. The first value decides: `settled` = it was dealt with and its lease
 * is acknowledged, `fail` = the stream ends with the failure's error. An error, and ending without a value, count as
 * `fail`. The elements behind it in its lane wait meanwhile.
 * @public
 */
export interface FailurePolicy<in S> {
  readonly name: string;
  readonly handle: (failure: Failure<S>) => ObservableInput<'settled' | 'fail'>;
}

/** `fail` ends the stream with the error, `skip` acknowledges the element and goes on. @public */
export type OnFailure<S> = 'fail' | 'skip' | FailurePolicy<S>;

/** Checks an `onFailure` or `onError` option. @internal */
export function resolveOnFailure<S>(where: string, option: string, value: OnFailure<S> | undefined): OnFailure<S> {
  if (value === undefined) return 'fail';
  if (value === 'fail' || value === 'skip') return value;
  if (typeof value === 'object' && typeof (value as Partial<FailurePolicy<S>> | null)?.handle === 'function')
    return value;
  throw invalid(where, option, value, "it must be 'fail', 'skip' or a failure policy");
}

/**
 * Runs a policy on one failure. `decided` is called once with null when the element was dealt with, else with the error
 * for the error channel; not after the returned subscription was unsubscribed.
 * @internal
 */
export function decide<S>(
  policy: FailurePolicy<S>,
  item: S,
  error: unknown,
  attempts: number,
  decided: (failed: { readonly error: unknown } | null) => void,
): Subscription {
  const below = recordOf(item) as ConsumerRecord<unknown, unknown> & { readonly items?: readonly unknown[] };
  const first = below.items?.[0];
  const record = (first === undefined ? below : recordOf(first)) as ConsumerRecord<unknown, unknown>;
  let open = true;
  const once = (failed: { readonly error: unknown } | null): void => {
    if (!open) return;
    open = false;
    decided(failed);
  };
  let input: ObservableInput<'settled' | 'fail'>;
  try {
    input = policy.handle({ item, error, attempts, record });
    const subscription = from(input)
      .pipe(take(1))
      .subscribe({
        next: (outcome) => {
          once(outcome === 'settled' ? null : { error });
        },
        error: (own: unknown) => {
          once({ error: own });
        },
        complete: () => {
          once({ error });
        },
      });
    subscription.add(() => (open = false));
    return subscription;
  } catch (own) {
    once({ error: own });
    return EMPTY.subscribe();
  }
}
