import { firstValueFrom, lastValueFrom, type Subscription, toArray } from 'rxjs';
import { json, Kafka, nullable, type Producer, utf8 } from '../../src/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic, endOffsets, kafkajsConsume } from '../support/peers/kafkajs.js';
import { kcatConsume } from '../support/peers/kcat.js';
import { storedBatches } from '../support/peers/stored-batches.js';

let kafka: Kafka;
let topic: string;

beforeEach(() => {
  kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  topic = uniqueName('producer');
});
afterEach(async () => {
  await kafka.close();
});

const textProducer = (options: object = {}): Producer<string, string> =>
  kafka.producer<string, string>({ keySerializer: utf8, valueSerializer: utf8, ...options });

it('[P4] a lone record does not wait for lingerMs, and what gathers behind one in flight goes with its answer', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const producer = textProducer({ lingerMs: 60_000, deliveryTimeoutMs: 120_000 });
  const started = Date.now();
  for (let i = 0; i < 5; i++) await producer.sendAndWait({ topic, value: 'alone' });
  await Promise.all(Array.from({ length: 200 }, (_, i) => producer.sendAndWait({ topic, value: `${i}` })));
  expect(Date.now() - started).toBeLessThan(20_000);
  expect(producer.metrics['batches']).toBeLessThan(20);
});

it.each([0, 1] as const)(
  '[P12, B76] acks %s with idempotence is refused, and takes idempotence away otherwise',
  (acks) => {
    expect(() => textProducer({ acks, enableIdempotence: true })).toThrow(/enableIdempotence needs acks: 'all'/);
    expect(() => textProducer({ acks })).not.toThrow();
  },
);

it('[P12, B76, PM1] is idempotent by default: the broker has a producer id and its sequence', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const none = textProducer({ acks: 1 });
  const one = textProducer();
  for (const producer of [none, one]) await producer.sendAndWait({ topic, value: 'v' });
  const batches = await storedBatches(sharedBrokers(), topic, 0);
  expect(batches.map(({ producerId, baseSequence }) => [producerId >= 0, baseSequence])).toEqual([
    [false, -1],
    [true, 0],
  ]);
});

it('[P17] a null value is a delete marker; without key, value and headers a record is refused, except as bytes', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const producer = kafka.producer({ keySerializer: utf8, valueSerializer: nullable(utf8) });
  const metadata = await producer.sendAndWait({ topic, key: 'k', value: null });
  expect(metadata).toMatchObject({ offset: 0, serializedKeySize: 1, serializedValueSize: -1 });
  await expect(producer.sendAndWait({ topic, value: null })).rejects.toMatchObject({ code: 'ERR_KAFKA_USAGE' });
  const refusal = await new Promise((resolve) => {
    producer.bytes.write({ topic, value: null }, resolve);
  });
  expect(refusal).toBeNull();
  const read = await kafkajsConsume(sharedBrokers(), topic, 2);
  expect(read.map(({ key, value }) => [key, value])).toEqual([
    ['k', null],
    [null, null],
  ]);
});

it('[P21, B89] writes timestamp and headers as they were given, repeated names and null in their order', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const producer = textProducer();
  const before = Date.now();
  await producer.sendAndWait({ topic, value: 'pairs', timestamp: 1_234_567_890_123, headers: pairs });
  await firstValueFrom(
    producer.send({ topic, value: 'object', headers: { a: '1', raw: Buffer.from('2'), none: null } }),
  );
  await producer.sendAndWait({ topic, value: 'map', headers: new Map([['x', 'y']]) });
  const read = await kcatConsume(sharedBrokers(), topic);
  expect(read.map(({ value, headers }) => [value, headers])).toEqual([
    ['pairs', pairs],
    [
      'object',
      [
        ['a', '1'],
        ['raw', '2'],
        ['none', null],
      ],
    ],
    ['map', [['x', 'y']]],
  ]);
  const own = await lastValueFrom(kafka.consumer({ topics: topic }).readRange().pipe(toArray()));
  expect(own[0]!.timestamp).toBe(1_234_567_890_123);
  expect(Math.abs(own[1]!.timestamp - before)).toBeLessThan(10_000);
});
const pairs: [string, string | null][] = [
  ['b', '1'],
  ['a', '2'],
  ['b', '3'],
  ['c', null],
];

it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
  '[P22] %s compresses whole batches, and reading needs no setting',
  async (compression) => {
    await createTopic(sharedBrokers(), topic, { partitions: 1 });
    const producer = textProducer({ compression });
    const values = Array.from({ length: 500 }, (_, i) => `${i} ${'the same '.repeat(20)}`);
    await producer.sendAndWait({ topic, value: values[0]! });
    await Promise.all(values.slice(1).map((value) => producer.sendAndWait({ topic, value })));
    const size = values.join('').length;
    expect(producer.metrics['bytes']).toBeLessThan(size / 4);
    expect(producer.metrics['batches']).toBeLessThan(20);
    const read = await kafkajsConsume(sharedBrokers(), topic, 500);
    expect(read.map(({ value }) => value)).toEqual(values);
  },
);

