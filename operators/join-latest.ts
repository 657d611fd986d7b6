import { Observable, type ObservableInput, type OperatorFunction, from } from 'rxjs';
import { UsageError } from '../src/errors/usage-error.js';
import type { Processed, RecordOf } from '../src/model/consumer-record.js';
import type { Leased } from '../src/model/lease.js';
import { Gate } from './internal/gate.js';
import { recordOf } from './internal/leases.js';
import { link } from './internal/link.js';
import { checkFunction, inputOption } from './internal/options.js';
import { ProcessedItem } from './internal/processed-item.js';

/**
 * Computes a value from each element and the latest value of `other$`, and hands it on with the element's lease:
 * `withLatestFrom` that loses neither the lease nor the elements that arrive before `other$` has a first value. Those are
 * held, bounded by the window, and follow in order with that value; when the source completes before it, completion waits
 * for it.
 *
 * Held elements of a partition that is revoked or drained are released, so that its next owner starts with them; so are all
 * when downstream unsubscribes or the stream fails. An error of `other$` fails the stream, and so does its completion
 * without a value (UsageError). A function that throws releases the element and fails the stream.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * orders$.pipe(joinLatest(rate$, (order, rate) => order.value.qty * rate), commitOffsets())
 * ```
 * @public
 */
export function joinLatest<S, O, R>(
  other$: ObservableInput<O>,
  project: (item: S, latest: O) => R,
): OperatorFunction<S & Leased, Processed<R, RecordOf<S>>> {
  inputOption('joinLatest', 'other$', other$);
  checkFunction('joinLatest', 'project', project);
  return (source) =>
    new Observable((downstream) => {
      let latest: { readonly value: O } | null = null;
      const pass = (item: S & Leased): void => {
        let joined: Processed<R, RecordOf<S>>;
        try {
          joined = new ProcessedItem(project(item, latest!.value), recordOf(item) as RecordOf<S>, item.lease);
        } catch (error) {
          item.lease.release(error);
          downstream.error(error);
          return;
        }
        downstream.next(joined);
      };
      const gate = new Gate<S & Leased>(pass, downstream, true, null);
      downstream.add(() => {
        gate.close();
      });
      // before the source: a first value that is there at once holds nothing back
      link(from(other$), downstream, {
        next: (value) => {
          const first = latest === null;
          latest = { value };
          if (first) gate.open();
        },
        error: (error: unknown) => {
          downstream.error(error);
        },
        complete: () => {
          if (latest !== null) return;
          downstream.error(
            new UsageError('joinLatest: other$ completed without a value, there is nothing to join with'),
          );
        },
      });
      link(source, downstream, gate);
    });
}
