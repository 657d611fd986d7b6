import { type Observable, type Observer, Subscriber, isObservable } from 'rxjs';
import { UsageError } from '../../src/errors/usage-error.js';
import { leaseOf } from './leases.js';

/**
 * Subscribes `observer` to `source` for as long as `downstream` is subscribed. The link exists before the source runs, so
 * that a source which emits everything inside `subscribe` stops when `downstream` leaves in the middle.
 */
export function link<T>(source: Observable<T>, downstream: Subscriber<never>, observer: Observer<T>): void {
  // the constructor is the only public way to have the subscription in hand before the source runs
  const upstream = new Subscriber<T>(new Guard(observer, downstream));
  downstream.add(upstream);
  source.subscribe(upstream);
}

/** What an observer throws ends its stream: thrown into the source it would end the process. */
class Guard<T> implements Observer<T> {
  readonly #observer: Observer<T>;
  readonly #downstream: Subscriber<never>;

  constructor(observer: Observer<T>, downstream: Subscriber<never>) {
    this.#observer = observer;
    this.#downstream = downstream;
  }

  next(value: T): void {
    try {
      this.#observer.next(value);
    } catch (error) {
      const isMisplaced = error instanceof TypeError && leaseOf(value) === null;
      this.#downstream.error(isMisplaced ? leaseMissing(value, error) : error);
    }
  }

  error(error: unknown): void {
    this.#observer.error(error);
  }

  complete(): void {
    this.#observer.complete();
  }
}

/** Without types nothing else tells that an operator is in the wrong place. */
function leaseMissing(value: unknown, cause: TypeError): UsageError {
  const why = isObservable(value)
    ? 'partitions$ gives a stream per partition, use it as mergeMap(partition => partition.pipe(...))'
    : 'such as records$ and batches$ give, mapValue, filterValue and keepLease(...) hand a lease on, map does not';
  return new UsageError(`The operator needs elements with a lease: ${why}`, { cause });
}
