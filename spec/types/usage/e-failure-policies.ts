import { of } from 'rxjs';
import { type Processed, json, utf8 } from 'rx-kafka';
import {
  type FailurePolicy,
  acknowledge,
  deadLetter,
  forEachPartition,
  mapValue,
  processEach,
  produce,
  retryTopics,
} from 'rx-kafka/operators';
import { type Invoice, type Order, type R, is, kafka, orders, price, producer, toInvoice } from './prelude.js';

const retries = retryTopics(producer.bytes, { topic: 'orders', delaysMs: [5000, 60000], deadLetter: 'orders.dlq' });
is<Processed<Invoice, R>>()(
  orders.records$.pipe(
    processEach((r) => price(r.value), {
      retry: { attempts: 3, initialMs: 100 },
      onFailure: deadLetter(producer.bytes, 'orders.dlq'),
    }),
    acknowledge(),
  ),
);
is<Processed<Invoice, R>>()(
  orders.records$.pipe(
    retries.whenDue(),
    processEach((r) => price(r.value), { onFailure: retries, order: (r) => r.key.length }),
    acknowledge(),
  ),
);

is<Processed<Invoice, R>>()(
  orders.records$.pipe(
    processEach((r) => price(r.value), {
      onFailure: {
        name: 'mine',
        handle: (f) => {
          const q: number = f.item.value.qty;
          void q;
          return of('settled' as const);
        },
      },
    }),
    acknowledge(),
  ),
);
const retrying = kafka.consumer({
  groupId: 'billing',
  topics: ['orders', ...retries.topics],
  keyDeserializer: utf8,
  valueDeserializer: json<Order>(),
});
void retrying;

/* ---- parked records and partitions, and the way out */
is<Processed<Invoice, R>>()(orders.records$.pipe(processEach((r) => price(r.value), { onFailure: 'park' })));
is<Processed<Invoice, R>>()(orders.records$.pipe(mapValue((r) => toInvoice(r.value), { onFailure: 'park' })));
orders.records$.pipe(produce(producer, (r) => ({ topic: 'x', value: toInvoice(r.value) }), { onError: 'park' }));
is<R>()(orders.partitions$.pipe(forEachPartition((r$) => r$, { onError: 'park' })));
orders.events$.subscribe((event) => {
  if (event.type !== 'parked') return;
  const at: number = event.offset;
  if (at > 0) event.retry();
  else event.skip();
});
const byTopic: FailurePolicy<R> = deadLetter(producer.bytes, ({ record, error }) => `${record.topic}.${String(error)}`);
void byTopic;
