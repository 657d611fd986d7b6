import { type Observable, map } from 'rxjs';
import {
  type CommitReceipt,
  type ConsumerRecord,
  type Delivery,
  type Leased,
  type Processed,
  type RecordSink,
} from 'rx-kafka';
import { commitOffsets, forEachPartition, processEach, produce } from 'rx-kafka/operators';
import { runMarbles } from 'rx-kafka/testing';
import { type Invoice, type Order, is, orders, price, producer } from './prelude.js';

interface Deps {
  readonly price: (o: Order) => Promise<Invoice> | Observable<Invoice>;
  readonly sink: RecordSink<string, Invoice>;
}
export const billing = (
  orders$: Observable<ConsumerRecord<string, Order>>,
  deps: Deps,
): Observable<Delivery<Processed<Invoice, ConsumerRecord<string, Order>>>> =>
  orders$.pipe(
    processEach((o) => deps.price(o.value), { order: 'key', concurrency: 8 }),
    produce(deps.sink, (p) => ({ topic: 'invoices', key: p.record.key, value: p.value })),
  );
const billing2 = (orders$: Observable<ConsumerRecord<string, Order>>, deps: Deps): Observable<Leased> =>
  billing(orders$, deps);
orders.partitions$.pipe(
  forEachPartition((o$) => billing2(o$, { price, sink: producer })),
  commitOffsets(),
);
const wired = (o$: Observable<ConsumerRecord<string, Order>>) => billing(o$, { price, sink: producer });
is<CommitReceipt>()(orders.partitions$.pipe(forEachPartition(wired), commitOffsets()));
is<CommitReceipt>()(orders.records$.pipe(wired, commitOffsets()));
runMarbles(({ records, sink, expectValues, expectAcks, cold }) => {
  const out = sink<string, Invoice>('20ms (a|)');
  const orders$ = records('-a|', { a: { key: 'k', value: { id: '1', qty: 1 } } });
  const result$ = billing(orders$, { price: (o) => cold('10ms (i|)', { i: { id: o.id, total: 1 } }), sink: out });
  expectValues(result$.pipe(map((d) => d.source))).toBe('- 30ms a', { a: { id: '1', total: 1 } });
  expectAcks(orders$).toBe('-');
});
