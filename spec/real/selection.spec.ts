import { filter, firstValueFrom, type Subscription, timeout } from 'rxjs';
import { type Consumer, InvalidOptionError, Kafka, utf8 } from '../../src/index.js';
import type { TopicSelection } from '../../src/model/consumer.js';
import { acknowledge } from '../../operators/index.js';
import { waitUntil } from '../support/kafka/probe.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { committedOffsets, createTopic, withAdmin } from '../support/peers/kafkajs.js';

jest.setTimeout(120_000);

const open: Kafka[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((kafka) => kafka.close({ timeoutMs: 2000 })));
});

function newKafka(): Kafka {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers(), metadataMaxAgeMs: 1000 });
  open.push(kafka);
  return kafka;
}

const given = {
  keyDeserializer: utf8,
  valueDeserializer: utf8,
  autoOffsetReset: 'earliest',
  acknowledge: 'explicit',
  heartbeatIntervalMs: 300,
  sessionTimeoutMs: 6000,
  commit: { everyMs: 100 },
} as const;

/** A subscribed consumer, with what it read as `topic-partition:offset`. */
class Reading {
  readonly consumer: Consumer<string, string>;
  readonly records: string[] = [];
  failure: unknown = null;
  #subscription: Subscription | null = null;

  constructor(options: TopicSelection & object, kafka = newKafka()) {
    this.consumer = kafka.consumer({ ...given, ...options });
  }
  start(): this {
    this.#subscription = this.consumer.records$.pipe(acknowledge()).subscribe({
      next: ({ topic, partition, offset }) => this.records.push(`${topic}-${partition}:${offset}`),
      error: (error: unknown) => {
        this.failure = error;
      },
    });
    return this;
  }
  stop(): void {
    this.#subscription?.unsubscribe();
  }
  /** Waits until so many partitions are held. */
  async holds(count: number): Promise<void> {
    const { assignment$ } = this.consumer;
    await firstValueFrom(
      assignment$.pipe(
        filter(({ length }) => length === count),
        timeout(40_000),
      ),
    );
  }
  async read(count: number): Promise<readonly string[]> {
    await waitUntil(`${count} records`, 40_000, () => this.records.length >= count);
    return this.records.splice(0).sort();
  }
}

async function topicOf(prefix: string, partitions: number, each: number): Promise<string> {
  const topic = uniqueName(prefix);
  await createTopic(sharedBrokers(), topic, { partitions });
  await send(topic, partitions, each);
  return topic;
}
async function send(topic: string, partitions: number, each: number): Promise<void> {
  const kafka = newKafka();
  const producer = kafka.producer({ valueSerializer: utf8 });
  const all = Array.from({ length: partitions * each }, (_, n) => ({
    topic,
    value: `v${n}`,
    partition: n % partitions,
  }));
  await Promise.all(all.map((record) => producer.sendAndWait(record)));
  await producer.close();
}
const expected = (topic: string, partitions: number, each: number): string[] =>
  Array.from(
    { length: partitions * each },
    (_, n) => `${topic}-${n % partitions}:${Math.floor(n / partitions)}`,
  ).sort();

describe.each([
  ['without a group', (): object => ({})],
  ['in a group', (): object => ({ groupId: uniqueName('select') })],
])('topics %s', (_name, group) => {
  it('are replaced at run time, buffered records of the old ones are gone, and null gives all up [B124] [C1] [C27] [CM5] [CM7] [CM4]', async () => {
    const [a, b] = await Promise.all([topicOf('old', 2, 30), topicOf('new', 1, 3)]);
    const reading = new Reading({ topics: [a], ...group(), window: { records: 5 } } as never);
    expect(reading.consumer.assignment).toEqual([]);
    const selected: string[] = [];
    // the first record is the sign: everything else of that topic is fetched and waits
    const subscription = reading.consumer.records$.subscribe((record) => {
      selected.push(record.topic);
      if (selected.length === 1) reading.consumer.select({ topics: b });
      record.lease.ack();
    });
    await waitUntil('the new topic is read', 40_000, () => selected.filter((topic) => topic === b).length === 3);
    expect(selected.filter((topic) => topic === a)).toHaveLength(1);
    await reading.holds(1);
    expect(reading.consumer.assignment).toEqual([{ topic: b, partition: 0 }]);
    reading.consumer.select(null);
    await reading.holds(0);
    expect([reading.consumer.selection, subscription.closed]).toEqual([null, false]);
    await send(b, 1, 2);
    reading.consumer.select({ topics: [b] });
    await waitUntil('read on', 40_000, () => selected.length > 4);
    subscription.unsubscribe();
  });

  it('change while metadata of the earlier ones is asked for [B168] [D#536]', async () => {
    const b = await topicOf('there', 1, 2);
    const reading = new Reading({ topics: [uniqueName('nowhere')], allowAutoCreateTopics: false, ...group() } as never);
    reading.start();
    reading.consumer.select({ topics: [uniqueName('nowhere'), b] });
    expect(await reading.read(2)).toEqual(expected(b, 1, 2));
    reading.stop();
  });
});

