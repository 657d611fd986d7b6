import { Subject, delay, map } from 'rxjs';
import { produce, transaction } from '../../../operators/index.js';
import { hop } from '../../../src/runtime/timer.js';
import { TestPartition } from '../../../src/testing/test-partition.js';
import { TestRecord } from '../../../src/testing/test-record.js';
import { TransactionBench } from './support/transaction-brokers.js';

type In = TestRecord<string, string>;

let bench: TransactionBench;
afterEach(() => {
  bench.end();
});

/** One subscription of `transaction`, over a partition of its own in the time of the brokers. */
class Operator {
  error: unknown = null;
  readonly values: unknown[] = [];
  readonly partition: TestPartition;
  readonly #source$ = new Subject<In>();

  constructor(partition: number, { workMs = 0, maxRecords = 1 }: { workMs?: number; maxRecords?: number } = {}) {
    const { runtime } = bench;
    this.partition = new TestPartition('in', partition, { scheduler: runtime.scheduler, now: () => runtime.now() });
    this.#source$
      .pipe(
        transaction(
          bench.producer,
          (window$, tx) =>
            window$.pipe(
              produce(tx, ({ value }) => ({ topic: 't', partition: 0, value })),
              map((out) => out.source.value),
              delay(workMs, runtime.scheduler),
            ),
          { maxRecords },
        ),
      )
      .subscribe({ next: (value) => this.values.push(value), error: (error: unknown) => (this.error = error) });
  }

  /** One value per turn. */
  burst(values: string): void {
    const [first, ...rest] = values;
    if (first === undefined) return;
    this.next(first);
    hop(bench.runtime, () => {
      this.burst(rest.join(''));
    });
  }

  next(value: string): void {
    const offset = this.partition.nextOffset;
    this.#source$.next(new TestRecord({ key: 'k', value }, offset, this.partition.deliver(offset, value)));
  }
}

/** Values of each batch that was written. */
const batches = (): string[] => bench.brokers.written.map(({ batch }) => batch.values.join(''));

/** An operator with a transaction behind it: everything there is to know about the cluster is known. */
function warm(maxRecords: number): Operator {
  const one = new Operator(0, { maxRecords });
  bench.runtime.advance(100);
  one.next('x');
  bench.runtime.until('the first commit', () => one.values.length === 1);
  bench.runtime.advance(100);
  return one;
}

const fencing = { name: 'TransactionError', fatal: true, abortable: false };

describe('transaction over the slots of a producer', () => {
  it('[T2] commits over both protocols', () => {
    for (const version of [1, 2] as const) {
      bench = new TransactionBench(version);
      const one = new Operator(0);
      bench.runtime.advance(100);
      one.next('a');
      bench.runtime.until('the commit', () => one.values.length === 1);
      const offsets = bench.brokers.of('TxnOffsetCommit').map(({ body }) => body['groupId']);
      expect([one.error, one.values, offsets]).toEqual([null, ['a'], ['test']]);
    }
  });

  it('[P25] fails with the fencing that a transaction of another operator met, and never for want of a slot', () => {
    bench = new TransactionBench(2, { slots: 2 });
    const [one, two] = [new Operator(0), new Operator(1)];
    bench.runtime.advance(100);
    bench.brokers.fates.EndTxn = [90];
    one.next('a');
    bench.runtime.until('the fencing', () => one.error !== null);
    expect(one.error).toMatchObject(fencing);
    two.next('b');
    bench.runtime.until('the other one', () => two.error !== null);
    expect(two.error).toMatchObject(fencing);
    expect([one.values, two.values]).toEqual([[], []]);
    const three = new Operator(2);
    bench.runtime.until('a later one', () => three.error !== null);
    expect(three.error).toMatchObject(fencing);
  });

  it('[P25] fails with the fencing also where it waited for the slot on which that happened', () => {
    bench = new TransactionBench(2);
    const [one, two] = [new Operator(0, { workMs: 50 }), new Operator(1)];
    bench.runtime.advance(100);
    bench.brokers.fates.EndTxn = [90];
    one.next('a');
    bench.runtime.advance(10);
    two.next('b');
    bench.runtime.until('both', () => one.error !== null && two.error !== null);
    expect([one.error, two.error]).toEqual([expect.objectContaining(fencing), expect.objectContaining(fencing)]);
  });

  it('[PM11] fails with the end of the producer once that is closed', () => {
    bench = new TransactionBench(2);
    const one = new Operator(0);
    bench.runtime.advance(100);
    void bench.producer.close();
    bench.runtime.until('closed', () => bench.closed === 1);
    one.next('a');
    bench.runtime.until('told', () => one.error !== null);
    expect(one.error).toMatchObject({ name: 'ClientClosedError' });
  });

  it('[PM11] fails with the end of the producer, not for want of a slot, while a manual transaction is aborted by its close', () => {
    for (const records of [0, 1]) {
      bench = new TransactionBench(2);
      const one = new Operator(0);
      bench.runtime.advance(100);
      const manual = bench.begin();
      if (records > 0) bench.run(manual.send({ topic: 't', partition: 0, value: 'm' }));
      void bench.producer.close();
      one.next('a');
      bench.runtime.until('told', () => one.error !== null);
      expect(one.error).toMatchObject({ name: 'ClientClosedError' });
      if (records === 0) bench.end();
    }
  });

  it('waits for the slot of a manual transaction that is being committed', () => {
    bench = new TransactionBench(2);
    const one = new Operator(0);
    bench.runtime.advance(100);
    const manual = bench.begin();
    bench.run(manual.send({ topic: 't', partition: 0, value: 'm' }));
    const committed = bench.watch(manual.commit());
    bench.runtime.advance(1);
    one.next('a');
    bench.runtime.until('both', () => committed.done && one.values.length === 1);
    expect([one.error, one.values, batches()]).toEqual([null, ['a'], ['m', 'a']]);
  });

  it('writes what comes in a row, over several turns, in one batch, and before the window closes', () => {
    for (const version of [1, 2] as const) {
      bench = new TransactionBench(version);
      const one = warm(100);
      const begun = bench.runtime.now();
      one.burst('abcd');
      bench.runtime.advance(60);
      one.next('e');
      bench.runtime.until('the commit', () => one.values.length === 6);
      expect(batches()).toEqual(['x', 'abcd', 'e']);
      expect(bench.brokers.of('Produce')[1]!.at - begun).toBeLessThan(60);
      if (version === 1) bench.end();
    }
  });

  it('writes a window that is full at once, in one batch', () => {
    bench = new TransactionBench(2);
    const one = warm(3);
    one.burst('abcd');
    bench.runtime.until('both windows', () => one.values.length === 5);
    expect(batches()).toEqual(['x', 'abc', 'd']);
  });
});
