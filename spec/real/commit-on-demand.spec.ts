import { filter, firstValueFrom, lastValueFrom, take, timeout, toArray } from 'rxjs';
import { acknowledge } from '../../operators/index.js';
import { type Consumer, type ConsumerEvent, type ConsumerSettings, Kafka, UsageError, utf8 } from '../../src/index.js';
import { expel } from '../support/kafka/expel.js';
import { waitUntil } from '../support/kafka/probe.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';

jest.setTimeout(60_000);

let open: Kafka[];
let topic: string;
let groupId: string;

beforeEach(() => {
  open = [];
  topic = uniqueName('commits');
  groupId = uniqueName('commits');
});
afterEach(async () => {
  await Promise.all(open.map((kafka) => kafka.close({ timeoutMs: 1000 })));
});

const newKafka = (): Kafka => {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  open.push(kafka);
  return kafka;
};
const texts = { keyDeserializer: utf8, valueDeserializer: utf8, autoOffsetReset: 'earliest' } as const;
const reader = (settings: ConsumerSettings): Consumer<string, string> =>
  newKafka().consumer({ topics: topic, ...texts, ...settings });
const manual = (): Consumer<string, string> =>
  newKafka().consumer({ groupId, partitions: [{ topic, partition: 0 }], commit: false, ...texts });
const holds = (consumer: Consumer<string, string>, count: number): Promise<unknown> =>
  firstValueFrom(
    consumer.assignment$.pipe(
      filter(({ length }) => length === count),
      timeout(30_000),
    ),
  );

async function topicOf(counts: readonly number[]): Promise<void> {
  await createTopic(sharedBrokers(), topic, { partitions: counts.length });
  const producer = newKafka().producer({ valueSerializer: utf8 });
  const sent = counts.flatMap((count, partition) =>
    Array.from({ length: count }, (_, n) => producer.sendAndWait({ topic, value: `${partition}:${n}`, partition })),
  );
  await Promise.all(sent);
}

it('[B147, B145, CM10, CM11] offsets and texts are stored, from the moment a partition is held, and committed answers with them', async () => {
  await topicOf([10, 10]);
  const consumer = manual();
  const assigned = holds(consumer, 1);
  const reading = consumer.records$.subscribe();
  // its start is still being asked for
  await assigned;
  const receipt = await firstValueFrom(consumer.commit([{ topic, partition: 0, offset: 5, metadata: 'half way' }]));
  expect(receipt).toMatchObject({ outcome: 'committed', offsets: [{ topic, partition: 0, offset: 5 }] });
  const both = [0, 1].map((partition) => ({ topic, partition }));
  const stored = await firstValueFrom(consumer.committed([...both, { topic: `${topic}-not`, partition: 0 }]));
  expect(stored).toHaveLength(1);
  expect(stored[0]).toMatchObject({ topic, partition: 0, offset: 5, metadata: 'half way' });
  reading.unsubscribe();
  await consumer.close();
  // commit: false left what was said
  const again = await firstValueFrom(manual().records$.pipe(timeout(20_000)));
  expect(again.offset).toBe(5);
});

it('[CM10] onAssigned can commit, and its offset stands over what the reset policy chose', async () => {
  await topicOf([10]);
  const outcomes: string[] = [];
  const consumer = reader({
    groupId,
    onAssigned: async (partitions) => {
      const receipt = await firstValueFrom(consumer.commit(partitions.map((tp) => ({ ...tp, offset: 4 }))));
      outcomes.push(receipt.outcome);
    },
  });
  const [first] = await lastValueFrom(consumer.records$.pipe(take(1), toArray(), timeout(20_000)));
  await consumer.close();
  expect([first?.offset, outcomes]).toEqual([0, ['committed']]);
  const [stored] = await firstValueFrom(reader({ groupId }).committed([{ topic, partition: 0 }]));
  expect(stored?.offset).toBe(4);
});

it('[B146, CM10, CM11] what cannot be meant is refused, and nothing is stored', async () => {
  await topicOf([1, 1]);
  const consumer = manual();
  const assigned = holds(consumer, 1);
  consumer.records$.pipe(acknowledge()).subscribe();
  await assigned;
  const tp = { topic, partition: 0 };
  const wrong: unknown[] = [
    [],
    {},
    null,
    'text',
    [tp],
    [null],
    [[topic, 0, 1]],
    [{ ...tp, offset: -1 }],
    [{ ...tp, offset: 1.5 }],
    [{ ...tp, offset: '1' }],
    [{ ...tp, topic: 7, offset: 1 }],
    [{ ...tp, offset: 1, metadata: 7 }],
    [{ topic, partition: 1, offset: 1 }],
    [
      { ...tp, offset: 1 },
      { topic, partition: 1, offset: 1 },
    ],
  ];
  for (const offsets of wrong) {
    await expect(firstValueFrom(consumer.commit(offsets as never))).rejects.toBeInstanceOf(UsageError);
  }
  const idle = reader({ groupId });
  await expect(firstValueFrom(idle.commit([{ ...tp, offset: 1 }]))).rejects.toBeInstanceOf(UsageError);
  expect(await firstValueFrom(consumer.committed([tp]))).toEqual([]);
  const alone = reader({});
  await expect(firstValueFrom(alone.commit([{ ...tp, offset: 1 }]))).rejects.toBeInstanceOf(UsageError);
  await expect(firstValueFrom(alone.committed([tp]))).rejects.toBeInstanceOf(UsageError);
});

it('[C9, ER6, L4] a commit after the group moved on is fenced and overwrites nothing', async () => {
  await topicOf([40]);
  const tp = { topic, partition: 0 };
  // hears of the group only when it commits
  const first = reader({ groupId, commit: false, heartbeatIntervalMs: 14_000 });
  const events: ConsumerEvent['type'][] = [];
  first.events$.subscribe(({ type }) => events.push(type));
  let read = 0;
  first.records$.pipe(acknowledge()).subscribe(() => read++);
  await waitUntil('the first has read all', 20_000, () => read === 40);
  const { memberId } = first.groupMetadata();
  await expel(groupId, memberId);
  const second = reader({ groupId });
  const all = await lastValueFrom(second.records$.pipe(take(40), acknowledge(), toArray(), timeout(30_000)));
  expect(all.at(-1)?.offset).toBe(39);
  expect(first.assignment).toEqual([tp]);
  const receipt = await firstValueFrom(first.commit([{ ...tp, offset: 7 }]));
  expect(receipt).toMatchObject({ outcome: 'fenced', offsets: [{ ...tp, offset: 7 }] });
  await waitUntil('the first knows', 20_000, () => events.includes('lost'));
  expect((await firstValueFrom(second.committed([tp])))[0]?.offset).toBe(40);
});
