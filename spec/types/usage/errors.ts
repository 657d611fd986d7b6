// Mistakes that must not compile: each ts-expect-error is one.
import { map, of, switchMap, withLatestFrom } from 'rxjs';
import {
  acknowledge,
  commitOffsets,
  conflateBy,
  deadLetter,
  decodeRecords,
  fanOut,
  forEachPartition,
  mapValue,
  processEach,
  produce,
  toAsyncIterable,
  transaction,
} from 'rx-kafka/operators';
import { type Order, kafka, orders, price, producer, transactional } from './prelude.js';

// prettier-ignore
// @ts-expect-error
/*E1 lost in map*/ orders.records$.pipe(map((r) => r.value), commitOffsets());
// prettier-ignore
// @ts-expect-error
/*E2 lost in map*/ orders.records$.pipe(map((r) => r.value), acknowledge());
// prettier-ignore
// @ts-expect-error
/*E3 lost in switchMap*/ orders.records$.pipe(switchMap((r) => price(r.value)), commitOffsets());
// prettier-ignore
// @ts-expect-error
/*E4 tuple*/ orders.records$.pipe(withLatestFrom(of(1)), acknowledge());
// prettier-ignore
// @ts-expect-error
/*E5 spread of a record*/ orders.records$.pipe(map((r) => ({ ...r, extra: 1 })), acknowledge());
// prettier-ignore
// @ts-expect-error
/*E6 lost inside forEachPartition*/ orders.partitions$.pipe(forEachPartition((r$) => r$.pipe(map((r) => r.value.id))), commitOffsets());
// prettier-ignore
// @ts-expect-error
/*E7 wrong value*/ orders.records$.pipe(produce(producer, (r) => ({ topic: 'x', value: { id: r.value.id } })));
// prettier-ignore
// @ts-expect-error
/*E8 wrong key*/ orders.records$.pipe(produce(producer, (r) => ({ topic: 'x', key: r.value.qty, value: { id: '1', total: 1 } })));
// prettier-ignore
// @ts-expect-error
/*E9 transactional producer outside*/ orders.records$.pipe(produce(transactional, (r) => ({ topic: 'x', value: { id: '1', total: 1 } })));
// prettier-ignore
// @ts-expect-error
/*E10 plain producer in transaction()*/ orders.records$.pipe(transaction(producer, (w$) => w$));
// prettier-ignore
// @ts-expect-error
/*E11 commit after transaction*/ orders.records$.pipe(transaction(transactional, (w$, tx) => w$.pipe(produce(tx, (r) => ({ topic: 'x', value: { id: '1', total: 1 } })))), commitOffsets());
// prettier-ignore
/*ok12 acknowledge inside the window compiles*/ orders.records$.pipe(transaction(transactional, (w$, tx) => w$.pipe(acknowledge(), map((r) => r.value))));
// prettier-ignore
// @ts-expect-error
/*E13 dead letter into typed sink*/ orders.records$.pipe(processEach((r) => price(r.value), { onFailure: deadLetter(producer, 'dlq') }));
// prettier-ignore
// @ts-expect-error
/*E14 generics without deserializer*/ kafka.consumer<string, Order>({ topics: ['x'] });
// prettier-ignore
// @ts-expect-error
/*E15 two selections*/ kafka.consumer({ topics: ['x'], pattern: /x/ });
// prettier-ignore
// @ts-expect-error
/*E16 no selection*/ kafka.consumer({ groupId: 'x' });
// prettier-ignore
// @ts-expect-error
/*E17 undefined groupId*/ kafka.consumer({ groupId: process.env['GROUP'], topics: ['x'] });
// prettier-ignore
// @ts-expect-error
/*E18 tombstone by accident*/ orders.records$.pipe(produce(producer, (r) => ({ topic: 'x', value: r.value.qty > 0 ? { id: '1', total: 1 } : null })));
// prettier-ignore
// @ts-expect-error
/*E19 sync handler*/ orders.records$.pipe(processEach((r) => { console.log(r.value); }), acknowledge());
// prettier-ignore
// @ts-expect-error
/*E20 one arm lost its lease*/ orders.records$.pipe(fanOut((a$) => a$.pipe(mapValue((r) => r.value.id)), (b$) => b$.pipe(map((r) => r.value.id))), acknowledge());
// prettier-ignore
// @ts-expect-error
/*E21 partitions$ committed without forEachPartition*/ orders.partitions$.pipe(commitOffsets());
// prettier-ignore
// @ts-expect-error
/*E22 produce before commit from plain source*/ of(1).pipe(produce(producer, (n) => ({ topic: 'x', value: { id: '1', total: n } })), commitOffsets());
// prettier-ignore
// @ts-expect-error
/*E23 any typo in record*/ orders.records$.pipe(processEach((r) => price(r.valeu)), acknowledge());
// prettier-ignore
// @ts-expect-error
/*E24 string result*/ orders.records$.pipe(processEach((r) => r.value.id), acknowledge());
// prettier-ignore
// @ts-expect-error
/*E25 async iterable is not an operator*/ orders.records$.pipe(toAsyncIterable);
// prettier-ignore
// @ts-expect-error
/*E26 commit on manual tx only*/ transactional.transaction((tx) => tx.commit());
// prettier-ignore
// @ts-expect-error
/*E27 no interval*/ orders.records$.pipe(conflateBy((r) => r.key, {}));
// prettier-ignore
// @ts-expect-error
/*E28 no decision on poison*/ orders.records$.pipe(decodeRecords({}));
