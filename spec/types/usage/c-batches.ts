import { type CommitReceipt } from 'rx-kafka';
import { commitOffsets, processEach } from 'rx-kafka/operators';
import { is, orders } from './prelude.js';

is<CommitReceipt>()(
  orders.batches$.pipe(
    processEach((b) => Promise.resolve(b.items.length), { order: 'none' }),
    commitOffsets(),
  ),
);
