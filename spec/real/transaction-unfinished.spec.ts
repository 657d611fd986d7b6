import { concat, finalize, firstValueFrom, NEVER, toArray } from 'rxjs';
import { produce, transaction } from '../../operators/index.js';
import { type Consumer, TransactionError, utf8 } from '../../src/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { waitUntil } from '../support/kafka/probe.js';
import { TransactionBench } from './support/transaction-bench.js';

const bench = new TransactionBench(sharedBrokers);
afterEach(() => bench.end());

const transactionTimeoutMs = 4000;

describe('a window whose project function never completes', () => {
  it('is aborted before the broker would, goes to onAbort, and the same producer goes on [T3]', async () => {
    const [from, to] = [await bench.topic(1), await bench.topic(1)];
    const values = Array.from({ length: 20 }, (_, n) => String(n));
    const feeder = bench.kafka().producer({ valueSerializer: utf8 });
    for (const value of values) void feeder.sendAndWait({ topic: from, partition: 0, value });
    await feeder.flush();
    const producer = bench.producer(uniqueName('unfinished'), { transactionTimeoutMs });
    const groupId = uniqueName('unfinished');
    const reader = (): Consumer<null, string> =>
      bench.kafka().consumer({
        groupId,
        topics: from,
        valueDeserializer: utf8,
        autoOffsetReset: 'earliest',
        isolationLevel: 'read_committed',
      }) as never;

    let [begun, ended] = [0, 0];
    const stuck$ = reader().records$.pipe(
      transaction(
        producer,
        (window$, tx) => {
          begun = performance.now();
          const written$ = window$.pipe(produce(tx, ({ value }) => ({ topic: to, partition: 0, value })));
          return concat(written$, NEVER).pipe(finalize(() => (ended = performance.now())));
        },
        { maxRecords: 10, maxMs: 100, onAbort: 'fail' },
      ),
    );
    const error: unknown = await firstValueFrom(stuck$.pipe(toArray())).catch((failed: unknown) => failed);
    expect(error).toBeInstanceOf(TransactionError);
    expect(error).toMatchObject({ abortable: true });
    expect(ended - begun).toBeGreaterThanOrEqual(0.8 * transactionTimeoutMs - 200);
    expect(ended - begun).toBeLessThan(transactionTimeoutMs);
    expect(await bench.read(to, 'read_committed')).toEqual([]);
    expect((await bench.read(to, 'read_uncommitted')).length).toBeGreaterThan(0);

    const done: string[] = [];
    let failure: unknown = null;
    const again = reader();
    again.records$
      .pipe(
        transaction(producer, (window$, tx) =>
          window$.pipe(produce(tx, ({ value }) => ({ topic: to, partition: 0, value }))),
        ),
      )
      .subscribe({
        next: (delivery) => done.push((delivery as unknown as { source: { value: string } }).source.value),
        error: (failed: unknown) => (failure = failed),
      });
    await waitUntil('every record is committed', 40_000, () => done.length >= values.length || failure !== null);
    expect(failure).toBeNull();
    expect(done).toEqual(values);
    expect((await bench.read(to, 'read_committed')).length).toBe(values.length);
  }, 90_000);
});
