import { filter, firstValueFrom, lastValueFrom, type Observable, take, timeout, timer, toArray } from 'rxjs';
import { DeserializationError, Kafka, nullable, serde, UsageError, utf8 } from '../../src/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';

const open: Kafka[] = [];
const newKafka = (): Kafka => {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  open.push(kafka);
  return kafka;
};
const texts = {
  keyDeserializer: nullable(utf8),
  valueDeserializer: nullable(utf8),
  autoOffsetReset: 'earliest',
} as const;
const one = <T>(source$: Observable<T>): Promise<T> => firstValueFrom(source$.pipe(timeout(20_000)));
const some = <T>(source$: Observable<T>, count: number): Promise<T[]> =>
  lastValueFrom(source$.pipe(take(count), toArray(), timeout(20_000)));
const until = async (what: () => boolean): Promise<void> => {
  for (let i = 0; i < 400 && !what(); i++) await firstValueFrom(timer(50));
  expect(what()).toBe(true);
};

afterEach(async () => {
  await Promise.all(open.splice(0).map((kafka) => kafka.close({ timeoutMs: 2000 })));
});

async function topicOf(
  count: number,
  partitions = 1,
  value = (n: number): string => `v${n}`,
): Promise<{ kafka: Kafka; topic: string }> {
  const topic = uniqueName('reading');
  await createTopic(sharedBrokers(), topic, { partitions });
  const kafka = newKafka();
  const producer = kafka.producer({ valueSerializer: utf8 });
  await Promise.all(
    Array.from({ length: count * partitions }, (_, n) =>
      producer.sendAndWait({ topic, value: value(n), partition: n % partitions }),
    ),
  );
  await producer.close();
  return { kafka, topic };
}

