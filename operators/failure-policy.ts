import { EMPTY, type ObservableInput, type Subscription, from, take } from 'rxjs';
import type { ConsumerRecord } from '../src/model/consumer-record.js';
import { invalid } from './internal/options.js';
import { firstRecordOf } from './internal/leases.js';

/** What a failure policy gets to see. @public */
export interface Failure<out S> {
  /** The element whose processing failed; its lease is open. */
  readonly item: S;
  /** What it failed with. */
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
  /** Says which policy it is. */
  readonly name: string;
  /** Its first value decides. */
  readonly handle: (failure: Failure<S>) => ObservableInput<'settled' | 'fail'>;
}

/**
 * What to do with an element that failed for good. `fail` ends the stream with the error, `skip` acknowledges the element and
 * goes on.
 *
 * `park` sets the element aside and says so by a `parked` event of the consumer, whose `retry()` and `skip()` are the ways
 * out. Its lease stays open: nothing of its partition is committed beyond it until somebody decides. The elements behind it
 * in its lane wait; other lanes go on, within the window. Time spent parked does not count against `maxPollIntervalMs`, and
 * `why(tp).paused` has `parked`. When the partition is revoked, lost or drained, or sought elsewhere, what is parked is
 * abandoned without being committed, and comes again for the next owner. Where a partition cannot tell anybody (a bridge
 * without events) `park` is `fail`.
 * @public
 */
export type OnFailure<S> = 'fail' | 'skip' | 'park' | FailurePolicy<S>;

/** Checks an `onFailure` or `onError` option. @internal */
export function resolveOnFailure<S>(where: string, option: string, value: OnFailure<S> | undefined): OnFailure<S> {
  if (value === undefined) return 'fail';
  if (value === 'fail' || value === 'skip' || value === 'park') return value;
  if (typeof value === 'object' && typeof (value as Partial<FailurePolicy<S>> | null)?.handle === 'function')
    return value;
  throw invalid(where, option, value, "it must be 'fail', 'skip', 'park' or a failure policy");
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
  const record = firstRecordOf(item);
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
