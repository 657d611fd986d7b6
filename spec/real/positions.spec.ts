import { filter, firstValueFrom, lastValueFrom, map, type Observable, of, take, timeout, timer, toArray } from 'rxjs';
import {
  type Consumer,
  InvalidOptionError,
  Kafka,
  type KafkaError,
  OffsetResetError,
  UsageError,
  utf8,
} from '../../src/index.js';
import { acknowledge } from '../../operators/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic, withAdmin } from '../support/peers/kafkajs.js';

const open: Kafka[] = [];
const newKafka = (): Kafka => {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers(), requestTimeoutMs: 5000 });
  open.push(kafka);
  return kafka;
};
const texts = { keyDeserializer: utf8, valueDeserializer: utf8, autoOffsetReset: 'earliest' } as const;
type Texts = Consumer<string, string>;

afterEach(async () => {
  await Promise.all(open.splice(0).map((kafka) => kafka.close({ timeoutMs: 2000 })));
});

async function topicOf(
  count: number,
  partitions = 1,
  timestamps?: readonly number[],
): Promise<{ kafka: Kafka; topic: string; tps: { topic: string; partition: number }[] }> {
  const topic = uniqueName('positions');
  // records of a spec may be older than any retention
  await createTopic(sharedBrokers(), topic, { partitions, config: { 'retention.ms': '-1' } });
  const kafka = newKafka();
  const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });
  await Promise.all(
    Array.from({ length: count * partitions }, (_, n) =>
      producer.sendAndWait({
        topic,
        key: `k${n}`,
        value: `v${n}`,
        partition: n % partitions,
        timestamp: timestamps?.[n],
      }),
    ),
  );
  await producer.close();
  return { kafka, topic, tps: Array.from({ length: partitions }, (_, partition) => ({ topic, partition })) };
}
const one = <T>(source$: Observable<T>): Promise<T> => firstValueFrom(source$.pipe(timeout(20_000)));
const until = async (what: () => boolean): Promise<void> => {
  for (let i = 0; i < 400 && !what(); i++) await firstValueFrom(timer(50));
  expect(what()).toBe(true);
};
const assigned = (consumer: Texts): Promise<unknown> =>
  one(consumer.events$.pipe(filter(({ type }) => type === 'assigned')));
const offsets = (list: readonly ({ offset: number } | null)[]): (number | undefined)[] =>
  list.map((entry) => entry?.offset);

