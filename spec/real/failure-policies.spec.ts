import { type Observable, filter, firstValueFrom, map, of, take, throwError, timeout, toArray } from 'rxjs';
import { type Consumer, type ConsumerEvent, type ConsumerRecord, Kafka, utf8 } from '../../src/index.js';
import {
  commitOffsets,
  deadLetter,
  failureHeaders,
  forEachPartition,
  processEach,
  retryTopics,
} from '../../operators/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { committedOffsets, createTopic } from '../support/peers/kafkajs.js';

type Parked = Extract<ConsumerEvent, { readonly type: 'parked' }>;
const texts = { keyDeserializer: utf8, valueDeserializer: utf8, autoOffsetReset: 'earliest' } as const;
const open: Kafka[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((kafka) => kafka.close({ timeoutMs: 2000 })));
});

async function setUp(partitions: number, values: readonly string[], topic = uniqueName('policy')) {
  await createTopic(sharedBrokers(), topic, { partitions });
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  open.push(kafka);
  const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });
  await Promise.all(
    values.map((value, n) => producer.sendAndWait({ topic, key: 'k', value, partition: n % partitions })),
  );
  return { kafka, topic, producer, groupId: uniqueName('group') };
}

const parkedOf = (consumer: Consumer<string, string>): Promise<Parked> =>
  firstValueFrom(
    consumer.events$.pipe(
      filter((event) => event.type === 'parked'),
      timeout(20_000),
    ),
  );

