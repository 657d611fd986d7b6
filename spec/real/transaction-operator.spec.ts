import {
  NEVER,
  type Observable,
  concat,
  delay,
  filter,
  firstValueFrom,
  mergeMap,
  of,
  tap,
  throwError,
  timeout,
  timer,
} from 'rxjs';
import { deadLetter, filterRecord, produce, transaction } from '../../operators/index.js';
import type { TransactionOptions } from '../../operators/index.js';
import {
  type Consumer,
  type ConsumerRecord,
  type Transaction,
  type TransactionalProducer,
  utf8,
} from '../../src/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { TransactionBench } from './support/transaction-bench.js';

type In = ConsumerRecord<string | null, string>;
type Project = (window$: Observable<In>, tx: Transaction<string, string>) => Observable<unknown>;

const bench = new TransactionBench(sharedBrokers);
afterEach(() => bench.end());

interface Pipe {
  readonly input: string;
  readonly output: string;
  readonly groupId: string;
}

async function pipe(partitions = 4): Promise<Pipe> {
  const [input, output] = [await bench.topic(partitions), await bench.topic(partitions)];
  return { input, output, groupId: uniqueName('exactly-once') };
}

function reader({ input, groupId }: Pipe, options: object = {}): Consumer<string | null, string> {
  return bench.kafka().consumer({
    groupId,
    topics: input,
    keyDeserializer: utf8,
    valueDeserializer: utf8,
    autoOffsetReset: 'earliest',
    isolationLevel: 'read_committed',
    ...options,
  } as never);
}

/** Values from one number to another, over fifty keys. */
async function fill({ input }: Pipe, from: number, to: number): Promise<void> {
  const producer = bench.kafka().producer({ keySerializer: utf8, valueSerializer: utf8 });
  for (let n = from; n < to; n++)
    producer.write({ topic: input, key: `k${n % 50}`, value: String(n) }, () => undefined);
  await producer.flush();
}

/** Writes each record under its key; the values of committed windows go to `done`. */
function run(
  { output }: Pipe,
  consumer: Consumer<string | null, string>,
  producer: TransactionalProducer<string, string>,
  options: TransactionOptions = {},
  around: Project = (out$) => out$,
): { readonly done: string[]; readonly error: () => unknown; stop(): Promise<void> } {
  const done: string[] = [];
  let error: unknown = null;
  consumer.records$
    .pipe(
      transaction(
        producer,
        (window$, tx) =>
          (around(window$ as never, tx) as Observable<In>).pipe(
            produce(tx, (record) => ({ topic: output, key: record.key, value: record.value })),
          ),
        { maxRecords: 50, maxMs: 20, ...options },
      ),
    )
    .subscribe({
      next: (delivery) => done.push((delivery as unknown as { source: In }).source.value),
      error: (failed: unknown) => (error = failed),
    });
  return { done, error: () => error, stop: () => consumer.close() };
}

async function until(what: string, condition: () => boolean, ms = 40_000): Promise<void> {
  await firstValueFrom(
    timer(0, 25).pipe(
      filter(() => condition()),
      timeout({ first: ms, with: () => throwError(() => new Error(`${what}: not within ${ms} ms`)) }),
    ),
  );
}

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => String(from + n));
const valuesOf = (records: readonly string[]): string[] =>
  records.map((record) => record.slice(record.indexOf(':') + 1)).sort((a, b) => Number(a) - Number(b));

/** What is committed in the group, against the ends of the input. */
async function lagOf({ input, groupId }: Pipe): Promise<number> {
  const consumer = bench.kafka().consumer({ groupId, topics: input, isolationLevel: 'read_committed' });
  const partitions = await firstValueFrom(consumer.partitionsFor(input));
  const ends = await firstValueFrom(consumer.endOffsets(partitions));
  const committed = await firstValueFrom(consumer.committed(partitions));
  const at = new Map(committed.map(({ partition, offset }) => [partition, offset]));
  return ends.reduce((sum, { partition, offset }) => sum + offset - (at.get(partition) ?? 0), 0);
}

