import { Observable } from 'rxjs';
import { type Cancel, type Done } from '../model/done.js';

/** A core call as a cold Observable of one value: each subscription is a call, unsubscribing ends the interest in it. */
export function coreCall<T>(start: (done: Done<T>) => Cancel): Observable<T> {
  return new Observable<T>((subscriber) =>
    start((error, value) => {
      if (error !== null) subscriber.error(error);
      else {
        subscriber.next(value as T);
        subscriber.complete();
      }
    }),
  );
}
