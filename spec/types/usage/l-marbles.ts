import { map } from 'rxjs';
import {
  type CommitReceipt,
  type Consumer,
  type ConsumerRecord,
  type OffsetList,
  type PartitionStream,
  type TransactionalProducer,
} from 'rx-kafka';
import { acknowledge, commitOffsets, forEachPartition, mapValue } from 'rx-kafka/operators';
import { type MarbleHelpers, record, runMarbles } from 'rx-kafka/testing';
import { type Invoice, type Order, is, toInvoice } from './prelude.js';

const tp = { topic: 'orders', partition: 0 };
const orders = { a: { key: 'k', value: { id: '1', qty: 1 } } };
const made: ConsumerRecord<string, Order> = record({ key: 'k', value: { id: '1', qty: 1 } });
const answer: number = runMarbles(() => made.offset);

runMarbles(({ partitions, group, expectCommits, expectSettlements, transactional, expectTransactions }) => {
  const partitions$ = partitions<string, Order>('a|', { a: { ...tp, records: '-a|', values: orders } });
  is<PartitionStream<string, Order>>()(partitions$);
  const receipts$ = partitions$.pipe(
    forEachPartition((orders$) => orders$.pipe(mapValue((order) => toInvoice(order.value)))),
    commitOffsets(),
  );
  is<CommitReceipt>()(receipts$);
  const offsets: Record<string, OffsetList> = { c: [{ ...tp, offset: 1 }] };
  expectCommits(partitions$).toBe('--c', offsets);
  expectCommits(receipts$).toBe('--c', offsets);

  // without logs, as the surface declares it
  const consumer: Consumer<string, Order> = group('a-r-l', {
    a: { assign: [tp] },
    r: { revoke: [tp], deadlineMs: 100 },
    l: { lose: [tp] },
  });
  const full = group<string, Order>('a', { a: { assign: [tp] } }, { logs: [{ ...tp, records: '-a', values: orders }] });
  is<Order>()(
    full.records$.pipe(
      acknowledge(),
      map(({ value }) => value),
    ),
  );
  expectSettlements(full).toBe({ acked: '-a', released: '-', fenced: '-' });
  const producer: TransactionalProducer<string, Invoice> = transactional<string, Invoice>({
    commit: ['5ms #', '(a|)'],
  });
  expectTransactions(transactional<string, Invoice>()).toBe('-', {});
  void [consumer, producer];
});
const helpers: (given: MarbleHelpers) => void = ({ records, expectAcks }) => {
  // @ts-expect-error a letter is a record with a key and a value
  records('a', { a: { value: 1 } });
  expectAcks(records('a', orders)).toBe('a');
};
void [answer, helpers];
