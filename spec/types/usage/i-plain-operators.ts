import { type Observable, Subject, delay, map, mergeMap, of, retry, takeUntil, tap, withLatestFrom } from 'rxjs';
import { type CommitReceipt, type Processed } from 'rx-kafka';
import {
  acknowledge,
  commitOffsets,
  conflateBy,
  decodeRecords,
  joinLatest,
  keepLease,
  pauseWhile,
} from 'rx-kafka/operators';
import { type Invoice, type R, is, orders, price } from './prelude.js';

declare const config$: Observable<{ rate: number }>;
is<CommitReceipt>()(
  orders.records$.pipe(
    tap((r) => void r.value.id),
    delay(10),
    map((r) => ({ lease: r.lease, qty: r.value.qty })),
    mergeMap(async (x) => ({ ...x, price: x.qty * 2 }), 4),
    commitOffsets(),
  ),
);
is<Processed<number, R>>()(
  orders.records$.pipe(
    withLatestFrom(config$),
    map(([r, c]) => keepLease(r, r.value.qty * c.rate)),
    acknowledge(),
  ),
);
is<Processed<Invoice, R>>()(
  orders.records$.pipe(
    mergeMap(async (r) => keepLease(r, await price(r.value))),
    acknowledge(),
  ),
);
is<Processed<number, R>>()(
  orders.records$.pipe(
    joinLatest(config$, (r, c) => r.value.qty * c.rate),
    acknowledge(),
  ),
);
is<R>()(orders.records$.pipe(decodeRecords({ onFailure: 'skip' }), acknowledge()));
is<R>()(
  orders.records$.pipe(
    pauseWhile(of(false)),
    conflateBy((r) => r.key, { everyMs: 100 }),
    takeUntil(new Subject<void>()),
    acknowledge(),
    retry({ count: 3, delay: 1000 }),
  ),
);