describe('positions on a real cluster', () => {
  it('reads 200 records of two partitions, says where it stands, and reads the end again [B112] [C5] [CM12] [CM13] [CM15] [CM8]', async () => {
    const { kafka, topic, tps } = await topicOf(100, 2);
    const started = Date.now();
    const consumer = kafka.consumer({ topics: topic, ...texts });
    const seen = new Set<string>();
    const places: number[] = [];
    const marks: [number, number | null][] = [];
    consumer.partitions$.subscribe((partition) => {
      partition.subscribe((record) => {
        seen.add(`${record.partition}:${record.offset}`);
        if (partition.partition === 0) places.push(partition.position - record.offset);
        marks.push([partition.highWatermark, partition.lastFetchedAt]);
      });
    });
    await until(() => seen.size === 200);
    expect(new Set(places)).toEqual(new Set([1]));
    expect(marks.every(([mark, at]) => mark === 100 && at! >= started && at! <= Date.now())).toBe(true);
    expect(await Promise.all(tps.map((tp) => one(consumer.position(tp))))).toEqual([100, 100]);
    seen.clear();
    expect(await one(consumer.seek(tps[0]!, 90))).toBe(90);
    await until(() => seen.size >= 10);
    expect([...seen]).toEqual(Array.from({ length: 10 }, (_, n) => `0:${90 + n}`));
    await Promise.all([consumer.close(), consumer.close()]);
    expect((await one(kafka.consumer({ topics: topic, ...texts }).records$)).offset).toBe(0);
  }, 60_000);

  it('seeks to the beginning and to the end, one partition or all [B119] [CM17] [CM18]', async () => {
    const { kafka, topic, tps } = await topicOf(20, 2);
    const consumer = kafka.consumer({ topics: topic, ...texts });
    const seen: string[] = [];
    consumer.records$.subscribe(({ partition, offset }) => seen.push(`${partition}:${offset}`));
    await until(() => seen.length === 40);
    seen.length = 0;
    expect(await one(consumer.seek(tps[1]!, 'beginning'))).toBe(0);
    await until(() => seen.length === 20);
    expect(seen.every((place) => place.startsWith('1:'))).toBe(true);
    expect(await Promise.all(tps.map((tp) => one(consumer.seek(tp, 'end'))))).toEqual([20, 20]);
    expect(await Promise.all(tps.map((tp) => one(consumer.position(tp))))).toEqual([20, 20]);
    seen.length = 0;
    const producer = kafka.producer({ valueSerializer: utf8 });
    await producer.sendAndWait({ topic, partition: 0, value: 'new' });
    await until(() => seen.length === 1);
    expect(seen).toEqual(['0:20']);
  }, 60_000);

  it('refuses bad seeks, and partitions that are not assigned [B120] [CM16] [CM12]', async () => {
    const { kafka, topic, tps } = await topicOf(1);
    const consumer = kafka.consumer({ topics: topic, ...texts });
    for (const bad of [-1, 1.5, '5', 'start', null, { timestamp: -1 }]) {
      expect(() => consumer.seek(tps[0]!, bad as never)).toThrow(InvalidOptionError);
    }
    expect(() => consumer.seek('t-0' as never, 0)).toThrow(InvalidOptionError);
    await expect(one(consumer.seek(tps[0]!, 0))).rejects.toBeInstanceOf(UsageError);
    consumer.records$.subscribe();
    await assigned(consumer);
    await expect(one(consumer.seek({ topic, partition: 7 }, 0))).rejects.toBeInstanceOf(UsageError);
    await expect(one(consumer.position({ topic, partition: 7 }))).rejects.toBeInstanceOf(UsageError);
  }, 60_000);

  it('goes back to the committed offset, 0 included [CM19] [CM11] [D#1003]', async () => {
    const { kafka, topic, tps } = await topicOf(10);
    const groupId = uniqueName('group');
    const consumer = kafka.consumer({ groupId, topics: topic, ...texts, commit: false });
    expect(await one(consumer.committed(tps))).toEqual([]);
    const seen: number[] = [];
    consumer.records$.pipe(acknowledge()).subscribe(({ offset }) => seen.push(offset));
    await until(() => seen.length === 10);
    for (const offset of [4, 0]) {
      await one(consumer.commit([{ ...tps[0]!, offset }]));
      expect(offsets(await one(consumer.committed(tps)))).toEqual([offset]);
      seen.length = 0;
      expect(await one(consumer.seek(tps[0]!, 'committed'))).toBe(offset);
      await until(() => seen.length === 10 - offset);
      expect(seen[0]).toBe(offset);
    }
    const groupless = kafka.consumer({ topics: topic, ...texts });
    await expect(one(groupless.committed(tps))).rejects.toBeInstanceOf(UsageError);
  }, 60_000);

  it('starts at the committed offset, else by the policy [C10] [B117]', async () => {
    const { kafka, topic, tps } = await topicOf(20);
    const groupId = uniqueName('group');
    const first = kafka.consumer({ groupId, topics: topic, ...texts });
    await lastValueFrom(first.records$.pipe(take(10), acknowledge(), timeout(20_000)));
    await first.close();
    const rest = kafka.consumer({ groupId, topics: topic, ...texts, autoOffsetReset: 'none' });
    const read = await lastValueFrom(rest.records$.pipe(take(10), acknowledge(), toArray(), timeout(20_000)));
    expect(read.map(({ offset }) => offset)).toEqual(Array.from({ length: 10 }, (_, n) => 10 + n));
    const late = kafka.consumer({ groupId: uniqueName('group'), topics: topic, ...texts, autoOffsetReset: 'latest' });
    late.records$.pipe(acknowledge()).subscribe();
    await assigned(late);
    expect(await one(late.position(tps[0]!))).toBe(20);
    const none = kafka.consumer({ groupId: uniqueName('group'), topics: topic, ...texts, autoOffsetReset: 'none' });
    await expect(one(none.records$)).rejects.toBeInstanceOf(OffsetResetError);
    const old = kafka.consumer({ topics: topic, ...texts, autoOffsetReset: { durationMs: 3_600_000 } });
    expect((await one(old.records$)).offset).toBe(0);
  }, 60_000);

  it('resets an offset that retention has passed, or fails without a policy [C10] [C28]', async () => {
    const { kafka, topic, tps } = await topicOf(20);
    await withAdmin(sharedBrokers(), async (admin) => {
      // loads the metadata that deleteTopicRecords wants to be there
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '12' }] });
    });
    const partitions = [{ ...tps[0]!, offset: 3 }];
    expect((await one(kafka.consumer({ partitions, ...texts }).records$)).offset).toBe(12);
    const none = kafka.consumer({ partitions, ...texts, autoOffsetReset: 'none' });
    const error = await one(none.records$).catch((failure: unknown) => failure as KafkaError);
    expect(error).toBeInstanceOf(OffsetResetError);
    expect(error).toMatchObject({ topic, partition: 0, offset: 3 });
    await expect(one(none.readRange({ from: partitions }))).rejects.toBeInstanceOf(OffsetResetError);
    expect(offsets(await one(none.beginningOffsets(tps)))).toEqual([12]);
  }, 60_000);

  it('starts where the store of the user says, and says so when that fails [C12] [W10]', async () => {
    const { kafka, topic, tps } = await topicOf(20, 2);
    const asked: unknown[] = [];
    const offsetStore = {
      load: (partitions: readonly { topic: string; partition: number }[]) => {
        asked.push(partitions);
        return of([{ ...tps[0]!, offset: 18 }]).pipe(map((list) => list));
      },
    };
    const groupId = uniqueName('group');
    const consumer = kafka.consumer({ groupId, topics: topic, ...texts, commit: false, offsetStore });
    const read = await lastValueFrom(consumer.records$.pipe(take(22), acknowledge(), toArray(), timeout(20_000)));
    expect(read.filter(({ partition }) => partition === 0).map(({ offset }) => offset)).toEqual([18, 19]);
    expect(asked).toEqual([tps]);
    expect(await one(consumer.committed(tps))).toEqual([]);
    const failing = { load: () => Promise.reject(new Error('database is down')) };
    const broken = kafka.consumer({ topics: topic, ...texts, offsetStore: failing });
    await expect(one(broken.records$)).rejects.toThrow('database is down');
  }, 60_000);

  it('seeks in onAssigned to an offset that is kept elsewhere [C12]', async () => {
    const { kafka, topic, tps } = await topicOf(20);
    const consumer = kafka.consumer({
      groupId: uniqueName('group'),
      topics: topic,
      ...texts,
      commit: false,
      onAssigned: (_partitions, context) => {
        context.seek(tps[0]!, 15);
      },
    });
    expect((await one(consumer.records$)).offset).toBe(15);
  }, 60_000);

  it('finds offsets by time, below, between, at and above [B136] [CM20] [CM21] [CM22]', async () => {
    const { kafka, topic, tps } = await topicOf(2, 2, [1000, 5000, 3000, 7000]);
    const consumer = kafka.consumer({ topics: topic, ...texts });
    const at = async (timestamp: number): Promise<unknown> =>
      offsets(await one(consumer.offsetsForTimes(tps.map((tp) => ({ ...tp, timestamp })))));
    expect(await at(0)).toEqual([0, 0]);
    expect(await at(1000)).toEqual([0, 0]);
    expect(await at(2000)).toEqual([1, 0]);
    expect(await at(6000)).toEqual([undefined, 1]);
    expect(await at(7001)).toEqual([undefined, undefined]);
    expect(await one(consumer.offsetsForTimes([]))).toEqual([]);
    expect(() => consumer.offsetsForTimes([{ ...tps[0]!, timestamp: -1 }])).toThrow(InvalidOptionError);
    expect([offsets(await one(consumer.beginningOffsets(tps))), offsets(await one(consumer.endOffsets(tps)))]).toEqual([
      [0, 0],
      [2, 2],
    ]);
    await expect(one(consumer.endOffsets([{ topic, partition: 9 }]))).rejects.toMatchObject({ retriable: true });
    consumer.records$.subscribe();
    await assigned(consumer);
    expect(await one(consumer.seek(tps[0]!, { timestamp: 2000 }))).toBe(1);
  }, 60_000);

  it('knows partitions and topics [CM23] [CM24]', async () => {
    const { kafka, topic } = await topicOf(0, 2);
    const consumer = kafka.consumer({ topics: topic, ...texts });
    expect((await one(consumer.partitionsFor(topic))).map(({ partition }) => partition)).toEqual([0, 1]);
    expect(await one(consumer.listTopics())).toContain(topic);
    await expect(one(consumer.partitionsFor(uniqueName('missing')))).rejects.toMatchObject({ errorCode: 3 });
  }, 60_000);

  it('says when it has caught up, and reads a range beside the subscription [W7]', async () => {
    const { kafka, topic, tps } = await topicOf(50, 2);
    const consumer = kafka.consumer({ topics: topic, ...texts });
    const caughtUp = lastValueFrom(
      consumer.events$.pipe(
        filter(({ type }) => type === 'caughtUp'),
        take(2),
        toArray(),
        timeout(20_000),
      ),
    );
    const seen: number[] = [];
    consumer.records$.subscribe(({ offset }) => seen.push(offset));
    expect(await caughtUp).toHaveLength(2);
    expect(seen).toHaveLength(100);
    const range$ = consumer.readRange({ from: [{ ...tps[1]!, offset: 40 }] });
    const read = await lastValueFrom(range$.pipe(toArray(), timeout(20_000)));
    expect(read.map(({ offset }) => offset)).toEqual(Array.from({ length: 10 }, (_, n) => 40 + n));
  }, 60_000);

  it('reads a topic that was created anew from its beginning', async () => {
    const { kafka, topic } = await topicOf(10);
    const consumer = kafka.consumer({ topics: topic, ...texts, allowAutoCreateTopics: false });
    const seen: string[] = [];
    const moves: unknown[] = [];
    consumer.events$.pipe(filter(({ type }) => type === 'discontinuity')).subscribe((event) => moves.push(event));
    consumer.records$.subscribe(({ value, offset }) => seen.push(`${offset}:${value}`));
    await until(() => seen.length === 10);
    await withAdmin(sharedBrokers(), (admin) => admin.deleteTopics({ topics: [topic] }));
    await createTopic(sharedBrokers(), topic, { partitions: 1 });
    const producer = newKafka().producer({ valueSerializer: utf8, keySerializer: utf8 });
    await producer.sendAndWait({ topic, partition: 0, key: 'k', value: 'anew' });
    await until(() => seen.includes('0:anew'));
    expect(moves).toMatchObject([{ from: 10, to: 0, reason: 'recreated' }]);
  }, 60_000);
});
