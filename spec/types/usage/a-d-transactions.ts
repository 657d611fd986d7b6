import { map, mergeMap, toArray } from 'rxjs';
import { type Delivery, type Processed, type RecordMetadata } from 'rx-kafka';
import { deadLetter, filterRecord, mapValue, produce, transaction } from 'rx-kafka/operators';
import { type Invoice, type R, is, orders, producer, toInvoice, transactional } from './prelude.js';

const a2 = orders.records$.pipe(
  transaction(
    transactional,
    (window$, tx) =>
      window$.pipe(
        mapValue((r) => toInvoice(r.value)),
        produce(tx, (i) => ({ topic: 'invoices', value: i.value })),
      ),
    { maxRecords: 500, maxMs: 100 },
  ),
);
is<number>()(a2.pipe(map((d) => d.offset + d.source.record.value.qty)));

const d = orders.records$.pipe(
  transaction(
    transactional,
    (window$, tx) =>
      window$.pipe(
        filterRecord((r) => r.value.qty > 0),
        mapValue((r) => toInvoice(r.value)),
        produce(tx, (i) => [
          { topic: 'invoices', key: i.record.key, value: i.value },
          { topic: 'audit', value: i.value },
        ]),
        toArray(),
      ),
    { maxRecords: 500 },
  ),
);
is<Delivery<Processed<Invoice, R>>[]>()(d);
// a manual transaction keeps commit and abort
transactional
  .beginTransaction()
  .pipe(mergeMap((tx) => tx.send({ topic: 'x', value: { id: '1', total: 1 } }).pipe(mergeMap(() => tx.commit()))));
is<RecordMetadata>()(transactional.transaction((tx) => tx.send({ topic: 'x', value: { id: '1', total: 1 } })));

// a policy in the transaction that commits the offset, and one that is made beforehand
orders.records$.pipe(
  transaction(transactional, (window$) => window$, {
    onAbort: { attempts: 3, then: (tx) => deadLetter(tx.bytes, 'orders.dlq') },
  }),
);
orders.records$.pipe(
  transaction(transactional, (window$) => window$, {
    onAbort: { attempts: 3, then: deadLetter(producer.bytes, 'orders.dlq') },
  }),
);
