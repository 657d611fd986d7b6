import { type MonoTypeOperatorFunction, Observable, type ObservableInput, from } from 'rxjs';
import type { Leased } from '../src/model/lease.js';
import { Gate } from './internal/gate.js';
import { link } from './internal/link.js';
import { inputOption } from './internal/options.js';

/**
 * Holds what arrives while the last value of `paused$` is true, and hands it on, in order, with the next false. The
 * partitions of held elements are put on hold meanwhile: nothing more of them is delivered, and `maxPollIntervalMs` does not
 * run, so a pause of any length keeps the membership. Before the first value of `paused$` elements pass; when it completes,
 * its last value stays.
 *
 * When the source completes during a pause, what is held follows after it, then the completion. Held elements of a partition
 * that is revoked or drained are released, so that its next owner starts with them; so are all when downstream unsubscribes
 * or the stream fails. An error of `paused$` fails the stream.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * orders.records$.pipe(pauseWhile(maintenance$), processEach(order => save(order.value)), commitOffsets())
 * ```
 * @see Consumer.pause, which pauses partitions by name
 * @public
 */
export function pauseWhile<S extends Leased>(paused$: ObservableInput<boolean>): MonoTypeOperatorFunction<S> {
  inputOption('pauseWhile', 'paused$', paused$);
  return (source) =>
    new Observable((downstream) => {
      const pass = (item: S): void => {
        downstream.next(item);
      };
      const gate = new Gate<S>(pass, downstream, false, 'pauseWhile');
      downstream.add(() => {
        gate.close();
      });
      // before the source: a pause that is known at once holds its first element
      link(from(paused$), downstream, {
        next: (paused) => {
          if (paused) gate.shut();
          else gate.open();
        },
        error: (error: unknown) => {
          downstream.error(error);
        },
        complete: () => undefined,
      });
      link(source, downstream, gate);
    });
}