describe('failure policies on a real cluster', () => {
  it('parks a poison record, commits nothing beyond it, and goes on after retry and skip [D#R5]', async () => {
    const { kafka, topic, groupId } = await setUp(1, ['good', 'poison', 'later']);
    const consumer = kafka.consumer({ groupId, topics: topic, ...texts, commit: { everyMs: 100 } });
    let tries = 0;
    const seen: string[] = [];
    const handle = ({ value }: ConsumerRecord<string, string>): Observable<string> => {
      if (value !== 'poison') return (seen.push(value), of(value));
      tries += 1;
      return throwError(() => new Error('poison'));
    };
    const first = parkedOf(consumer);
    const done = new Promise((resolve) => {
      consumer.records$.pipe(processEach(handle, { onFailure: 'park' }), commitOffsets()).subscribe((receipt) => {
        if (receipt.offsets[0]?.offset === 3) resolve(undefined);
      });
    });
    const parked = await first;
    expect([parked.topic, parked.partition, parked.offset, seen]).toEqual([topic, 0, 1, ['good']]);
    expect(consumer.why({ topic, partition: 0 }).paused).toContain('parked');
    await firstValueFrom(consumer.commit());
    expect(await committedOffsets(sharedBrokers(), groupId, topic)).toEqual([1]);
    const second = parkedOf(consumer);
    parked.retry();
    (await second).skip();
    await done;
    expect([tries, seen]).toEqual([2, ['good', 'later']]);
    expect(await committedOffsets(sharedBrokers(), groupId, topic)).toEqual([3]);
  }, 90_000);

  it('gives what was parked to the next owner, and the ways out do nothing any more', async () => {
    const { kafka, topic, groupId } = await setUp(1, ['poison', 'later']);
    const consumer = kafka.consumer({ groupId, topics: topic, ...texts });
    const first = parkedOf(consumer);
    consumer.records$
      .pipe(
        processEach(() => throwError(() => new Error('poison')), { onFailure: 'park' }),
        commitOffsets(),
      )
      .subscribe();
    const parked = await first;
    await consumer.close();
    parked.skip();
    const next = kafka.consumer({ groupId, topics: topic, ...texts });
    const values = next.records$.pipe(
      map(({ value }) => value),
      take(2),
      toArray(),
      timeout(20_000),
    );
    expect(await firstValueFrom(values)).toEqual(['poison', 'later']);
  }, 90_000);

  it('writes a dead letter with bytes and provenance before it commits', async () => {
    const { kafka, topic, producer, groupId } = await setUp(1, ['bad']);
    const dead = uniqueName('dead');
    await createTopic(sharedBrokers(), dead, { partitions: 1 });
    const consumer = kafka.consumer({ groupId, topics: topic, ...texts });
    consumer.records$
      .pipe(
        processEach(() => throwError(() => new TypeError('no')), { onFailure: deadLetter(producer.bytes, dead) }),
        commitOffsets(),
      )
      .subscribe();
    const letter = await firstValueFrom(kafka.consumer({ topics: dead, ...texts }).records$.pipe(timeout(20_000)));
    expect([letter.key, letter.value]).toEqual(['k', 'bad']);
    expect(letter.headers.text(failureHeaders.originalTopic)).toBe(topic);
    expect(letter.headers.text(failureHeaders.errorName)).toBe('TypeError');
    await consumer.close();
    expect(await committedOffsets(sharedBrokers(), groupId, topic)).toEqual([1]);
  }, 90_000);

  it('tries again through retry topics when due, and ends as a dead letter', async () => {
    const { kafka, topic, producer, groupId } = await setUp(1, ['bad']);
    const retries = retryTopics(producer.bytes, { topic, delaysMs: [300, 600], deadLetter: `${topic}.dlq` });
    for (const name of [...retries.topics, `${topic}.dlq`]) await createTopic(sharedBrokers(), name, { partitions: 1 });
    const consumer = kafka.consumer({ groupId, topics: [topic, ...retries.topics], ...texts });
    const tries: { readonly topic: string; readonly late: number }[] = [];
    consumer.records$
      .pipe(
        retries.whenDue(),
        processEach(
          (record) => {
            const due = Number(record.headers.text(failureHeaders.retryDue) ?? 0);
            tries.push({ topic: record.topic, late: Date.now() - due });
            return throwError(() => new Error('no'));
          },
          { onFailure: retries },
        ),
        commitOffsets(),
      )
      .subscribe();
    const letter = await firstValueFrom(
      kafka.consumer({ topics: `${topic}.dlq`, ...texts }).records$.pipe(timeout(30_000)),
    );
    expect(letter.headers.text(failureHeaders.attempts)).toBe('3');
    expect(tries.map((one) => one.topic)).toEqual([topic, ...retries.topics]);
    for (const { late } of tries) expect(late).toBeGreaterThanOrEqual(-1);
  }, 90_000);

  it('restarts one partition, the others go on, without a rebalance', async () => {
    const { kafka, topic, groupId } = await setUp(2, ['a0', 'b0', 'a1', 'b1']);
    const consumer = kafka.consumer({ groupId, topics: topic, ...texts });
    const events: string[] = [];
    consumer.events$.subscribe(({ type }) => events.push(type));
    let failures = 0;
    const seen: string[] = [];
    const handle = ({ value }: ConsumerRecord<string, string>): Observable<string> => {
      seen.push(value);
      return value === 'a0' && ++failures < 3 ? throwError(() => new Error('no')) : of(value);
    };
    const done = new Promise<void>((resolve) => {
      consumer.partitions$
        .pipe(
          forEachPartition((records$) => records$.pipe(processEach(handle)), {
            onError: { restart: { initialMs: 50 } },
          }),
          commitOffsets(),
        )
        .subscribe(() => {
          if (seen.includes('a1') && seen.includes('b1')) resolve();
        });
    });
    await done;
    expect(seen.filter((value) => value.startsWith('b'))).toEqual(['b0', 'b1']);
    expect(seen.filter((value) => value.startsWith('a')).filter((value) => value === 'a0').length).toBe(3);
    expect(events.filter((type) => type === 'assigned' || type === 'revoked')).toEqual(['assigned']);
  }, 90_000);

  it('parks one partition stream and goes on behind the record that failed after skip', async () => {
    const { kafka, topic, groupId } = await setUp(1, ['good', 'poison', 'later']);
    const consumer = kafka.consumer({ groupId, topics: topic, ...texts });
    const first = parkedOf(consumer);
    const seen: string[] = [];
    const later = new Promise<void>((resolve) => {
      consumer.partitions$
        .pipe(
          forEachPartition(
            (records$) =>
              records$.pipe(
                map((record) => {
                  if (record.value === 'poison') throw new Error('poison');
                  seen.push(record.value);
                  if (record.value === 'later') resolve();
                  return record;
                }),
              ),
            { onError: 'park' },
          ),
          commitOffsets(),
        )
        .subscribe();
    });
    const parked = await first;
    expect(parked.offset).toBe(1);
    parked.skip();
    await later;
    await consumer.close();
    expect(seen).toEqual(['good', 'later']);
    expect(await committedOffsets(sharedBrokers(), groupId, topic)).toEqual([3]);
  }, 90_000);
});
