import { type Observable, type Observer, Subscriber } from 'rxjs';

/**
 * Subscribes `observer` to `source` for as long as `downstream` is subscribed. The link exists before the source runs, so
 * that a source which emits everything inside `subscribe` stops when `downstream` leaves in the middle.
 */
export function link<T>(source: Observable<T>, downstream: Subscriber<never>, observer: Observer<T>): void {
  // the constructor is the only public way to have the subscription in hand before the source runs
  const upstream = new Subscriber<T>(observer);
  downstream.add(upstream);
  source.subscribe(upstream);
}