describe.each([
  ['without a group', (): object => ({})],
  ['in a group', (): object => ({ groupId: uniqueName('pattern') })],
])('a pattern %s', (_name, group) => {
  it('without a match waits and creates nothing, and reads what appears later within metadataMaxAgeMs [C14] [B141]', async () => {
    const prefix = uniqueName('pat');
    const reading = new Reading({ pattern: new RegExp(`^${prefix}`), ...group() }).start();
    await waitUntil('metadata was asked for', 10_000, beforeNow(2500));
    expect([reading.consumer.assignment, reading.failure]).toEqual([[], null]);
    const topics = await withAdmin(sharedBrokers(), (admin) => admin.listTopics());
    expect(topics.filter((topic) => topic.startsWith(prefix))).toEqual([]);
    const first = `${prefix}-first`;
    await createTopic(sharedBrokers(), first, { partitions: 2 });
    const created = performance.now();
    await reading.holds(2);
    // one age of metadata, and what a loaded machine and a rebalance take
    expect(performance.now() - created).toBeLessThan(10_000);
    await send(first, 2, 2);
    expect(await reading.read(4)).toEqual(expected(first, 2, 2));
    await createTopic(sharedBrokers(), `${prefix}-second`, { partitions: 1 });
    await reading.holds(3);
    reading.stop();
  });
});

it('two pattern members share each topic that comes [B142]', async () => {
  const prefix = uniqueName('shared');
  const options = { pattern: new RegExp(`^${prefix}`), groupId: uniqueName('pattern') };
  const [one, two] = [new Reading(options).start(), new Reading(options).start()];
  for (const [name, total] of [
    ['first', 4],
    ['second', 8],
  ] as const) {
    await createTopic(sharedBrokers(), `${prefix}-${name}`, { partitions: 4 });
    await waitUntil(`${total} partitions are shared`, 60_000, () => {
      const held = [...one.consumer.assignment, ...two.consumer.assignment].map((tp) => `${tp.topic}-${tp.partition}`);
      return held.length === total && new Set(held).size === total && one.consumer.assignment.length === total / 2;
    });
  }
  one.stop();
  two.stop();
});

it('reads internal topics by pattern when told to, also after a refresh [B143]', async () => {
  for (const excludeInternalTopics of [false, true]) {
    const reading = new Reading({ pattern: /^__consumer_offsets$/, excludeInternalTopics } as never).start();
    await waitUntil('two ages of metadata', 10_000, beforeNow(2500));
    await waitUntil('held or not', 20_000, () => reading.consumer.assignment.length > 0 !== excludeInternalTopics);
    reading.stop();
  }
});

describe('partitions by hand', () => {
  it('are replaced, start where they are told, and need no member for their commits [CM3] [C16] [B145] [C12]', async () => {
    const topic = await topicOf('manual', 3, 4);
    const groupId = uniqueName('manual');
    const reading = new Reading({ partitions: [{ topic, partition: 0, offset: 3 }], groupId } as never).start();
    expect(await reading.read(1)).toEqual([`${topic}-0:3`]);
    reading.consumer.select({
      partitions: [
        { topic, partition: 1 },
        { topic, partition: 2, offset: 2 },
      ],
    });
    expect(await reading.read(6)).toEqual(
      expected(topic, 3, 4).filter((name) => name.includes('-1:') || /-2:[23]$/.test(name)),
    );
    await reading.consumer.close();
    expect([...(await committedOffsets(sharedBrokers(), groupId, topic))].map(Number)).toEqual([4, 4, 4]);
    // a restart goes on there
    await send(topic, 3, 1);
    const again = new Reading({ partitions: [0, 1, 2].map((partition) => ({ topic, partition })), groupId } as never);
    expect(await again.start().read(3)).toEqual([0, 1, 2].map((partition) => `${topic}-${partition}:4`));
    again.stop();
  });
});

it('bad selections are refused while a group runs, and change nothing [B140] [CM6] [C1]', async () => {
  const topic = await topicOf('checked', 1, 1);
  const reading = new Reading({ topics: topic, groupId: uniqueName('checked') } as never).start();
  await reading.read(1);
  const bad = [
    {},
    { topics: [] },
    { topics: topic, pattern: /x/ },
    { pattern: 'x' },
    { pattern: /x/ },
    { topics: 3 },
    'x',
  ];
  for (const selection of bad) {
    expect(() => {
      reading.consumer.select(selection as never);
    }).toThrow(InvalidOptionError);
  }
  expect(reading.consumer.selection).toEqual({ topics: [topic] });
  expect(Object.isFrozen(reading.consumer.selection?.topics)).toBe(true);
  await send(topic, 1, 1);
  expect(await reading.read(1)).toEqual([`${topic}-0:1`]);
  reading.stop();
});

it('a group member that selects nothing, or withdraws at once, starts and stops cleanly [B144]', async () => {
  const topic = await topicOf('nothing', 1, 1);
  const reading = new Reading({ topics: topic, groupId: uniqueName('nothing') } as never);
  reading.consumer.select(null);
  reading.start();
  await waitUntil('nothing happens', 10_000, beforeNow(1000));
  expect(reading.consumer.assignment).toEqual([]);
  reading.consumer.select({ topics: topic });
  reading.consumer.select(null);
  reading.stop();
  await reading.consumer.close();
  expect([reading.failure, reading.records]).toEqual([null, []]);
});

/** True once so many milliseconds have passed. */
function beforeNow(ms: number): () => boolean {
  const until = performance.now() + ms;
  return () => performance.now() > until;
}
