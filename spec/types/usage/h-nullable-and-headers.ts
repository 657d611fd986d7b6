import { map } from 'rxjs';
import { latestByKey, produce } from 'rx-kafka/operators';
import { type Order, is, orders, producer, table, toInvoice } from './prelude.js';

is<ReadonlyMap<string, Order>>()(table.records$.pipe(latestByKey()));
is<ReadonlyMap<string, Order>>()(table.readRange({ from: 'beginning', to: 'end' }).pipe(latestByKey()));
is<Order | null>()(table.records$.pipe(map((r) => r.value)));
orders.records$.pipe(
  produce(producer, (r) => ({
    topic: 'x',
    value: toInvoice(r.value),
    headers: { traceparent: r.headers.text('traceparent') ?? '', raw: new Uint8Array(1), none: null },
  })),
);
orders.records$.pipe(produce(producer, (r) => ({ topic: 'x', value: toInvoice(r.value), headers: r.headers })));
orders.records$.pipe(
  produce(producer, (r) => ({
    topic: 'x',
    value: toInvoice(r.value),
    headers: [
      ['a', 'b'],
      ['a', 'c'],
    ],
  })),
);
orders.records$.pipe(
  produce(producer, (r) => ({ topic: 'x', value: toInvoice(r.value), headers: new Map([['a', 'b']]) })),
);
