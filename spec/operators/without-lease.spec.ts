import { type OperatorFunction, Subject, of } from 'rxjs';
import {
  acknowledge,
  batchRecords,
  commitOffsets,
  conflateBy,
  fanOut,
  latestByKey,
  processEach,
  transaction,
} from '../../operators/index.js';
import { UsageError } from '../../src/errors/usage-error.js';
import { type Leased } from '../../src/model/lease.js';
import { ScriptedTransactions } from './support/scripted-transactions.js';

type AnyOperator = OperatorFunction<Leased, unknown>;
const loosely = (operator: unknown): AnyOperator => operator as AnyOperator;

// what types refuse, plain JavaScript lets through
describe.each<[string, () => AnyOperator]>([
  ['acknowledge', () => acknowledge()],
  ['batchRecords', () => batchRecords({ maxRecords: 2 })],
  ['commitOffsets', () => commitOffsets()],
  ['conflateBy', () => conflateBy(() => 'k', { everyMs: 5 })],
  ['fanOut', () => fanOut((item$) => item$.pipe(acknowledge()))],
  ['latestByKey', () => loosely(latestByKey())],
  ['processEach', () => processEach(() => of(1))],
  ['transaction', () => loosely(transaction(new ScriptedTransactions() as never, (window$) => window$))],
])('%s over elements without a lease', (_, operator) => {
  it.each([
    ['plain values', { id: 1 }, /keepLease/],
    ['streams of partitions', new Subject(), /mergeMap/],
  ])('fails the stream with advice: %s', (__, value, advice) => {
    const source$ = new Subject<Leased>();
    const errors: unknown[] = [];
    source$.pipe(operator()).subscribe({ error: (error: unknown) => errors.push(error) });
    source$.next(value as unknown as Leased);
    expect(errors).toEqual([expect.any(UsageError)]);
    expect((errors[0] as Error).message).toMatch(advice);
    expect(source$.observed).toBe(false);
  });
});
