import { filter, firstValueFrom, lastValueFrom, type Observable, take, tap, timeout, toArray } from 'rxjs';
import {
  type Consumer,
  type ConsumerRecord,
  type ConsumerSettings,
  json,
  Kafka,
  type PartitionStream,
  utf8,
} from '../../src/index.js';
import { acknowledge, commitOffsets } from '../../operators/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';

const bound = 30_000;
const texts = { keyDeserializer: utf8, valueDeserializer: utf8, autoOffsetReset: 'earliest' } as const;
let kafka: Kafka;
let topic: string;

beforeEach(() => {
  kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  topic = uniqueName('reading');
});
afterEach(async () => {
  await kafka.close({ timeoutMs: 2000 });
});

const reader = (options: ConsumerSettings = {}): Consumer<string, string> =>
  kafka.consumer({ topics: topic, ...texts, ...options });

/** Writes `count` records of text to each partition. */
async function fill(partitions: number, count: number, made: { config?: Record<string, string> } = {}): Promise<void> {
  await createTopic(sharedBrokers(), topic, { partitions, ...made });
  const producer = kafka.producer({ valueSerializer: utf8 });
  const sent = Array.from({ length: partitions * count }, (_, n) =>
    producer.sendAndWait({
      topic,
      partition: n % partitions,
      value: `${n % partitions}-${Math.floor(n / partitions)}`,
    }),
  );
  await Promise.all(sent);
}

const all = <T>(source$: Observable<T>, count: number): Promise<T[]> =>
  lastValueFrom(source$.pipe(take(count), toArray(), timeout(bound)));
const distinct = (records: readonly ConsumerRecord<string, string>[]): number =>
  new Set(records.map(({ value }) => value)).size;

/** The streams of a consumer by partition, as they come; their records count as done at once. */
function streams(consumer: Consumer<string, string>, seen: ConsumerRecord<string, string>[]) {
  const found: PartitionStream<string, string>[] = [];
  consumer.partitions$.subscribe((partition$) => {
    found[partition$.partition] = partition$;
    partition$.pipe(acknowledge()).subscribe((record) => seen.push(record));
  });
  return found;
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = Date.now() + bound;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it('[B112, C5, CM12, CM13, CM15, CM16] two partitions are read whole, with position, watermark and time of the last fetch', async () => {
  await fill(2, 100);
  const started = Date.now();
  const consumer = reader();
  const seen: ConsumerRecord<string, string>[] = [];
  const found = streams(consumer, seen);
  await until('all records', () => seen.length === 200);
  expect(distinct(seen)).toBe(200);
  for (const partition of [0, 1]) {
    const stream = found[partition]!;
    expect([stream.highWatermark, stream.position, stream.lag]).toEqual([100, 100, 0]);
    expect(stream.lastFetchedAt).toBeGreaterThanOrEqual(started - 1000);
    expect(stream.lastFetchedAt).toBeLessThanOrEqual(Date.now() + 1000);
    expect(await firstValueFrom(consumer.position({ topic, partition }))).toBe(100);
  }
  seen.length = 0;
  await firstValueFrom(consumer.seek({ topic, partition: 1 }, 90));
  await until('the last ten again', () => seen.length === 10);
  expect(seen.map(({ partition, offset }) => [partition, offset])).toEqual(
    Array.from({ length: 10 }, (_, n) => [1, 90 + n]),
  );
  await consumer.close();
  await consumer.close();
});

it('[B114, C4] two consumers without a group read everything each, and have nowhere to commit to', async () => {
  await fill(2, 20);
  for (const consumer of [reader(), reader()]) {
    expect(distinct(await all(consumer.records$, 40))).toBe(40);
    const usage = { code: 'ERR_KAFKA_USAGE' };
    await expect(firstValueFrom(consumer.commit())).rejects.toMatchObject(usage);
    await expect(firstValueFrom(consumer.commit([{ topic, partition: 0, offset: 1 }]))).rejects.toMatchObject(usage);
    await expect(firstValueFrom(consumer.committed([{ topic, partition: 0 }]))).rejects.toMatchObject(usage);
  }
});

it('[B115, C17, CM25, CM26, CM27] one partition after the other, the other one paused', async () => {
  await fill(2, 50);
  const consumer = reader();
  const [first, second] = [0, 1].map((partition) => ({ topic, partition }));
  consumer.pause([second!]);
  expect(consumer.paused).toEqual([second]);
  const seen: ConsumerRecord<string, string>[] = [];
  streams(consumer, seen);
  await until('the first partition', () => seen.length === 50);
  expect(new Set(seen.map(({ partition }) => partition))).toEqual(new Set([0]));
  consumer.pause([first!]);
  consumer.resume([second!]);
  expect(consumer.paused).toEqual([first]);
  await until('the second partition', () => seen.length === 100);
  expect(distinct(seen)).toBe(100);
});

it('[B117, CM8] what one member left after ten records the other reads, nothing is missing', async () => {
  await fill(1, 60);
  const groupId = uniqueName('group');
  const first = reader({ groupId });
  const done = await all(first.records$.pipe(acknowledge()), 10);
  await first.close();
  const second = reader({ groupId });
  const rest = await all(second.records$.pipe(acknowledge()), 50);
  expect(rest[0]!.offset).toBe(10);
  expect(distinct([...done, ...rest])).toBe(60);
});

it('[B121, CM9] batches have at most maxPollRecords records', async () => {
  await fill(1, 150);
  const consumer = reader({ maxPollRecords: 48 });
  const sizes: number[] = [];
  await lastValueFrom(
    consumer.batches$.pipe(
      tap(({ items }) => sizes.push(items.length)),
      filter(() => sizes.reduce((sum, size) => sum + size, 0) === 150),
      take(1),
      timeout(bound),
    ),
  );
  expect(Math.max(...sizes)).toBe(48);
  expect(() => reader({ maxPollRecords: 0 })).toThrow(/maxPollRecords/u);
});

it('[B130] a record has the sizes, the time and the null it was written with', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const before = Date.now();
  await kafka.producer({ valueSerializer: utf8 }).sendAndWait({ topic, value: 'fourteen bytes' });
  const parts: (Uint8Array | null)[] = [];
  const seen = { name: 'seen', deserialize: (part: Uint8Array | null) => (parts.push(part), part?.length ?? null) };
  const consumer = kafka.consumer<number | null, number | null>({
    topics: topic,
    keyDeserializer: seen,
    valueDeserializer: seen,
    autoOffsetReset: 'earliest',
  });
  const record = await firstValueFrom(consumer.records$.pipe(timeout(bound)));
  expect([record.key, record.value]).toEqual([null, 14]);
  expect(parts[0]).toBeNull();
  expect([record.serializedKeySize, record.serializedValueSize, record.timestampType]).toEqual([-1, 14, 'createTime']);
  expect(record.timestamp).toBeGreaterThanOrEqual(before - 1000);
});

