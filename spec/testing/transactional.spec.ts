import { map, mergeMap, throwError } from 'rxjs';
import { acknowledge, processEach, produce } from '../../operators/index.js';
import { transactionSlots, type SlottedProducer } from '../../src/model/transaction.js';
import { runMarbles } from '../../src/testing/index.js';

const tp = { topic: 'orders', partition: 0 };
const values = { a: { key: 'a', value: 1 }, b: { key: 'b', value: 2 } };
const me = { groupId: 'group', generation: 1, memberId: 'm', groupInstanceId: null };

describe('transactional', () => {
  it('commits what a project wrote when it completes, and shows it only then', () => {
    runMarbles(({ transactional, records, expectTransactions, expectObservable, flush }) => {
      const producer = transactional<string, number>({ respond: '3ms (a|)', commit: '5ms (a|)' });
      const done$ = producer.transaction((tx) =>
        records('ab|', values).pipe(
          produce(tx, ({ value }) => ({ topic: 't', value })),
          map(({ offset }) => offset),
        ),
      );
      expectObservable(done$).toBe('---ab----|', { a: 0, b: 1 });
      expectTransactions(producer).toBe('---------c', { c: { committed: [1, 2] } });
      flush();
      expect(producer.committed.map(({ value }) => value)).toEqual([1, 2]);
    });
  });

  it('aborts when the project fails, and when a commit is refused; the next transaction may succeed', () => {
    runMarbles(({ transactional, expectTransactions, expectObservable, cold }) => {
      const producer = transactional<string, number>({ commit: ['2ms #', '(a|)'], slots: 2 });
      const write = (value: number) =>
        producer.transaction((tx) => tx.send({ topic: 't', value }).pipe(map(() => value)));
      const failing$ = producer.transaction((tx) =>
        tx.send({ topic: 't', value: 9 }).pipe(mergeMap(() => throwError(() => new Error('no')))),
      );
      expectObservable(write(1)).toBe('a-#', { a: 1 }, abortable());
      expectObservable(cold('---x').pipe(mergeMap(() => write(2)))).toBe('---b', { b: 2 });
      expectObservable(cold('-----x').pipe(mergeMap(() => failing$))).toBe('-----#', undefined, new Error('no'));
      expectTransactions(producer).toBe('--ac-b', {
        a: { aborted: [1] },
        c: { committed: [2] },
        b: { aborted: [9] },
      });
    });
  });

  it('makes offsets part of the transaction: the group has them when it committed', () => {
    runMarbles(({ transactional, group, expectCommits, expectTransactions, cold }) => {
      const producer = transactional<string, number>({ commit: ['4ms (a|)'] });
      const events = { a: { assign: [tp] } };
      const consumer = group<string, number>('a', events, { logs: [{ ...tp, records: '-a', values }], commit: false });
      consumer.records$.subscribe();
      cold('--t')
        .pipe(mergeMap(() => producer.transaction((tx) => tx.sendOffsets([{ ...tp, offset: 1 }], me))))
        .subscribe();
      expectCommits(consumer).toBe('------c', { c: [{ ...tp, offset: 1 }] });
      expectTransactions(producer).toBe('------c', { c: { committed: [], offsets: [{ ...tp, offset: 1 }] } });
    });
  });

  it('is driven by hand, and by the port of the operator with its slots', () => {
    runMarbles(({ transactional, expectObservable, expectTransactions }) => {
      const producer = transactional<string, number>();
      const byHand$ = producer
        .beginTransaction()
        .pipe(mergeMap((tx) => tx.send({ topic: 't', value: 1 }).pipe(mergeMap(() => tx.abort()))));
      expectObservable(byHand$).toBe('(u|)', { u: undefined });
      expectTransactions(producer).toBe('a', { a: { aborted: [1] } });
    });
    runMarbles(({ transactional }) => {
      const slots = (transactional({ slots: 1 }) as SlottedProducer<never, never>)[transactionSlots]!;
      let free = 0;
      slots.onFree(() => free++);
      const first = slots.begin();
      expect([slots.count, slots.begin(), free]).toEqual([1, null, 0]);
      first!.abort(() => {
        expect(slots.begin()).not.toBeNull();
      });
    });
  });
});

describe('a record that is parked in records()', () => {
  it('raises an event with retry and skip, and fails nothing', () => {
    runMarbles(({ records, parked, expectObservable, expectSettlements }) => {
      const orders$ = records('-ab|', values);
      let tries = 0;
      const done$ = orders$.pipe(
        processEach(({ value }) => (value === 1 && tries++ < 2 ? throwError(() => new Error('no')) : [value]), {
          onFailure: 'park',
        }),
        acknowledge(),
        map(({ value }) => value),
      );
      const parked$ = parked(orders$);
      parked$.subscribe((event) => {
        event.retry();
      });
      expectObservable(parked$.pipe(map(({ offset, error }) => [offset, (error as Error).message]))).toBe('-(pp)', {
        p: [0, 'no'],
      });
      expectObservable(done$).toBe('-ab|', { a: 1, b: 2 });
      expectSettlements(orders$).toBe({ acked: '-ab' });
    });
  });
});

function abortable(): Error {
  return Object.assign(new Error('The transaction could not be ended'), { name: 'TransactionError' });
}
