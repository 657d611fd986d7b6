import { type Observable, delay, map, of, throwError } from 'rxjs';
import {
  type FailurePolicy,
  type TransactionOptions,
  deadLetter,
  processEach,
  produce,
  retryTopics,
} from '../../operators/index.js';
import type { Leased } from '../../src/model/lease.js';
import type { ScriptedTransaction, ScriptedTransactions } from './support/scripted-transactions.js';
import { type In, type Project, type Run, type Tx, bench } from './support/transaction-bench.js';

type Policy = 'skip' | 'fail' | FailurePolicy<Leased>;

/** Work of 2 ms per record that fails for the value 1, under a policy of the window. */
const under =
  (onFailure: (tx: Tx) => Policy, failing = [1]): Project =>
  (window$, tx) =>
    window$.pipe(
      processEach(
        ({ value }: In): Observable<number> =>
          failing.includes(value) ? throwError(() => new Error(`no ${value}`)) : of(value).pipe(delay(2)),
        { onFailure: onFailure(tx) as never },
      ),
      produce(tx, ({ value }) => ({ topic: 'out', value })),
      map((out) => out.source.value),
    );

function windows(project: Project, options: TransactionOptions = {}): { slots: ScriptedTransactions; run: Run } {
  let run!: Run;
  const slots = bench(({ start, records$ }) => {
    run = start(records$('--abc---- 20ms --|'), project, { maxRecords: 3, maxMs: 1000, ...options });
  });
  return { slots, run };
}

const topics = ({ records }: ScriptedTransaction): string[] => records.map(({ topic }) => topic).sort();

describe('transaction: failure policies of the work inside of a window', () => {
  it('deadLetter(tx.bytes) writes into the transaction that commits the offset of its record', () => {
    const { slots, run } = windows(under((tx) => deadLetter(tx.bytes, 'dlq')));
    expect(slots.all.map(({ state }) => state)).toEqual(['committed']);
    expect(topics(slots.committed[0]!)).toEqual(['dlq', 'out', 'out']);
    expect(slots.offsets).toEqual([['0:3']]);
    expect(run.told.map((line) => line.replace(/@.*/, ''))).toEqual(['0', '2', '|']);
  });

  it('retryTopics(tx.bytes) likewise', () => {
    const stages = { topic: 'orders', delaysMs: [5000], deadLetter: 'dlq' };
    const { slots } = windows(under((tx) => retryTopics(tx.bytes, stages)));
    expect(slots.committed.map(topics)).toEqual([['orders.retry.1', 'out', 'out']]);
    expect(slots.offsets).toEqual([['0:3']]);
  });

  it('skip leaves a record out of the output and not out of the offsets', () => {
    const { slots, run } = windows(under(() => 'skip'));
    expect([slots.values, slots.offsets]).toEqual([[0, 2], [['0:3']]]);
    expect(run.error).toBeNull();
  });

  it('a failure behind a dead letter undoes the dead letter as well', () => {
    const policy = (tx: Tx): Policy => {
      const letters = deadLetter(tx.bytes, 'dlq');
      return {
        name: 'letters for 1',
        handle: (failure) => (failure.record.value === 2 ? of('fail') : letters.handle(failure)),
      };
    };
    const { slots, run } = windows(under(policy, [1, 2]), { onAbort: 'fail' });
    expect(slots.all.map(({ state }) => state)).toEqual(['aborted']);
    expect(topics(slots.aborted[0]!)).toContain('dlq');
    expect([slots.values, slots.offsets]).toEqual([[], []]);
    expect((run.error as Error).message).toBe('no 2');
  });

  it('fail aborts the window, and onAbort decides', () => {
    const { slots, run } = windows(
      under(() => 'fail'),
      { onAbort: 'fail' },
    );
    expect([slots.committed, slots.aborted.length]).toEqual([[], 1]);
    expect((run.error as Error).message).toBe('no 1');
  });

  it('park holds the window until its time is over, then it is aborted', () => {
    let run!: Run;
    const slots = bench(
      ({ start, records$ }) => {
        run = start(
          records$('--abc---- 200ms --|'),
          under(() => 'park' as never),
          { maxRecords: 3, onAbort: 'fail' },
        );
      },
      { timeoutMs: 1000 },
    );
    expect([slots.committed, slots.aborted.length]).toEqual([[], 1]);
    // 80 % of the timeout behind the first record
    expect(slots.aborted[0]!.endedAt).toBe(2 + 800 + 1);
    expect((run.error as Error).message).toMatch(/not done after 800 ms/);
  });
});