it('[B133, CM1] a topic that does not exist yet is waited for', async () => {
  const consumer = kafka.consumer({ topics: topic, ...texts, allowAutoCreateTopics: false });
  const first = firstValueFrom(consumer.records$.pipe(timeout(bound)));
  // long enough to have looked for it
  await new Promise((resolve) => setTimeout(resolve, 500));
  await fill(1, 1);
  expect((await first).value).toBe('0-0');
}, 60_000);

it('[C26, KJ#1732, PL#128, W4] a partition whose work does not end keeps no other one of its broker waiting', async () => {
  await fill(6, 100);
  const consumer = reader({ acknowledge: 'explicit', window: { records: 5 } });
  const counts = new Map<number, number>();
  consumer.partitions$.subscribe((partition$) => {
    const count = (): unknown => counts.set(partition$.partition, (counts.get(partition$.partition) ?? 0) + 1);
    // partition 0 keeps its five records
    if (partition$.partition === 0) partition$.subscribe(count);
    else partition$.pipe(acknowledge()).subscribe(count);
  });
  await until('the other partitions', () => [1, 2, 3, 4, 5].every((partition) => counts.get(partition) === 100));
  expect(counts.get(0)).toBe(5);
  expect(consumer.why({ topic, partition: 0 })).toMatchObject({ openLeases: 5, oldestOffset: 0 });
});

it('[C31, L20, KN#1098] partitions of three brokers come through a small buffer', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 6 });
  const producer = kafka.producer({ valueSerializer: utf8 });
  const value = 'x'.repeat(20_000);
  await Promise.all(Array.from({ length: 300 }, (_, n) => producer.sendAndWait({ topic, partition: n % 6, value })));
  const infos = await firstValueFrom(producer.partitionsFor(topic));
  expect(new Set(infos.map(({ leader }) => leader)).size).toBe(3);
  const consumer = reader({ bufferBytes: 1_048_576, fetchMaxBytes: 200_000, maxPartitionFetchBytes: 50_000 });
  const read = await all(consumer.records$.pipe(acknowledge()), 300);
  expect(new Set(read.map(({ partition, offset }) => `${partition}-${offset}`)).size).toBe(300);
});

it('[C32, C28] a record larger than every fetch limit is delivered', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const producer = kafka.producer({ valueSerializer: utf8 });
  await producer.sendAndWait({ topic, value: 'x'.repeat(300_000) });
  await producer.sendAndWait({ topic, value: 'next' });
  const consumer = reader({ fetchMaxBytes: 1000, maxPartitionFetchBytes: 1000 });
  const read = await all(consumer.records$.pipe(acknowledge()), 2);
  expect(read.map(({ value }) => value.length)).toEqual([300_000, 4]);
});