describe('reading on a real cluster', () => {
  it('delivers a record that is larger than every limit, and what follows it [C32] [C28]', async () => {
    const { kafka, topic } = await topicOf(3, 1, (n) => (n === 1 ? 'x'.repeat(600_000) : `v${n}`));
    const small = { fetchMaxBytes: 1024, maxPartitionFetchBytes: 1024, bufferBytes: 65_536, window: { bytes: 1024 } };
    const consumer = kafka.consumer({ topics: topic, ...texts, ...small });
    const read = await some(consumer.records$, 3);
    expect(read.map(({ offset, serializedValueSize }) => [offset, serializedValueSize])).toEqual([
      [0, 2],
      [1, 600_000],
      [2, 2],
    ]);
  }, 60_000);

  it('delivers batches of at most maxPollRecords [CM9] [B121]', async () => {
    const { kafka, topic } = await topicOf(100);
    const consumer = kafka.consumer({ topics: topic, ...texts, maxPollRecords: 48 });
    const sizes: number[] = [];
    let read = 0;
    const subscription = consumer.batches$.subscribe(({ items }) => {
      sizes.push(items.length);
      read += items.length;
    });
    await until(() => read === 100);
    subscription.unsubscribe();
    expect(Math.max(...sizes)).toBeLessThanOrEqual(48);
    expect(() => kafka.consumer({ topics: topic, maxPollRecords: 0 })).toThrow('maxPollRecords');
  }, 60_000);

  it('gives everything to each of two consumers without a group, and lets them commit nothing [B114]', async () => {
    const { kafka, topic } = await topicOf(100, 2);
    for (const consumer of [kafka.consumer({ topics: topic, ...texts }), kafka.consumer({ topics: topic, ...texts })]) {
      // subscribed before anything is read: 200 records may be there before the assignment could be looked at
      const held = one(consumer.assignment$.pipe(filter(({ length }) => length === 2)));
      const read = some(consumer.records$, 200);
      await held;
      await expect(one(consumer.commit([{ topic, partition: 0, offset: 1 }]))).rejects.toBeInstanceOf(UsageError);
      expect(new Set((await read).map(({ partition, offset }) => `${partition}:${offset}`)).size).toBe(200);
    }
  }, 60_000);

  it('reads one partition after the other by pausing, the one that lags most first [B115] [C17] [C26] [C31]', async () => {
    const { kafka, topic } = await topicOf(60, 3);
    const consumer = kafka.consumer({ topics: topic, ...texts });
    const tps = [0, 1, 2].map((partition) => ({ topic, partition }));
    consumer.pause(tps);
    const order: number[] = [];
    consumer.records$.subscribe(({ partition }) => order.push(partition));
    await until(() => consumer.assignment.length === 3);
    for (const partition of [2, 0, 1]) {
      const before = order.length;
      consumer.resume([tps[partition]!]);
      await until(() => order.length === before + 60);
      consumer.pause([tps[partition]!]);
    }
    expect(order).toEqual([2, 0, 1].flatMap((partition) => Array.from({ length: 60 }, () => partition)));
    const lag = await one(consumer.lag({ everyMs: 100 }));
    expect(lag.map(({ lag: behind, position }) => [behind, position])).toEqual([
      [0, 60],
      [0, 60],
      [0, 60],
    ]);
    const brokers = new Set(tps.map((tp) => consumer.why(tp).broker));
    expect(brokers.size).toBeGreaterThan(1);
  }, 60_000);

  it('shows sizes, time and type as written, and gives null to deserializers [B130]', async () => {
    const { kafka, topic } = await topicOf(0);
    const asked: unknown[] = [];
    const spy = serde<string>(
      'spy',
      (value) => new TextEncoder().encode(value),
      (bytes, { part }) => {
        asked.push([part, bytes === null]);
        return bytes === null ? 'none' : new TextDecoder().decode(bytes);
      },
    );
    const started = Date.now();
    const producer = kafka.producer({ valueSerializer: utf8 });
    await producer.sendAndWait({ topic, partition: 0, value: 'Super Message!' });
    const consumer = kafka.consumer({
      topics: topic,
      keyDeserializer: spy,
      valueDeserializer: spy,
      autoOffsetReset: 'earliest',
    });
    const record = await one(consumer.records$);
    expect(record).toMatchObject({ serializedKeySize: -1, serializedValueSize: 14, timestampType: 'createTime' });
    expect(record.timestamp).toBeGreaterThanOrEqual(started);
    expect([record.key, record.value, asked]).toEqual([
      'none',
      'Super Message!',
      [
        ['key', true],
        ['value', false],
      ],
    ]);
  }, 60_000);

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'reads %s and headers by what the batches say [B131] [C30] [D#1112]',
    async (compression) => {
      const { kafka, topic } = await topicOf(0);
      const producer = kafka.producer({ valueSerializer: utf8, compression, lingerMs: 5 });
      const headers = [
        ['a', 'one'],
        ['a', 'two'],
        ['none', null],
      ] as const;
      await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          producer.sendAndWait({ topic, partition: 0, value: `${n}`.repeat(200), headers }),
        ),
      );
      const read = await some(kafka.consumer({ topics: topic, ...texts }).records$, 50);
      expect(read.map(({ value }) => value)).toEqual(Array.from({ length: 50 }, (_, n) => `${n}`.repeat(200)));
      expect([read[0]!.headers.text('a'), read[0]!.headers.size, read[0]!.headers.get('none')]).toEqual([
        'two',
        3,
        null,
      ]);
    },
    60_000,
  );

  it('waits for a topic that does not exist yet [B133]', async () => {
    const topic = uniqueName('later');
    const kafka = newKafka();
    const consumer = kafka.consumer({ topics: topic, ...texts, allowAutoCreateTopics: false });
    const first = one(consumer.records$);
    await firstValueFrom(timer(500));
    await createTopic(sharedBrokers(), topic, { partitions: 1 });
    await newKafka().producer({ valueSerializer: utf8 }).sendAndWait({ topic, partition: 0, value: 'there' });
    expect((await first).value).toBe('there');
  }, 60_000);

  it('keeps bytes and place of a record that does not decode, and reads on [D#R5]', async () => {
    const { kafka, topic } = await topicOf(3);
    const picky = serde<string>(
      'picky',
      (value) => new TextEncoder().encode(value),
      (bytes) => {
        const text = new TextDecoder().decode(bytes ?? undefined);
        if (text === 'v1') throw new Error('no v1');
        return text;
      },
    );
    const consumer = kafka.consumer({ topics: topic, valueDeserializer: picky, autoOffsetReset: 'earliest' });
    const seen: unknown[] = [];
    consumer.records$.subscribe((record) => {
      try {
        seen.push(record.value);
      } catch (error) {
        seen.push(error);
      }
    });
    await until(() => seen.length === 3);
    expect([seen[0], seen[2]]).toEqual(['v0', 'v2']);
    expect(seen[1]).toBeInstanceOf(DeserializationError);
    const { valueBytes, offset, partition } = seen[1] as DeserializationError;
    expect([new TextDecoder().decode(valueBytes ?? undefined), offset, partition]).toEqual(['v1', 1, 0]);
  }, 60_000);
});
