import { filter, firstValueFrom, lastValueFrom, timeout, timer, toArray } from 'rxjs';
import { type Consumer, Kafka, utf8 } from '../../src/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';
import { transactionWriter, type TransactionWriter } from '../support/peers/kafkajs-transactions.js';
import { stable } from './support/stable.js';

const kafkas: Kafka[] = [];
const writers: TransactionWriter[] = [];

afterEach(async () => {
  await Promise.all(writers.splice(0).map((writer) => writer.close()));
  await Promise.all(kafkas.splice(0).map((kafka) => kafka.close({ timeoutMs: 2000 })));
});

async function bench(): Promise<{
  topic: string;
  kafka: Kafka;
  writer: TransactionWriter;
  reader: (isolationLevel: 'read_committed' | 'read_uncommitted') => Consumer<Uint8Array | null, string>;
}> {
  const topic = uniqueName('transactions');
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const writer = await transactionWriter(sharedBrokers(), topic);
  writers.push(writer);
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  kafkas.push(kafka);
  return {
    topic,
    kafka,
    writer,
    reader: (isolationLevel) =>
      kafka.consumer({ topics: topic, valueDeserializer: utf8, autoOffsetReset: 'earliest', isolationLevel }),
  };
}
const all = (consumer: Consumer<Uint8Array | null, string>): Promise<readonly { value: string; offset: number }[]> =>
  lastValueFrom(consumer.readRange().pipe(toArray(), timeout(30_000)));

describe('read_committed on a real cluster', () => {
  it('reads exactly the committed ones of ten transactions, in offset order [B109] [C19] [C20]', async () => {
    const { topic, writer, reader, kafka } = await bench();
    for (let n = 0; n < 10; n++) await writer.write([`${n}a`, `${n}b`], n % 3 === 0 ? 'commit' : 'abort');
    // or the record outside may stand in front of the last marker
    await stable(kafka, topic);
    await writer.plain(['outside']);
    const committed = await all(reader('read_committed'));
    expect(committed.map(({ value }) => value)).toEqual([
      ...[0, 3, 6, 9].flatMap((n) => [`${n}a`, `${n}b`]),
      'outside',
    ]);
    // two records and a marker each: gaps, and no marker in either mode
    expect(committed.map(({ offset }) => offset)).toEqual([0, 1, 9, 10, 18, 19, 27, 28, 30]);
    const everything = await all(reader('read_uncommitted'));
    expect(everything.map(({ offset }) => offset)).toEqual(
      Array.from({ length: 31 }, (_, n) => n).filter((n) => n % 3 !== 2 || n === 30),
    );
  }, 90_000);

  it('reads on as the transaction in front ends: the last stable offset is the end [C19] [C20] [C21] [CM13] [CM14] [CM15]', async () => {
    const { topic, writer, reader } = await bench();
    const tp = { topic, partition: 0 };
    await writer.write(['a', 'b'], 'commit');
    const end = await writer.open(['c']);
    await writer.plain(['d']);
    const consumer = reader('read_committed');
    const seen: string[] = [];
    const facts: number[] = [];
    const started = Date.now();
    const caughtUp = firstValueFrom(
      consumer.events$.pipe(
        filter(({ type }) => type === 'caughtUp'),
        timeout(20_000),
      ),
    );
    consumer.partitions$.subscribe((partition) => {
      partition.subscribe((record) => {
        seen.push(record.value);
        facts.push(partition.lastStableOffset, partition.highWatermark, partition.lastFetchedAt ?? 0);
      });
    });
    await caughtUp;
    await firstValueFrom(timer(700));
    expect(seen).toEqual(['a', 'b']);
    // high watermark of everything, d included
    expect(facts.slice(0, 2)).toEqual([3, 5]);
    expect((await firstValueFrom(reader('read_uncommitted').endOffsets([tp])))[0]?.offset).toBe(5);
    expect([facts[2]! >= started, facts[2]! <= Date.now()]).toEqual([true, true]);
    expect(await firstValueFrom(consumer.seek(tp, 'end'))).toBe(3);
    await end('commit');
    while (seen.length < 4) await firstValueFrom(timer(50));
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
    expect((await firstValueFrom(consumer.endOffsets([tp])))[0]?.offset).toBe(6);
  }, 90_000);

  it('completes a range that ends with an abort marker [C20] [W7]', async () => {
    const { writer, reader } = await bench();
    await writer.write(['a'], 'commit');
    await writer.write(['b', 'c'], 'abort');
    expect((await all(reader('read_committed'))).map(({ value }) => value)).toEqual(['a']);
  }, 90_000);
});
