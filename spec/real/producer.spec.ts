import { firstValueFrom, from, lastValueFrom, mergeMap, toArray } from 'rxjs';
import { Kafka, utf8, type Producer } from '../../src/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { startCluster } from '../support/kafka/cluster.js';
import { createTopic, endOffsets, kafkajsConsume, withAdmin } from '../support/peers/kafkajs.js';
import { kcatConsume } from '../support/peers/kcat.js';
import { javaConsume, javaProduce } from '../support/peers/java-tools.js';

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

it('[B79, P1, P18, PM1, PM5, PM6] answers with partition, offset, timestamp and sizes of what it wrote', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 2 });
  const producer = textProducer();
  const before = Date.now();
  const first = await producer.sendAndWait({ topic, partition: 1, key: 'k', value: 'value' });
  expect(first).toMatchObject({
    topic,
    partition: 1,
    offset: 0,
    timestampType: 'createTime',
    serializedKeySize: 1,
    serializedValueSize: 5,
  });
  expect(Math.abs(first.timestamp - before)).toBeLessThan(10_000);
  const second = await firstValueFrom(producer.send({ topic, partition: 1, value: 'x', timestamp: 123_123_123 }));
  expect(second).toMatchObject({ offset: 1, timestamp: 123_123_123, serializedKeySize: -1 });
});

it('[B79] gives the time of the broker where the topic stamps on append', async () => {
  await createTopic(sharedBrokers(), topic, { config: { 'message.timestamp.type': 'LogAppendTime' } });
  const metadata = await textProducer().sendAndWait({ topic, value: 'x', timestamp: 42 });
  expect(metadata.timestampType).toBe('logAppendTime');
  expect(metadata.timestamp).toBeGreaterThan(1_700_000_000_000);
});

it.each([0, 1, 'all'] as const)('[B67, P11] writes with acks %s', async (acks) => {
  await createTopic(sharedBrokers(), topic, { partitions: 2 });
  const producer = textProducer({ acks });
  const written = await Promise.all(
    [0, 1].map((partition) => producer.sendAndWait({ topic, partition, value: `to ${partition}` })),
  );
  expect(written.map(({ offset }) => offset)).toEqual(acks === 0 ? [-1, -1] : [0, 0]);
  const read = await kafkajsConsume(sharedBrokers(), topic, 2);
  expect(read.map(({ partition, value }) => [partition, value]).sort()).toEqual([
    [0, 'to 0'],
    [1, 'to 1'],
  ]);
});

it('[P18, P20, S8] sends keys to the partitions that the Java producer chooses', async () => {
  const keys = Array.from({ length: 200 }, (_, i) => `key-${i}-${'ü'.repeat(i % 3)}`);
  await createTopic(sharedBrokers(), topic, { partitions: 7 });
  const producer = textProducer();
  const ours = await Promise.all(keys.map((key) => producer.sendAndWait({ topic, key, value: 'ours' })));
  await javaProduce(
    sharedBrokers(),
    topic,
    keys.map((key) => ({ key, value: 'java', headers: [] })),
    'none',
  );
  const read = await javaConsume(sharedBrokers(), topic, 400);
  for (const { key, partition } of read) expect(partition).toBe(ours[keys.indexOf(key!)]!.partition);
});

it('[P2, P3, S5] keeps the order per partition of a hundred thousand records, each written once', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 4 });
  const producer = textProducer();
  const count = 100_000;
  const metadata = await lastValueFrom(
    from(Array.from({ length: count }, (_, i) => i)).pipe(
      mergeMap((i) => producer.send({ topic, partition: i % 4, value: String(i) }), 20_000),
      toArray(),
    ),
  );
  expect(metadata).toHaveLength(count);
  expect(await endOffsets(sharedBrokers(), topic)).toEqual([25_000, 25_000, 25_000, 25_000]);
  const read = await kafkajsConsume(sharedBrokers(), topic, count);
  const last = [-1, -1, -1, -1];
  for (const { partition, value } of read) {
    expect(Number(value)).toBe(last[partition]! < 0 ? partition : last[partition]! + 4);
    last[partition] = Number(value);
  }
});

