import { Observable } from 'rxjs';
import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';

/**
 * A core call as a cold Observable of one value: each subscription is a call, unsubscribing ends the interest in it. The
 * process lives until it is answered.
 */
export function coreCall<T>(runtime: Runtime, start: (done: Done<T>) => Cancel): Observable<T> {
  return new Observable<T>((subscriber) => {
    // first of all: a start that throws leaves nothing else behind, and its error ends the subscription
    subscriber.add(runtime.keepAlive?.());
    return start((error, value) => {
      if (error !== null) subscriber.error(error);
      else {
        subscriber.next(value as T);
        subscriber.complete();
      }
    });
  });
}
