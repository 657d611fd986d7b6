import { type Observable, pipe } from 'rxjs';
import { type CommitReceipt, type Delivery, type Leased, type Processed } from 'rx-kafka';
import { acknowledge, commitOffsets, mapValue, processEach, produce } from 'rx-kafka/operators';
import { type Invoice, type Order, type R, is, orders, price, producer, toInvoice } from './prelude.js';

declare function narrow(o: { readonly value: Order }): Promise<Invoice>;
is<CommitReceipt>()(orders.records$.pipe(processEach(narrow), commitOffsets()));
is<CommitReceipt>()(
  orders.records$.pipe(
    mapValue((o: { readonly value: Order }) => o.value.id),
    commitOffsets(),
  ),
);
const step = pipe(
  processEach((r: R) => price(r.value)),
  produce(producer, (p) => ({ topic: 'x', value: p.value })),
);
is<Delivery<Processed<Invoice, R>>>()(orders.records$.pipe(step));
is<CommitReceipt>()(orders.records$.pipe(step, commitOffsets()));
// generic user function
function audited<S extends Leased & { readonly value: Order }>(s$: Observable<S>) {
  return s$.pipe(
    produce(producer, (s) => ({ topic: 'audit', value: toInvoice(s.value) })),
    acknowledge(),
  );
}
is<CommitReceipt>()(orders.records$.pipe(audited, commitOffsets()));
