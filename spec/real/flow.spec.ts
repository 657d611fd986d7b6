import { filter, firstValueFrom, timeout } from 'rxjs';
import { acknowledge } from '../../operators/index.js';
import { type Consumer, Kafka, type Producer, utf8 } from '../../src/index.js';
import { waitUntil } from '../support/kafka/probe.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';

const open: Kafka[] = [];
const newKafka = (): Kafka => {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  open.push(kafka);
  return kafka;
};

afterEach(async () => {
  await Promise.all(open.splice(0).map((kafka) => kafka.close({ timeoutMs: 1000 })));
});

const holds = (consumer: Consumer<string, string>, count: number): Promise<unknown> =>
  firstValueFrom(
    consumer.assignment$.pipe(
      filter(({ length }) => length === count),
      timeout(20_000),
    ),
  );

it('a pause survives a rebalance and causes none [C18] [CM25] [CM26] [CM27] [L9] [L10] [L11]', async () => {
  const topic = uniqueName('flow');
  const groupId = uniqueName('flow');
  await createTopic(sharedBrokers(), topic, { partitions: 2 });
  const producer: Producer<string, string> = newKafka().producer({ keySerializer: utf8, valueSerializer: utf8 });
  const fill = (partition: number, count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, () => producer.sendAndWait({ topic, key: 'k', value: 'v', partition })));
  await Promise.all([fill(0, 20), fill(1, 20)]);
  const reader = (): Consumer<string, string> =>
    newKafka().consumer({
      groupId,
      topics: topic,
      keyDeserializer: utf8,
      valueDeserializer: utf8,
      autoOffsetReset: 'earliest',
      sessionTimeoutMs: 6000,
      heartbeatIntervalMs: 500,
    });
  const consumer = reader();
  const paused = { topic, partition: 1 };
  const read = [0, 0];
  const generations = new Set<number>();
  consumer.pause([paused]);
  consumer.records$.pipe(acknowledge()).subscribe(({ partition }) => {
    read[partition]!++;
    generations.add(consumer.groupMetadata().generation);
  });
  await waitUntil('partition 0 is read', 20_000, () => read[0] === 20);
  expect(consumer.why(paused)).toMatchObject({ paused: ['user'], openLeases: 0, oldestOffset: null });
  expect(consumer.paused).toEqual([paused]);
  // somebody joins and leaves again: partitions go and come, the pause stays
  const other = reader();
  const subscription = other.records$.pipe(filter(() => false)).subscribe();
  await holds(other, 1);
  subscription.unsubscribe();
  await other.close();
  await holds(consumer, 2);
  await fill(0, 1);
  await waitUntil('partition 0 goes on', 20_000, () => read[0]! > 20);
  expect(read[1]).toBe(0);
  expect(consumer.why(paused)).toMatchObject({ paused: ['user'], openLeases: 0 });
  expect(generations.size).toBeGreaterThan(1);
  const before = consumer.groupMetadata().generation;
  consumer.resume([paused]);
  await waitUntil('partition 1 is read', 20_000, () => read[1] === 20);
  expect(consumer.groupMetadata().generation).toBe(before);
  expect(consumer.paused).toEqual([]);
}, 60_000);
