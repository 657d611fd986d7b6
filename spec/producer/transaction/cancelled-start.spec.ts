import { map } from 'rxjs';
import { type Seen, TransactionBench } from './support/transaction-brokers.js';

const record = { topic: 't', partition: 0, value: 'v' };
let bench: TransactionBench;

afterEach(() => {
  bench.end();
});

const asked = (): number => bench.brokers.of('InitProducerId').length;
const transaction$ = () => bench.producer.transaction((tx) => tx.send(record).pipe(map(({ topic }) => topic)));

/** A transaction that was cancelled when its question was out; an answer takes a second. */
function leaveQuestion(): void {
  bench = new TransactionBench(2);
  bench.brokers.delayMs = 1000;
  const seen = bench.watch(transaction$());
  bench.runtime.until('the question', () => asked() === 1);
  seen.stop();
}

/** It succeeds, after so many questions in all. */
function succeeds(seen: Seen, questions: number): void {
  bench.until(seen);
  expect(seen).toMatchObject({ values: ['t'], error: null });
  expect(asked()).toBe(questions);
}

describe('a start of transactions that nobody waits for any more', () => {
  it.each([
    ['at once', 0],
    ['later', 20_000],
  ])('lets the process end while no broker can be reached, cancelled %s', (_, ms) => {
    bench = new TransactionBench(2, { slots: 3, maxBlockMs: 60_000 });
    for (const broker of bench.brokers.bench.brokers) broker.stop();
    const seen = bench.watch(transaction$());
    bench.runtime.advance(ms);
    if (ms > 0) expect(bench.runtime.alive).toBeGreaterThan(0);
    seen.stop();
    for (let turn = 0; turn < 100; turn++) {
      bench.runtime.advance(turn === 0 ? 1 : 1000);
      expect(bench.runtime.alive).toBe(0);
    }
  });

  it('lets it end while the coordinator does not answer', () => {
    bench = new TransactionBench(2);
    bench.brokers.fates.InitProducerId = ['silence'];
    const seen = bench.watch(transaction$());
    bench.runtime.until('the question', () => asked() === 1);
    seen.stop();
    bench.runtime.advance(1);
    expect(bench.runtime.alive).toBe(0);
  });

  it('stays while somebody else waits for it', () => {
    bench = new TransactionBench(2);
    bench.brokers.delayMs = 1000;
    const [first, second] = [bench.watch(transaction$()), bench.watch(transaction$())];
    bench.runtime.until('the question', () => asked() === 1);
    first.stop();
    bench.runtime.advance(500);
    expect(bench.runtime.alive).toBeGreaterThan(0);
    succeeds(second, 1);
  });

  it('serves whoever takes its place in the same turn', () => {
    leaveQuestion();
    succeeds(bench.watch(transaction$()), 1);
  });

  it('is made anew for the next one, whose answer counts and not the late one of before', () => {
    leaveQuestion();
    bench.runtime.advance(500);
    succeeds(bench.watch(transaction$()), 2);
    expect(bench.brokers.written.map(({ batch }) => batch.producerEpoch)).toEqual([2]);
  });
});
