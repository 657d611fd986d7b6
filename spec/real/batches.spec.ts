import { firstValueFrom, type Subscription, toArray } from 'rxjs';
import { type BatchBuilder, json, Kafka, type KafkaError, type Producer, utf8 } from '../../src/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic, kafkajsConsume } from '../support/peers/kafkajs.js';

let kafka: Kafka;
let topic: string;

beforeEach(() => {
  kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  topic = uniqueName('batches');
});
afterEach(async () => {
  await kafka.close();
});

const textProducer = (options: object = {}): Producer<string, string> =>
  kafka.producer<string, string>({ keySerializer: utf8, valueSerializer: utf8, ...options });

function packed(producer: Producer<string, string>, values: readonly string[]): BatchBuilder<string, string> {
  const batch = producer.createBatch();
  for (const value of values) batch.append({ value });
  return batch;
}

it('[B80, PM8, BB3, BB6] packs until a batch is full, and answers with the offset of its first record', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const producer = kafka.producer({ keySerializer: utf8, valueSerializer: json<number[]>(), batchSize: 1024 });
  await producer.sendAndWait({ topic, value: [0] });
  const batch = producer.createBatch();
  let count = 0;
  while (batch.append({ key: `k${count}`, value: [count], timestamp: 1_600_000_000_000, headers: { n: `${count}` } })) {
    expect(batch.recordCount).toBe(++count);
  }
  batch.close();
  expect(batch.size).toBeLessThanOrEqual(1024);
  const sent = await firstValueFrom(producer.sendBatch(batch, { topic, partition: 0 }).pipe(toArray()));
  expect(sent).toMatchObject([{ topic, partition: 0, offset: 1, timestamp: 1_600_000_000_000 }]);

  const large = producer.createBatch();
  expect(large.append({ value: Array.from({ length: 2000 }, () => 1) })).not.toBeNull();
  expect(large.append({ value: [1] })).toBeNull();
  const next = await firstValueFrom(producer.sendBatch(large, { topic, partition: 0 }));
  expect(next.offset).toBe(1 + count);

  const read = await kafkajsConsume(sharedBrokers(), topic, count + 2);
  expect(read.slice(1, -1).map(({ key, value }) => [key, value])).toEqual(
    Array.from({ length: count }, (_, n) => [`k${n}`, `[${n}]`]),
  );
  expect(read[1]!.headers).toEqual([['n', '0']]);
});

it.each(['none', 'gzip', 'zstd'] as const)(
  '[BB5, X10] sends any number of batches in the order of their hand-over, compression %s',
  async (compression) => {
    await createTopic(sharedBrokers(), topic, { partitions: 3 });
    const producer = textProducer({ batchSize: 16384, compression });
    const counts: number[] = [];
    const offsets: number[] = [];
    const send = (batch: BatchBuilder<string, string>): void => {
      counts.push(batch.recordCount);
      producer.sendBatch(batch, { topic, partition: 2 }).subscribe(({ offset }) => offsets.push(offset));
    };
    // one time for all: how many records fit depends on how many bytes the differences between their times take
    const timestamp = Date.now();
    let batch = producer.createBatch();
    for (let i = 0; i < 1000; i++) {
      const record = { value: `Test message ${i}`, timestamp };
      if (batch.append(record) !== null) continue;
      send(batch);
      batch = producer.createBatch();
      batch.append(record);
    }
    send(batch);
    for (let i = 0; i < 20; i++) send(packed(producer, [`${i}`, `${i}`]));
    await producer.flush();
    expect(counts.slice(0, 2)).toEqual([687, 313]);
    expect(offsets).toEqual([0, 687, ...Array.from({ length: 20 }, (_, i) => 1000 + 2 * i)]);
    const read = await kafkajsConsume(sharedBrokers(), topic, 1040);
    expect(read.map(({ value }) => value)).toEqual([
      ...Array.from({ length: 1000 }, (_, i) => `Test message ${i}`),
      ...Array.from({ length: 20 }, (_, i) => [`${i}`, `${i}`]).flat(),
    ]);
  },
);

it('[BB3] a batch that was handed over open goes out with what is sent behind it', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const producer = textProducer();
  const batch = firstValueFrom(producer.sendBatch(packed(producer, ['a', 'b']), { topic, partition: 0 }));
  const record = producer.sendAndWait({ topic, value: 'c' });
  expect([(await batch).offset, (await record).offset]).toEqual([0, 2]);
});

it('[BB7, P5, P6] what waits for room or a topic too long is never sent; unsubscribing later changes nothing', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const producer = textProducer({ bufferMemory: 1_048_576, maxBlockMs: 1000 });
  const missing = uniqueName('missing topic!');
  const seen: string[] = [];
  const note = (what: string) => (error: unknown) =>
    seen.push(
      `${what} ${(error as KafkaError).code} ${String((error as { mayHaveBeenWritten?: boolean }).mayHaveBeenWritten)}`,
    );
  const late: Promise<unknown>[] = [
    firstValueFrom(producer.sendBatch(packed(producer, ['a']), { topic: missing, partition: 0 })).catch(note('batch')),
    firstValueFrom(producer.send({ topic: missing, value: 'a' })).catch(note('record')),
  ];
  const cancelled: Subscription[] = [
    producer.sendBatch(packed(producer, ['b']), { topic: missing, partition: 0 }).subscribe(),
    producer.send({ topic: missing, value: 'b' }).subscribe(),
  ];
  for (const each of cancelled) each.unsubscribe();
  await Promise.all(late);
  expect(seen.sort()).toEqual(['batch ERR_KAFKA_DELIVERY false', 'record ERR_KAFKA_DELIVERY false']);

  await firstValueFrom(producer.send({ topic, value: 'first' }));
  producer
    .sendBatch(packed(producer, ['c', 'd']), { topic, partition: 0 })
    .subscribe()
    .unsubscribe();
  producer.send({ topic, value: 'e' }).subscribe().unsubscribe();
  await producer.flush();
  const read = await kafkajsConsume(sharedBrokers(), topic, 4);
  expect(read.map(({ value }) => value)).toEqual(['first', 'c', 'd', 'e']);
});
