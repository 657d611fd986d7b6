import { map } from 'rxjs';
import { type CommitReceipt, type Delivery, type Processed, json, utf8 } from 'rx-kafka';
import { commitOffsets, forEachPartition, processEach, produce } from 'rx-kafka/operators';
import { type Consumer, type Producer } from 'rx-kafka';
import { type Invoice, type Order, type R, is, kafka, orders, price, producer } from './prelude.js';

// inference, which the annotations of the prelude would hide
const c1: Consumer<string, Order> = kafka.consumer({
  groupId: 'billing',
  topics: ['orders'],
  keyDeserializer: utf8,
  valueDeserializer: json<Order>(),
});
const inferred = kafka.consumer({
  groupId: 'billing',
  topics: ['orders'],
  keyDeserializer: utf8,
  valueDeserializer: json<Order>(),
});
is<R>()(inferred.records$);
const p1: Producer<string, Invoice> = kafka.producer({ keySerializer: utf8, valueSerializer: json<Invoice>() });
void c1;
void p1;

const b = orders.partitions$.pipe(
  forEachPartition((records$) =>
    records$.pipe(
      processEach((order) => price(order.value), { concurrency: 32, order: 'key' }),
      produce(producer, (priced) => ({ topic: 'invoices', key: priced.value.id, value: priced.value })),
    ),
  ),
);
is<Delivery<Processed<Invoice, R>>>()(b);
is<CommitReceipt>()(b.pipe(commitOffsets({ everyMs: 1000 })));
is<string>()(
  b.pipe(map((d) => `${d.offset} ${d.source.value.id} ${d.source.record.value.qty} ${d.source.record.key}`)),
);
