import { filter, firstValueFrom, lastValueFrom, map, take, timeout, timer, toArray } from 'rxjs';
import { Kafka, utf8 } from '../../src/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';

const open: Kafka[] = [];
const newKafka = (): Kafka => {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  open.push(kafka);
  return kafka;
};

afterEach(async () => {
  await Promise.all(open.splice(0).map((kafka) => kafka.close({ timeoutMs: 2000 })));
});

describe('closest replica on a real cluster', () => {
  it('reads from the follower in its rack, everything and in order [N10] [B174]', async () => {
    const topic = uniqueName('closest');
    await createTopic(sharedBrokers(), topic, { partitions: 1, replicationFactor: 3 });
    const kafka = newKafka();
    const producer = kafka.producer({ valueSerializer: utf8 });
    const send = (from: number, to: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: to - from }, (_, n) =>
          producer.sendAndWait({ topic, partition: 0, value: `v${from + n}` }),
        ),
      );
    await send(0, 100);
    const [info] = await firstValueFrom(kafka.consumer({ topics: topic }).partitionsFor(topic));
    const follower = [1, 2, 3].find((id) => id !== info!.leader)!;
    const consumer = kafka.consumer({
      topics: topic,
      valueDeserializer: utf8,
      autoOffsetReset: 'earliest',
      // broker n stands in rack n
      clientRack: `rack${follower}`,
    });
    const read = lastValueFrom(consumer.records$.pipe(take(200), toArray(), timeout(30_000)));
    const served = firstValueFrom(
      timer(0, 20).pipe(
        map(() => consumer.why({ topic, partition: 0 }).broker),
        filter((broker) => broker === follower),
        timeout(20_000),
      ),
    );
    expect(await served).toBe(follower);
    await send(100, 200);
    expect((await read).map(({ value }) => value)).toEqual(Array.from({ length: 200 }, (_, n) => `v${n}`));
  }, 60_000);

  it('stays with the leader where it stands in that rack itself, and without a rack', async () => {
    const topic = uniqueName('closest');
    await createTopic(sharedBrokers(), topic, { partitions: 1, replicationFactor: 3 });
    const kafka = newKafka();
    const producer = kafka.producer({ valueSerializer: utf8 });
    await producer.sendAndWait({ topic, partition: 0, value: 'v' });
    const [info] = await firstValueFrom(kafka.consumer({ topics: topic }).partitionsFor(topic));
    for (const clientRack of [`rack${info!.leader}`, undefined]) {
      const consumer = kafka.consumer({ topics: topic, autoOffsetReset: 'earliest', clientRack });
      const brokers: unknown[] = [];
      const subscription = consumer.records$.subscribe();
      for (let i = 0; i < 10; i++) {
        await firstValueFrom(timer(100));
        brokers.push(consumer.why({ topic, partition: 0 }).broker);
      }
      subscription.unsubscribe();
      expect(new Set(brokers.filter((broker) => broker !== null))).toEqual(new Set([info!.leader]));
    }
  }, 60_000);
});