it('[PM2, PM6, B66] names the partition of each record; close delivers what is pending, twice is once, then refuses', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 2 });
  const producer = textProducer();
  const given = await Promise.all([0, 1].map((partition) => producer.sendAndWait({ topic, partition, value: 'v' })));
  expect(given).toMatchObject([
    { partition: 0, offset: 0 },
    { partition: 1, offset: 0 },
  ]);
  const keyed = await producer.sendAndWait({ topic, key: 'k', value: 'v' });
  expect((await producer.sendAndWait({ topic, key: 'k', value: 'v' })).partition).toBe(keyed.partition);
  expect([0, 1]).toContain((await producer.sendAndWait({ topic, value: 'v' })).partition);
  const batch = producer.createBatch();
  batch.append({ value: 'late' });
  const pending = Promise.all(Array.from({ length: 100 }, () => producer.sendAndWait({ topic, value: 'pending' })));
  const closing = producer.close();
  expect(producer.close()).toBe(closing);
  await closing;
  expect(await pending).toHaveLength(100);
  for (const late$ of [producer.send({ topic, value: 'v' }), producer.sendBatch(batch, { topic, partition: 0 })]) {
    await expect(firstValueFrom(late$)).rejects.toMatchObject({ code: 'ERR_KAFKA_CLIENT_CLOSED' });
  }
  await producer.close();
  expect((await endOffsets(sharedBrokers(), topic)).reduce((sum, end) => sum + end, 0)).toBe(105);
});

it('[PM3, PM4, B78] flush resolves behind what was pending; partitionsFor knows the partitions', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 2 });
  const producer = textProducer({ lingerMs: 60_000, deliveryTimeoutMs: 120_000 });
  const partitions = await firstValueFrom(producer.partitionsFor(topic));
  expect(partitions.map(({ partition, replicas }) => [partition, replicas.length])).toEqual([
    [0, 3],
    [1, 3],
  ]);
  const answered: number[] = [];
  for (const i of [0, 1]) {
    producer.send({ topic, partition: i, value: 'v' }).subscribe(({ partition }) => answered.push(partition));
  }
  expect(answered).toEqual([]);
  await producer.flush();
  expect([...answered].sort()).toEqual([0, 1]);
  await producer.flush();
});

it('[P5] unsubscribing behind the batch changes nothing, in front of it cancels; the others do not notice', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const producer = textProducer();
  const sent: Subscription[] = [];
  const answers: number[] = [];
  // the topic is not known yet: all of these wait
  for (let i = 0; i < 4; i++) {
    sent.push(producer.send({ topic, value: `waiting ${i}` }).subscribe(({ offset }) => answers.push(offset)));
  }
  sent[1]!.unsubscribe();
  await producer.flush();
  expect(answers).toEqual([0, 1, 2]);
  producer.send({ topic, value: 'in a batch' }).subscribe().unsubscribe();
  await producer.flush();
  const read = await kafkajsConsume(sharedBrokers(), topic, 4);
  expect(read.map(({ value }) => value)).toEqual(['waiting 0', 'waiting 2', 'waiting 3', 'in a batch']);
});

it('[B65] refuses text without a serializer, and flush sends nothing', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const producer = kafka.producer();
  const text = producer as unknown as Producer<string, string>;
  await expect(text.sendAndWait({ topic, value: 'text' })).rejects.toMatchObject({
    code: 'ERR_KAFKA_USAGE',
    message: expect.stringMatching(/give the producer a valueSerializer/) as string,
  });
  expect(() => text.createBatch().append({ value: 'text' })).toThrow(/give the producer a valueSerializer/);
  await producer.flush();
  expect(await endOffsets(sharedBrokers(), topic)).toEqual([0]);
});

it('[B68, P18, P20] one serialized key, one partition; a record above maxRequestSize is refused at once, with both sizes', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 10 });
  const producer = kafka.producer({ keySerializer: json(), valueSerializer: json(), maxRequestSize: 1000 });
  const [first, second] = await Promise.all(
    [1, 2].map((n) => producer.sendAndWait({ topic, key: { id: 'k' }, value: n })),
  );
  expect([second!.partition, second!.offset]).toEqual([first!.partition, first!.offset + 1]);
  const retries = producer.metrics['requests'];
  await expect(producer.sendAndWait({ topic, key: 'k', value: 'x'.repeat(1000) })).rejects.toMatchObject({
    code: 'ERR_KAFKA_RECORD_TOO_LARGE',
    mayHaveBeenWritten: false,
    message: expect.stringMatching(/value of 1002 bytes takes 10\d\d bytes, maxRequestSize is 1000/) as string,
  });
  expect(producer.metrics['requests']).toBe(retries);
});

it('[P18] a partitioner gets the serialized key and all partitions, and its choice counts unless the record names one', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 4 });
  const asked: unknown[] = [];
  const producer = textProducer({
    partitioner: (args: {
      keyBytes: Uint8Array | null;
      partitions: readonly number[];
      available: readonly number[];
    }) => {
      asked.push([
        args.keyBytes === null ? null : Buffer.from(args.keyBytes).toString(),
        args.partitions,
        args.available,
      ]);
      return args.keyBytes === null ? 0 : args.partitions.length - 1;
    },
  });
  const written = [];
  for (const record of [{ key: 'k' }, {}, { key: 'k', partition: 1 }]) {
    written.push(await producer.sendAndWait({ topic, value: 'v', ...record }));
  }
  expect(written.map(({ partition }) => partition)).toEqual([3, 0, 1]);
  expect(asked).toEqual([
    ['k', [0, 1, 2, 3], [0, 1, 2, 3]],
    [null, [0, 1, 2, 3], [0, 1, 2, 3]],
  ]);
});
