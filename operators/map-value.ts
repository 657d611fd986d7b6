import { type OperatorFunction, Observable } from 'rxjs';
import type { Processed, RecordOf } from '../src/model/consumer-record.js';
import type { Leased } from '../src/model/lease.js';
import { type OnFailure, resolveOnFailure } from './failure-policy.js';
import { recordOf } from './internal/leases.js';
import { link } from './internal/link.js';
import { checkFunction, checkNames } from './internal/options.js';
import { ProcessedItem } from './internal/processed-item.js';
import { SyncStage } from './internal/sync-stage.js';

/**
 * Computes a value from each element, synchronously, and hands it on with the element's lease. The function returns a
 * value, not a record. When it throws, `onFailure` decides: `fail` (default) releases the element and ends the stream
 * with the error, `skip` acknowledges it.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * orders$.pipe(mapValue(order => toInvoice(order.value)), produce(producer, i => ({ topic: 'invoices', value: i.value })))
 * ```
 * @public
 */
export function mapValue<S, R>(
  project: (item: S) => R,
  options?: { readonly onFailure?: OnFailure<NoInfer<S>> | undefined },
): OperatorFunction<S & Leased, Processed<R, RecordOf<S>>> {
  checkFunction('mapValue', 'project', project);
  checkNames('mapValue', options, ['onFailure']);
  const onFailure = resolveOnFailure<S>('mapValue', 'onFailure', options?.onFailure);
  return (source) =>
    new Observable((downstream) => {
      const step = (item: S & Leased): Processed<R, RecordOf<S>> =>
        new ProcessedItem(project(item), recordOf(item) as RecordOf<S>, item.lease);
      const stage = new SyncStage(step, onFailure, downstream);
      downstream.add(() => {
        stage.close();
      });
      link(source, downstream, stage);
    });
}