it('[CM28, KJ#1593] sources complete on close, nothing comes afterwards, and a new subscription is refused', async () => {
  await fill(1, 5);
  const consumer = reader();
  let count = 0;
  const completed = lastValueFrom(
    consumer.records$.pipe(
      tap(() => count++),
      toArray(),
      timeout(bound),
    ),
  );
  await until('all records', () => count === 5);
  await consumer.close();
  expect(await completed).toHaveLength(5);
  await expect(firstValueFrom(consumer.records$)).rejects.toMatchObject({ code: 'ERR_KAFKA_CLIENT_CLOSED' });
});

it('[C10, C28] without an offset and without a policy reading ends with an OffsetResetError', async () => {
  await fill(1, 1);
  const consumer = reader({ groupId: uniqueName('group'), autoOffsetReset: 'none' });
  await expect(firstValueFrom(consumer.records$.pipe(timeout(bound)))).rejects.toMatchObject({
    code: 'ERR_KAFKA_OFFSET_RESET',
    topic,
    partition: 0,
  });
});

it('[C10] an offset out of range is reset by the policy', async () => {
  await fill(1, 10);
  const consumer = kafka.consumer({ partitions: [{ topic, partition: 0, offset: 5000 }], ...texts });
  expect((await firstValueFrom(consumer.records$.pipe(timeout(bound)))).offset).toBe(0);
});

it('[C25, D#1187] waiting for records and an empty assignment do not count towards maxPollIntervalMs', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const quick = { sessionTimeoutMs: 6000, heartbeatIntervalMs: 300, maxPollIntervalMs: 1000 };
  const groupId = uniqueName('group');
  const lost: string[] = [];
  const members = [reader({ groupId, ...quick }), reader({ groupId, ...quick })];
  for (const member of members) {
    member.events$.pipe(filter(({ type }) => type === 'lost')).subscribe(({ type }) => lost.push(type));
    member.records$.pipe(acknowledge()).subscribe();
  }
  const held = (): number => members.reduce((sum, { assignment }) => sum + assignment.length, 0);
  await until('one of them holds the partition', () => held() === 1);
  const end = Date.now() + 3500;
  await until('three times the interval', () => Date.now() > end);
  expect(lost).toEqual([]);
  expect(held()).toBe(1);
}, 60_000);

it('[X3] JSON through gzip comes back as an object and a list', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const producer = kafka.producer({ valueSerializer: json(), compression: 'gzip' });
  const values = [{ a: 123.4, b: 'some string' }, [1, 2, 3, 4]];
  for (const value of values) await producer.sendAndWait({ topic, value });
  const consumer = kafka.consumer({ topics: topic, valueDeserializer: json(), autoOffsetReset: 'earliest' });
  expect((await all(consumer.records$, 2)).map(({ value }) => value)).toEqual(values);
});

it('[X5] members of one group share two partitions, another group reads everything', async () => {
  await fill(2, 2);
  const groupId = uniqueName('group');
  const members = [reader({ groupId }), reader({ groupId })];
  const seen: ConsumerRecord<string, string>[][] = [[], []];
  members.forEach((member, index) => {
    member.records$
      .pipe(
        tap((record) => seen[index]!.push(record)),
        commitOffsets(),
      )
      .subscribe();
  });
  await until('one partition each', () => members.every(({ assignment }) => assignment.length === 1));
  await kafka.producer({ valueSerializer: utf8 }).sendAndWait({ topic, partition: 0, value: 'zero' });
  await kafka.producer({ valueSerializer: utf8 }).sendAndWait({ topic, partition: 1, value: 'one' });
  const owner = (partition: number): number =>
    members.findIndex(({ assignment }) => assignment[0]?.partition === partition);
  await until('the new ones', () =>
    seen.every((records) => records.some(({ value }) => value.length > 3 || value === 'one')),
  );
  expect(seen[owner(0)]!.at(-1)!.value).toBe('zero');
  expect(seen[owner(1)]!.at(-1)!.value).toBe('one');
  expect(distinct(await all(reader({ groupId: uniqueName('other') }).records$.pipe(acknowledge()), 6))).toBe(6);
}, 60_000);

it('[X6] an own partitioner sends first to the first and last to the last partition', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 10 });
  const producer = kafka.producer({
    keySerializer: utf8,
    valueSerializer: utf8,
    partitioner: ({ keyBytes, partitions }) => {
      const key = keyBytes === null ? '' : Buffer.from(keyBytes).toString();
      return key === 'first' ? 0 : key === 'last' ? partitions.length - 1 : 4;
    },
  });
  const written = await Promise.all(
    ['last', 'some', 'first'].map((key) => producer.sendAndWait({ topic, key, value: key })),
  );
  expect(written.map(({ partition }) => partition)).toEqual([9, 4, 0]);
});
