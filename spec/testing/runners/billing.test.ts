// A test file of a user, whatever the runner is: `test` comes from the runner that the environment names.
import { map } from 'rxjs';
import { runMarbles } from 'rx-kafka/testing';
import { acknowledge, processEach } from 'rx-kafka/operators';
import { test } from './runner.js';

const tp = { topic: 'orders', partition: 0 };
const values = { x: { key: 'k', value: 1 }, y: { key: 'k', value: 2 } };

test('acknowledges what was processed', () => {
  runMarbles(({ records, cold, expectAcks, expectValues }) => {
    const orders$ = records('-x-y|', values);
    const done$ = orders$.pipe(
      processEach(({ value }) => cold('3ms (v|)', { v: value * 2 })),
      acknowledge(),
    );
    expectValues(done$).toBe('----x--(y|)', { x: 2, y: 4 });
    expectAcks(orders$).toBe('----x--y');
  });
});

test('drains at a rebalance', () => {
  runMarbles(({ group, expectCommits, expectObservable }) => {
    const events = { a: { assign: [tp] }, r: { revoke: [tp] } };
    const consumer = group<string, number>('a--r', events, { logs: [{ ...tp, records: '-x', values }] });
    expectObservable(
      consumer.records$.pipe(
        acknowledge(),
        map(({ value }) => value),
      ),
    ).toBe('-x', { x: 1 });
    expectCommits(consumer).toBe('---c', { c: [{ ...tp, offset: 1 }] });
  });
});

test('this one fails on purpose', () => {
  runMarbles(({ records, expectValues }) => {
    expectValues(records('-x', values)).toBe('--x', { x: 1 });
  });
});
