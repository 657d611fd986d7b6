import { type Observable, map, mergeMap, of, tap } from 'rxjs';
import { type CommitReceipt, type Leased, type Processed } from 'rx-kafka';
import { acknowledge, commitOffsets, filterValue, processEach, produce } from 'rx-kafka/operators';
import { type Order, type R, is, orders, price, producer, table, toInvoice } from './prelude.js';

is<Processed<number, R>>()(
  orders.records$.pipe(
    produce(producer, (r) => ({ topic: 'x', value: toInvoice(r.value) })),
    processEach(async (d) => d.offset),
    acknowledge(),
  ),
);
function generic<S extends Leased & { readonly value: Order }>(s$: Observable<S>) {
  return s$.pipe(
    processEach((s) => price(s.value)),
    produce(producer, (p) => ({ topic: 'x', value: p.value })),
    acknowledge(),
  );
}
is<CommitReceipt>()(orders.records$.pipe(generic, commitOffsets()));
is<Order>()(
  table.records$.pipe(
    filterValue((v) => v !== null),
    acknowledge(),
    map((r) => r.value),
  ),
);
is<CommitReceipt>()(
  orders.partitions$.pipe(
    mergeMap((p$) => p$.pipe(processEach((r) => price(r.value)))),
    commitOffsets(),
  ),
);
is<CommitReceipt>()(
  orders.records$.pipe(
    processEach((r) => [r.value.id, r.value.qty]),
    tap((p) => {
      const x: string | number = p.value;
      void x;
    }),
    commitOffsets(),
  ),
);
is<CommitReceipt>()(
  orders.records$.pipe(
    processEach(async (r) => {
      console.log(r.value.id);
    }),
    commitOffsets(),
  ),
);
const any$: Observable<any> = of(1);
any$.pipe(commitOffsets());
