import { filter, firstValueFrom, interval, map, take, tap, timer, timeout } from 'rxjs';
import { acknowledge, commitOffsets, forEachPartition, processEach } from '../../operators/index.js';
import { type Consumer, type ConsumerEvent, Kafka, utf8 } from '../../src/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { committedOffsets, createTopic } from '../support/peers/kafkajs.js';
import { waitUntil } from '../support/kafka/probe.js';

jest.setTimeout(90_000);

const open: Kafka[] = [];
const newKafka = (): Kafka => {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  open.push(kafka);
  return kafka;
};
const texts = { keyDeserializer: utf8, valueDeserializer: utf8, autoOffsetReset: 'earliest' } as const;

afterEach(async () => {
  await Promise.all(open.splice(0).map((kafka) => kafka.close({ timeoutMs: 2000 })));
});

const partitions = 6;

interface Delivery {
  readonly at: number;
  readonly by: string;
  readonly partition: number;
  readonly value: string;
}

/** Consumers of one group, each on connections of its own, with what they delivered and when they gave partitions up. */
class Group {
  readonly topic: string = uniqueName('next');
  readonly groupId: string = uniqueName('next');
  readonly deliveries: Delivery[] = [];
  /** Partitions by the one who gave them up, after its last commit was answered. */
  readonly handedOff: { readonly at: number; readonly by: string; readonly partition: number }[] = [];
  readonly events: ConsumerEvent[] = [];
  sent = 0;
  #stop: () => void = () => undefined;

  /** A record every few milliseconds, on all partitions in turn. */
  produce(kafka: Kafka): void {
    const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });
    const subscription = interval(4).subscribe(() => {
      const n = this.sent++;
      void producer.sendAndWait({ topic: this.topic, key: `k${n}`, value: `v${n}`, partition: n % partitions });
    });
    this.#stop = () => {
      subscription.unsubscribe();
    };
  }

  join(name: string, more: object = {}): Consumer<string, string> {
    const consumer = newKafka().consumer({
      groupId: this.groupId,
      topics: this.topic,
      groupProtocol: 'consumer',
      ...texts,
      ...more,
    });
    consumer.events$.subscribe((event) => {
      this.events.push(event);
      if (event.type !== 'handedOff') return;
      for (const { partition } of event.partitions) this.handedOff.push({ at: performance.now(), by: name, partition });
    });
    consumer.partitions$
      .pipe(
        forEachPartition((records$) =>
          records$.pipe(
            tap(({ partition, value }) => {
              this.deliveries.push({ at: performance.now(), by: name, partition, value });
            }),
            processEach(() => timer(15), { concurrency: 8 }),
          ),
        ),
        commitOffsets({ everyMs: 200 }),
      )
      .subscribe();
    return consumer;
  }

  /** Stops producing and waits until each record was delivered. */
  async finish(): Promise<void> {
    this.#stop();
    await waitUntil(
      'everything was delivered',
      30_000,
      () => new Set(this.deliveries.map((d) => d.value)).size === this.sent,
    );
  }

  /** Moments at which a partition was delivered by another one than before, with when the one before had given it up. */
  takeOvers(): { readonly partition: number; readonly first: number; readonly gaveUp: number }[] {
    const moves: { partition: number; first: number; gaveUp: number }[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const mine = this.deliveries.filter((delivery) => delivery.partition === partition);
      mine.forEach((delivery, at) => {
        const before = mine[at - 1];
        if (before === undefined || before.by === delivery.by) return;
        const ends = this.handedOff.filter((end) => end.partition === partition && end.by === before.by);
        const gaveUp = ends.find((end) => end.at > before.at)?.at ?? Number.POSITIVE_INFINITY;
        moves.push({ partition, first: delivery.at, gaveUp });
      });
    }
    return moves;
  }
}

const stable = (consumer: Consumer<string, string>, count: number): Promise<unknown> =>
  firstValueFrom(
    consumer.assignment$.pipe(
      filter((held) => held.length === count),
      timeout(20_000),
    ),
  );

describe('consumers of a KIP-848 group', () => {
  it('hand partitions over under load without a gap and without a repetition [C13] [RL3] [N22]', async () => {
    const group = new Group();
    await createTopic(sharedBrokers(), group.topic, { partitions });
    group.produce(newKafka());
    const first = group.join('first');
    await stable(first, 6);
    const second = group.join('second');
    await Promise.all([stable(first, 3), stable(second, 3)]);
    const third = group.join('third');
    await Promise.all([first, second, third].map((one) => stable(one, 2)));
    await first.close();
    await Promise.all([second, third].map((one) => stable(one, 3)));
    await group.finish();
    await second.close();
    await third.close();
    const values = group.deliveries.map(({ value }) => value);
    expect(values).toHaveLength(group.sent);
    expect(new Set(values).size).toBe(group.sent);
    const moves = group.takeOvers();
    expect(moves.length).toBeGreaterThanOrEqual(5);
    for (const { first: began, gaveUp } of moves) expect(began).toBeGreaterThan(gaveUp);
    expect(group.events.filter(({ type }) => type === 'lost' || type === 'commitFailed')).toEqual([]);
    const committed = await committedOffsets(sharedBrokers(), group.groupId, group.topic);
    expect(committed.reduce((sum, offset) => sum + offset, 0)).toBe(group.sent);
  });

  it('go on where they stopped, with the member id they had [C6] [X4]', async () => {
    const group = new Group();
    await createTopic(sharedBrokers(), group.topic, { partitions });
    const kafka = newKafka();
    const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });
    for (let n = 0; n < 20; n++)
      await producer.sendAndWait({ topic: group.topic, key: '', value: `${n}`, partition: 0 });
    const consumer = kafka.consumer({
      groupId: group.groupId,
      topics: group.topic,
      groupProtocol: 'consumer',
      ...texts,
    });
    const ids: string[] = [];
    const read = (count: number): Promise<string> =>
      firstValueFrom(
        consumer.records$.pipe(
          tap(() => ids.push(consumer.groupMetadata().memberId)),
          take(count),
          acknowledge(),
          map(({ value }) => value),
          filter((_value, at) => at === count - 1),
          timeout(20_000),
        ),
      );
    expect(await read(5)).toBe('4');
    await firstValueFrom(
      consumer.state$.pipe(
        filter((state) => state === 'idle'),
        timeout(10_000),
      ),
    );
    expect(await committedOffsets(sharedBrokers(), group.groupId, group.topic)).toEqual([5, 0, 0, 0, 0, 0]);
    expect(await read(3)).toBe('7');
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^[\w-]{22}$/);
    await consumer.close();
  });

  it('by a pattern of the broker read what it matches', async () => {
    const group = new Group();
    await createTopic(sharedBrokers(), `${group.topic}.a`, { partitions: 1 });
    const kafka = newKafka();
    await kafka
      .producer({ keySerializer: utf8, valueSerializer: utf8 })
      .sendAndWait({ topic: `${group.topic}.a`, key: 'k', value: 'hello' });
    const serverPattern = `${group.topic}\\..*`;
    const consumer = kafka.consumer({ groupId: group.groupId, serverPattern, groupProtocol: 'consumer', ...texts });
    const record = await firstValueFrom(consumer.records$.pipe(acknowledge(), timeout(30_000)));
    expect([record.topic, record.value]).toEqual([`${group.topic}.a`, 'hello']);
    await consumer.close();
  });
});
