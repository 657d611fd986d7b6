import type { Processed, RecordOf } from '../src/model/consumer-record.js';
import type { Leased } from '../src/model/lease.js';
import { recordOf } from './internal/leases.js';
import { ProcessedItem } from './internal/processed-item.js';

/**
 * A value that carries on the lease of the element it was computed from: the function form of `mapValue`, for the
 * projections of plain operators. It does not take the lease, see `acknowledge: 'onNext'`.
 *
 * @example
 * ```ts
 * orders$.pipe(withLatestFrom(rate$), map(([order, rate]) => keepLease(order, order.value.qty * rate)), commitOffsets())
 * ```
 * @public
 */
export function keepLease<S extends Leased, R>(from: S, value: R): Processed<R, RecordOf<S>> {
  return new ProcessedItem(value, recordOf(from) as RecordOf<S>, from.lease);
}
