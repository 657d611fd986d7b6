import { from } from 'rxjs';
import { type Delivery, json, nullable, utf8 } from 'rx-kafka';
import { acknowledge, commitOffsets, produce } from 'rx-kafka/operators';
import { type Invoice, type Order, type R, is, kafka, orders, producer, toInvoice } from './prelude.js';

is<Delivery<R>>()(
  orders.records$.pipe(
    produce(producer, (r) =>
      r.value.qty > 1
        ? [
            { topic: 'a', value: toInvoice(r.value) },
            { topic: 'b', value: toInvoice(r.value) },
          ]
        : null,
    ),
    acknowledge(),
  ),
);
is<Delivery<Order>>()(
  from([{ id: 'a', qty: 1 } as Order]).pipe(produce(producer, (o) => ({ topic: 'invoices', value: toInvoice(o) }))),
);
const tomb = kafka.producer({ keySerializer: utf8, valueSerializer: nullable(json<Invoice>()) });
orders.records$.pipe(
  produce(tomb, (r) => ({ topic: 'x', key: r.key, value: r.value.qty === 0 ? null : toInvoice(r.value) })),
  commitOffsets(),
);
from([{ topic: 'invoices', value: { id: '1', total: 1 } }]).pipe(produce(producer, (r) => r));
