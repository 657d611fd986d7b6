import { concatMap, EMPTY, from, map, mergeMap, NEVER, of, Subject, switchMap, tap, throwError } from 'rxjs';
import { fastSink } from '../../../src/model/record-sink.js';
import { transactionSlots } from '../../../src/model/transaction.js';
import { TransactionBench } from './support/transaction-brokers.js';

const group = { groupId: 'g', generation: 3, memberId: 'm', groupInstanceId: null };
const offsets = [{ topic: 'in', partition: 0, offset: 1 }];
const record = (value = 'v'): { topic: string; partition: number; value: string } => ({
  topic: 't',
  partition: 0,
  value,
});
let bench: TransactionBench;

afterEach(() => {
  bench.end();
});

const ends = (): unknown[] => bench.brokers.of('EndTxn').map(({ body }) => body['committed']);
const values = (): string[] => bench.brokers.written.flatMap(({ batch }) => batch.values);

describe('transaction(project)', () => {
  it('[G2, L27, PM9] is cold: connects and initialises when it is subscribed, a transaction each time', () => {
    bench = new TransactionBench(2);
    const transaction$ = bench.producer.transaction((tx) => tx.send(record()));
    bench.runtime.advance(100);
    expect(bench.runtime.dials).toHaveLength(0);
    for (let n = 0; n < 2; n++) expect(bench.run(transaction$).error).toBeNull();
    expect([ends(), bench.brokers.of('InitProducerId').length]).toEqual([[true, true], 1]);
  });

  it('[PM9] passes values on as they come, and completes after the commit', () => {
    bench = new TransactionBench(2);
    bench.brokers.delayMs = 50;
    const seen = bench.watch(
      bench.producer.transaction((tx) => from([1, 2]).pipe(concatMap((n) => tx.send(record()).pipe(map(() => n))))),
    );
    bench.runtime.until('the second value', () => seen.values.length === 2);
    expect([seen.values, seen.done, ends()]).toEqual([[1, 2], false, []]);
    bench.runtime.until('the commit', () => ends().length === 1);
    bench.runtime.advance(40);
    expect(seen.done).toBe(false);
    bench.until(seen);
    expect(ends()).toEqual([true]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    ['fails', () => throwError(() => new Error('mine'))],
    ['returns nothing to subscribe to', () => 5 as never],
  ])('[PM9] aborts when the project %s, and passes the error on after the abort', (_, fail) => {
    bench = new TransactionBench(2);
    const seen = bench.run(bench.producer.transaction((tx) => tx.send(record()).pipe(concatMap(fail))));
    expect(seen.error).not.toBeNull();
    expect(ends()).toEqual([false]);
    const plain = bench.run(bench.producer.transaction(fail));
    expect(plain.error).not.toBeNull();
    expect(ends()).toEqual([false]);
  });

  it('[PM9] aborts when its subscriber leaves, also in the stack of the first value', () => {
    bench = new TransactionBench(2);
    const late = bench.watch(bench.producer.transaction((tx) => tx.send(record('late')).pipe(concatMap(() => NEVER))));
    bench.runtime.until('the record', () => values().length === 1);
    bench.runtime.advance(20);
    late.stop();
    bench.runtime.until('the abort', () => ends().length === 1);
    const first = bench.watch(
      bench.producer
        .transaction((tx) => tx.send(record('first')).pipe(mergeMap(() => of(1, 2, 3))))
        .pipe(
          tap(() => {
            first.stop();
          }),
        ),
    );
    bench.runtime.until('the second abort', () => ends().length === 2);
    bench.runtime.advance(100);
    expect([ends(), late.done, first.values]).toEqual([[false, false], false, []]);
  });

  it('is not cancelled any more once it commits', () => {
    bench = new TransactionBench(2);
    bench.brokers.delayMs = 50;
    const seen = bench.watch(bench.producer.transaction((tx) => tx.send(record())));
    bench.runtime.until('the commit', () => ends().length === 1);
    seen.stop();
    bench.runtime.advance(1000);
    expect(ends()).toEqual([true]);
    expect(bench.run(bench.producer.transaction(() => EMPTY)).error).toBeNull();
  });

  it('waits for the abort of the transaction before it, as switchMap needs', () => {
    bench = new TransactionBench(2);
    const source$ = new Subject<string>();
    const seen = bench.watch(
      source$.pipe(switchMap((value) => bench.producer.transaction((tx) => tx.send(record(value))))),
    );
    source$.next('a');
    bench.runtime.until('the record', () => values().length === 1);
    source$.next('b');
    source$.complete();
    bench.until(seen);
    expect([seen.error, ends(), values()]).toEqual([null, [false, true], ['a', 'b']]);
  });

  it('fails when a write fails whose answer nobody looks at, although the project never ends', () => {
    bench = new TransactionBench(2);
    const seen = bench.watch(
      bench.producer.transaction((tx) => {
        tx.write(record(), () => undefined);
        return NEVER;
      }),
    );
    bench.brokers.fates.Produce = [87];
    bench.until(seen);
    expect([seen.error!.name, ends()]).toEqual(['TransactionError', [false]]);
  });

  it('fails with the fencing that the abort finds, not with what led to it [P25]', () => {
    bench = new TransactionBench(2);
    bench.brokers.fates.Produce = [47];
    bench.brokers.fates.EndTxn = [90];
    const seen = bench.run(bench.producer.transaction((tx) => tx.send(record())));
    expect(seen.error).toMatchObject({ name: 'TransactionError', abortable: false, fatal: true });
    expect(seen.error!.message).toContain('took over');
  });

  it('[B102] is a UsageError when every slot has an open one: waiting could be for ever', () => {
    bench = new TransactionBench(2);
    const nested$ = bench.producer.transaction((tx) =>
      tx.send(record()).pipe(concatMap(() => bench.producer.transaction((inner) => inner.send(record('inner'))))),
    );
    const seen = bench.run(nested$);
    expect([seen.error!.name, ends(), values()]).toEqual(['UsageError', [false], ['v']]);
  });
});

describe('beginTransaction', () => {
  it('[PM11] commits and aborts when that is subscribed, once, whoever listens', () => {
    bench = new TransactionBench(2);
    bench.brokers.delayMs = 20;
    for (const end of ['commit', 'abort'] as const) {
      const tx = bench.begin();
      bench.run(tx.send(record()));
      const end$ = tx[end]();
      bench.runtime.advance(200);
      const before = ends().length;
      const seen = bench.watch(end$);
      bench.runtime.advance(1);
      seen.stop();
      bench.runtime.advance(500);
      expect(ends()).toHaveLength(before + 1);
      expect(bench.run(end$).error!.name).toBe('UsageError');
    }
    expect(ends()).toEqual([true, false]);
  });

  it('[T7, B97] refuses what comes after its end, one hop later, and every shape of it', () => {
    bench = new TransactionBench(2);
    const tx = bench.begin();
    bench.run(tx.commit());
    const next = bench.begin();
    const told: unknown[] = [];
    const receiver = {
      delivered: () => told.push('delivered'),
      failed: (token: number, error: unknown) => told.push(token, (error as Error).name),
      flushed: () => undefined,
    };
    expect((tx as unknown as Record<symbol, (...args: unknown[]) => boolean>)[fastSink]!(record(), receiver, 7)).toBe(
      true,
    );
    expect(tx.write(record(), (error) => told.push((error as Error).name))).toBe(true);
    expect(tx.bytes.write({ topic: 't', value: new Uint8Array(1) }, (error) => told.push((error as Error).name))).toBe(
      true,
    );
    expect(told).toEqual([]);
    bench.runtime.advance(5);
    expect(told).toEqual([7, 'UsageError', 'UsageError', 'UsageError']);
    for (const late$ of [tx.send(record()), tx.sendOffsets(offsets, group), tx.abort()]) {
      expect(bench.run(late$).error!.name).toBe('UsageError');
    }
    // and the transaction that is open by now knows nothing of it
    bench.run(next.send(record('next')));
    expect(bench.run(next.commit()).error).toBeNull();
    expect(values()).toEqual(['next']);
  });

  it.each([
    [null, group],
    [[{ topic: 'in', partition: 0, offset: -1 }], group],
    [offsets, null],
    [offsets, { ...group, groupId: '' }],
    [offsets, { groupId: 'g' }],
  ])('[B97] refuses offsets %j of group %j', (list, of_) => {
    bench = new TransactionBench(2);
    const tx = bench.begin();
    expect(bench.run(tx.sendOffsets(list as never, of_ as never)).error!.name).toBe('UsageError');
    // a bad argument sends nothing and harms nothing
    bench.run(tx.send(record()));
    expect(bench.run(tx.commit()).error).toBeNull();
    expect(bench.brokers.of('TxnOffsetCommit')).toHaveLength(0);
  });

  it('writes bytes through the same transaction', () => {
    bench = new TransactionBench(2);
    const tx = bench.begin();
    let metadata: unknown = null;
    tx.bytes.write(
      { topic: 't', partition: 0, value: new TextEncoder().encode('raw') },
      (_, found) => (metadata = found),
    );
    bench.run(tx.commit());
    expect(metadata).toMatchObject({ topic: 't', partition: 0 });
    expect(values()).toEqual(['raw']);
  });
});

describe('close', () => {
  it('[PM11] aborts what is open, tells its owner, and refuses what comes later', () => {
    bench = new TransactionBench(2);
    const running = bench.watch(bench.producer.transaction((tx) => tx.send(record()).pipe(concatMap(() => NEVER))));
    bench.runtime.until('the record', () => values().length === 1);
    void bench.producer.close();
    bench.runtime.advance(500);
    expect([ends(), running.error?.name, bench.closed]).toEqual([[false], 'ClientClosedError', 1]);
    expect(bench.run(bench.producer.transaction(() => EMPTY)).error!.name).toBe('ClientClosedError');
    expect(bench.run(bench.producer.beginTransaction()).error!.name).toBe('ClientClosedError');
  });

  it('waits for a commit that is under way', () => {
    bench = new TransactionBench(2);
    bench.brokers.delayMs = 100;
    const tx = bench.begin();
    bench.run(tx.send(record()));
    const commit = bench.watch(tx.commit());
    bench.runtime.advance(10);
    void bench.producer.close();
    bench.until(commit);
    expect([commit.error, ends()]).toEqual([null, [true]]);
    bench.runtime.advance(10);
    expect(bench.closed).toBe(1);
  });

  it('[D#1101] is bounded: a commit without an answer fails, and says that nobody knows', () => {
    bench = new TransactionBench(2);
    const tx = bench.begin();
    bench.run(tx.send(record()));
    bench.brokers.fates.EndTxn = ['silence'];
    const commit = bench.watch(tx.commit());
    bench.runtime.advance(50);
    void bench.producer.close({ timeoutMs: 700 });
    bench.runtime.advance(690);
    expect(bench.closed).toBe(0);
    bench.runtime.advance(30);
    expect(bench.closed).toBe(1);
    expect(commit.error!.message).toMatch(/did not get it done in 700 ms, it is not known whether/u);
  });

  it('leaves nothing behind, whatever was under way', () => {
    for (const fate of ['silence', 'break', 15] as const) {
      bench = new TransactionBench(1, { slots: 2 });
      bench.brokers.fates.InitProducerId = [0, fate, fate, fate];
      bench.watch(bench.producer.beginTransaction());
      bench.runtime.advance(7);
      if (fate !== 15) bench.end();
    }
  });
});

describe('slots', () => {
  it('[L27] are all initialised at the start, under ids of their own', () => {
    bench = new TransactionBench(2, { slots: 3 });
    bench.begin();
    const ids = bench.brokers.of('InitProducerId').map(({ body }) => body['transactionalId']);
    expect(ids.sort()).toEqual(['tx-0', 'tx-1', 'tx-2']);
    expect(bench.brokers.of('InitProducerId')[0]!.body['transactionTimeoutMs']).toBe(10_000);
  });

  it('give the operator a transaction at once, null when all are open, and tell when one is free', () => {
    bench = new TransactionBench(2, { slots: 2 });
    const slots = bench.producer[transactionSlots]!;
    expect([slots.count, slots.transactionTimeoutMs]).toEqual([2, 10_000]);
    let prepared = 0;
    slots.prepare((error) => {
      expect(error).toBeNull();
      prepared++;
    });
    expect(slots.begin()).toBeNull();
    bench.runtime.until('prepared', () => prepared === 1);
    const [one, two] = [slots.begin()!, slots.begin()!];
    expect(slots.begin()).toBeNull();
    let free = 0;
    const stop = slots.onFree(() => free++);
    const answers: unknown[] = [];
    one.addOffsets(offsets, group, (error) => answers.push(error));
    one.commit((error) => answers.push(error));
    expect(answers).toEqual([]);
    bench.runtime.until('free', () => free === 1);
    expect(answers).toEqual([null, null]);
    expect(slots.begin()).not.toBeNull();
    stop();
    two.abort(() => undefined);
    bench.runtime.advance(500);
    expect(free).toBe(1);
  });

  it('tell of a failure that no call of the owner has met, and answer with it from then on', () => {
    bench = new TransactionBench(2);
    const slots = bench.producer[transactionSlots]!;
    bench.begin();
    void bench.producer.close({ timeoutMs: 100 });
    bench.runtime.advance(300);
    const over = slots.begin()!;
    const answers: unknown[] = [];
    over.commit((error) => answers.push(error?.name));
    bench.runtime.advance(5);
    over.tx.write(record(), (error) => answers.push((error as Error).name));
    over.abort((error) => answers.push(error?.name));
    bench.runtime.advance(5);
    expect(answers).toEqual(['ClientClosedError', 'ClientClosedError', 'ClientClosedError']);
  });

  it('are finished together when one of them is fenced', () => {
    bench = new TransactionBench(2, { slots: 2 });
    const [one, two] = [bench.begin(), bench.begin()];
    bench.run(one.send(record()));
    bench.brokers.fates.EndTxn = [90];
    expect(bench.run(one.commit()).error).toMatchObject({ fatal: true });
    bench.run(two.send(record()));
    expect(bench.run(two.commit()).error).toBeNull();
    expect(bench.run(bench.producer.beginTransaction()).error).toMatchObject({ fatal: true });
  });
});