it('splits batches that are larger than the topic allows', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 1, config: { 'max.message.bytes': '20000' } });
  const producer = textProducer();
  const values = Array.from({ length: 500 }, (_, i) => `${i}:${'x'.repeat(500)}`);
  const written = await Promise.all(values.map((value) => producer.sendAndWait({ topic, value })));
  expect(written.map(({ offset }) => offset)).toEqual(values.map((_, i) => i));
  await expect(producer.sendAndWait({ topic, value: 'x'.repeat(30_000) })).rejects.toMatchObject({
    code: 'ERR_KAFKA_RECORD_TOO_LARGE',
    mayHaveBeenWritten: false,
  });
});

it('fails for a topic that does not come up within maxBlockMs', async () => {
  const producer = textProducer({ maxBlockMs: 1500 });
  await expect(producer.sendAndWait({ topic: 'no such topic!', value: 'x' })).rejects.toMatchObject({
    code: 'ERR_KAFKA_DELIVERY',
    mayHaveBeenWritten: false,
  });
});

/** Every replica has to be in sync, and one is gone: tried again until the time is over. */
async function expectTooFewReplicas(brokers: string, strict: string): Promise<void> {
  const inSync = (): Promise<number | undefined> =>
    withAdmin(brokers, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [strict] });
      return topics[0]?.partitions[0]?.isr.length;
    });
  const deadline = Date.now() + 30_000;
  while ((await inSync().catch(() => undefined)) !== 2) {
    if (Date.now() > deadline) throw new Error('The killed broker stays in sync');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await using own = new Kafka({ bootstrapServers: brokers, requestTimeoutMs: 2000 });
  const producer = own.producer({ valueSerializer: utf8, deliveryTimeoutMs: 2500 });
  await expect(producer.sendAndWait({ topic: strict, value: 'all' })).rejects.toMatchObject({
    code: 'ERR_KAFKA_DELIVERY',
    retriable: true,
    mayHaveBeenWritten: false,
    cause: { code: 'ERR_KAFKA_BROKER', errorCode: 19, errorName: 'NOT_ENOUGH_REPLICAS', retriable: true },
  });
  expect(producer.metrics['retries']).toBeGreaterThan(2);
  // the leader alone is enough for acks 1
  const leaderOnly = own.producer({ valueSerializer: utf8, acks: 1 });
  expect((await leaderOnly.sendAndWait({ topic: strict, value: 'one' })).offset).toBe(0);
}

it('[G6, P10] goes on within seconds when a leader is killed, with nothing lost and nothing twice', async () => {
  await using own = await startCluster();
  await createTopic(own.bootstrapServers, topic, { partitions: 6, config: { 'min.insync.replicas': '2' } });
  const strict = uniqueName('strict');
  await createTopic(own.bootstrapServers, strict, { partitions: 1, config: { 'min.insync.replicas': '3' } });
  const ownKafka = new Kafka({ bootstrapServers: own.bootstrapServers });
  const producer = ownKafka.producer<string, string>({ keySerializer: utf8, valueSerializer: utf8 });
  const answered: number[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const send = (): void => {
    const i = next++;
    producer.send({ topic, partition: i % 6, value: String(i) }).subscribe({
      next: () => answered.push(i),
      error: (error: unknown) => failures.push(error),
    });
  };
  const pace = setInterval(() => {
    for (let i = 0; i < 60; i++) send();
  }, 5);
  const reached = async (count: number): Promise<void> => {
    const deadline = Date.now() + 40_000;
    while (answered.length < count && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(answered.length).toBeGreaterThanOrEqual(count);
  };
  try {
    await reached(3000);
    await own.broker(2).kill();
    await reached(answered.length + 12_000);
    await expectTooFewReplicas(own.bootstrapServers, strict);
    await own.broker(2).restart();
    await reached(answered.length + 6000);
  } finally {
    clearInterval(pace);
  }
  await producer.flush();
  expect(failures).toEqual([]);
  expect(answered.length).toBe(next);
  const read = await kcatConsume(own.bootstrapServers, topic);
  expect(read).toHaveLength(next);
  await ownKafka.close();
  const last = [-1, -1, -1, -1, -1, -1];
  for (const { partition, value } of read) {
    expect(Number(value)).toBe(last[partition]! < 0 ? partition : last[partition]! + 6);
    last[partition] = Number(value);
  }
});
