import { tap } from 'rxjs';
import { type CommitReceipt, type LeasedBatch } from 'rx-kafka';
import { batchRecords, commitOffsets, processEach } from 'rx-kafka/operators';
import { type R, is, orders } from './prelude.js';

is<LeasedBatch<R>>()(orders.records$.pipe(batchRecords()));
is<CommitReceipt>()(
  orders.records$.pipe(
    batchRecords({ maxRecords: 500, maxMs: 100, per: 'partition' }),
    processEach(async (batch) => batch.items.map((r) => r.value.qty).length),
    tap((p) => {
      const n: number = p.value;
      const first: R | undefined = p.record.items[0];
      void n;
      void first;
    }),
    commitOffsets(),
  ),
);
is<CommitReceipt>()(
  orders.batches$.pipe(
    processEach((b) => Promise.resolve(b.items.length), { order: 'none' }),
    commitOffsets(),
  ),
);
