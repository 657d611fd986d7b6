import { Observable } from 'rxjs';
import { type Runtime } from '../model/runtime.js';

/** Longer than it takes to put a pipe together. */
const patienceMs = 1000;

/** A command is being watched, or the warning was given: one of either is enough for the whole process. */
let isWatching = false;

/**
 * A command that nobody subscribes to does nothing, which a newcomer takes for a lost record. One command at a time is watched, so
 * that the others cost a look at a flag; the first one that has no subscriber after a second, or when the process runs out of work,
 * is told as a process warning, and no other after it.
 * @param what - reads "producer.send"
 */
export function coldCommand<T>(runtime: Runtime, what: string, command: Observable<T>): Observable<T> {
  if (isWatching || runtime.advise === undefined) return command;
  isWatching = true;
  let isSubscribed = false;
  runtime.advise(patienceMs, 'RX_KAFKA_NOT_SUBSCRIBED', () => {
    if (!isSubscribed) return `${what} returns a cold Observable: nobody has subscribed to it, so nothing was done`;
    isWatching = false;
    return null;
  });
  return new Observable<T>((subscriber) => {
    isSubscribed = true;
    return command.subscribe(subscriber);
  });
}