describe.each(['classic', 'consumer'] as const)('transaction on a real cluster, group protocol %s', (groupProtocol) => {
  it('moves every record once, with its offset [T2] [X11]', async () => {
    const at = await pipe();
    await fill(at, 0, 1000);
    const running = run(at, reader(at, { groupProtocol }), bench.producer());
    await until('all records', () => running.done.length === 1000);
    expect(valuesOf(await bench.read(at.output, 'read_committed'))).toEqual(numbers(0, 1000));
    expect(await lagOf(at)).toBe(0);
    await running.stop();
    expect(running.error()).toBeNull();
  }, 90_000);

  it('loses and doubles nothing when members come and go in the middle of windows [L7]', async () => {
    const at = await pipe();
    const members = [0, 1].map(() =>
      run(at, reader(at, { groupProtocol }), bench.producer(), {}, (w$) => w$.pipe(delay(10))),
    );
    const total = (): number => members.reduce((sum, { done }) => sum + done.length, 0);
    await fill(at, 0, 500);
    await until('the first', () => total() >= 100);
    members.push(run(at, reader(at, { groupProtocol }), bench.producer(), {}, (w$) => w$.pipe(delay(10))));
    // fed until it has its share, however long the rebalance takes
    let fed = 500;
    for (; members[2]!.done.length === 0; fed += 50) {
      await fill(at, fed, fed + 50);
      await firstValueFrom(timer(100));
    }
    await members[0]!.stop();
    await fill(at, fed, fed + 500);
    fed += 500;
    await until('all', () => total() >= fed);
    await Promise.all(members.map((member) => member.stop()));
    expect(members.map((member) => member.error())).toEqual([null, null, null]);
    expect(valuesOf(await bench.read(at.output, 'read_committed'))).toEqual(numbers(0, fed));
    expect(await lagOf(at)).toBe(0);
  }, 120_000);
});

describe('transaction on a real cluster', () => {
  it('hides what an aborted window wrote, and does it again [T3]', async () => {
    const at = await pipe(1);
    await fill(at, 0, 100);
    let failures = 2;
    const running = run(at, reader(at), bench.producer(), {}, (window$) =>
      window$.pipe(
        mergeMap((record: In) => {
          if (record.value !== '30' || failures === 0) return of(record);
          failures -= 1;
          return timer(300).pipe(mergeMap(() => throwError(() => new Error('not yet'))));
        }, 1),
      ),
    );
    await until('all records', () => running.done.length === 100);
    expect(running.done).toEqual(numbers(0, 100));
    expect(valuesOf(await bench.read(at.output, 'read_committed'))).toEqual(numbers(0, 100));
    const all = await bench.read(at.output, 'read_uncommitted');
    expect(all.length).toBeGreaterThan(100);
    expect(await lagOf(at)).toBe(0);
  }, 90_000);

  it('cuts the record out that fails again and again, and writes it to the dead letters in the transaction of its offset', async () => {
    const at = await pipe(2);
    const dead = await bench.topic();
    await fill(at, 0, 200);
    const options: TransactionOptions = {
      maxRecords: 50,
      onAbort: { attempts: 2, then: (tx) => deadLetter(tx.bytes, dead) },
    };
    const running = run(at, reader(at), bench.producer(), options, (window$) =>
      window$.pipe(
        tap(({ value }: In) => {
          if (value === '77' || value === '120') throw new Error('poison');
        }),
      ),
    );
    await until('all others', () => running.done.length === 198 && running.error() === null);
    expect(valuesOf(await bench.read(dead, 'read_committed'))).toEqual(['77', '120']);
    const others = numbers(0, 200).filter((value) => value !== '77' && value !== '120');
    expect(valuesOf(await bench.read(at.output, 'read_committed'))).toEqual(others);
    await running.stop();
    expect(await lagOf(at)).toBe(0);
  }, 120_000);

  it('commits the gap behind the last window by itself: what is filtered, markers, aborted records [D#921]', async () => {
    const at = await pipe(1);
    await fill(at, 0, 10);
    const writer = bench.producer();
    const consumer = reader(at, { commit: { everyMs: 200 } });
    const running = run(at, consumer, bench.producer(), {}, (window$) =>
      window$.pipe(filterRecord(({ value }: In) => value !== '9')),
    );
    await until('the records', () => running.done.length === 9);
    const tx = await firstValueFrom(writer.beginTransaction());
    await firstValueFrom(tx.send({ topic: at.input, value: 'never' }));
    await firstValueFrom(tx.abort());
    await bench.stable(at.input);
    for (let tries = 0; (await lagOf(at)) > 0; tries++) {
      if (tries > 100) throw new Error('the gap was not committed');
      await firstValueFrom(timer(50));
    }
    expect(await bench.committed(at.groupId, at.input)).toBe(12);
    await running.stop();
  }, 90_000);

  it('is ended by its successor, which reads on where the last commit was [L27]', async () => {
    const at = await pipe(1);
    const id = uniqueName('tx');
    await fill(at, 0, 20);
    let windows = 0;
    const first = run(
      at,
      reader(at, { sessionTimeoutMs: 6000, heartbeatIntervalMs: 1000 }),
      bench.producer(id, { transactionTimeoutMs: 3000 }),
      { maxRecords: 10 },
      (window$) => (++windows === 1 ? window$ : concat(window$, NEVER)),
    );
    await until('the first window', () => first.done.length === 10);
    const second = run(at, reader(at), bench.producer(id));
    await until('the rest', () => second.done.length === 10);
    await until('the first is ended', () => first.error() !== null);
    expect((first.error() as Error).message).toMatch(/fenced/i);
    expect(valuesOf(await bench.read(at.output, 'read_committed'))).toEqual(numbers(0, 20));
    await second.stop();
  }, 120_000);
});
