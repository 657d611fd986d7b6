import { filter, firstValueFrom, Subject, take, timeout, timer } from 'rxjs';
import { acknowledge, processEach } from '../../operators/index.js';
import { type Consumer, type ConsumerEvent, Kafka, utf8 } from '../../src/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { committedOffsets, createTopic } from '../support/peers/kafkajs.js';

const open: Kafka[] = [];
const newKafka = (): Kafka => {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  open.push(kafka);
  return kafka;
};
const protocols: readonly [string, object][] = [
  ['classic', { sessionTimeoutMs: 6000, heartbeatIntervalMs: 1000 }],
  ['KIP-848', { groupProtocol: 'consumer' }],
];

afterEach(async () => {
  await Promise.all(open.splice(0).map((kafka) => kafka.close({ timeoutMs: 1000 })));
});

async function filled(): Promise<string> {
  const topic = uniqueName('poll');
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const producer = newKafka().producer({ keySerializer: utf8, valueSerializer: utf8 });
  for (let n = 0; n < 3; n++) await producer.sendAndWait({ topic, key: 'k', value: `v${n}` });
  await producer.close();
  return topic;
}
const reader = (topic: string, groupId: string, options: object): Consumer<string, string> =>
  newKafka().consumer({
    groupId,
    topics: topic,
    keyDeserializer: utf8,
    valueDeserializer: utf8,
    autoOffsetReset: 'earliest',
    commit: { everyMs: 200 },
    ...options,
  });

/** Side by side, because it is mostly waiting. */
it('a handler of 25 s with a session of 6 s keeps the membership [C22] [C24] [D#848]', async () => {
  await Promise.all(protocols.map(([, options]) => slowHandler(options)));
}, 90_000);

async function slowHandler(options: object): Promise<void> {
  const topic = await filled();
  const groupId = uniqueName('g');
  const consumer = reader(topic, groupId, options);
  const events: ConsumerEvent[] = [];
  consumer.events$.subscribe((event) => events.push(event));
  const processed: number[] = [];
  let generation = -1;
  consumer.records$
    .pipe(
      processEach(({ offset }) => {
        if (offset === 0) generation = consumer.groupMetadata().generation;
        return firstValueFrom(timer(offset === 0 ? 25_000 : 1)).then(() => {
          processed.push(offset);
          return [];
        });
      }),
      acknowledge(),
    )
    .subscribe();
  await firstValueFrom(timer(27_500));
  await firstValueFrom(consumer.commit());
  expect(processed).toEqual([0, 1, 2]);
  expect(consumer.groupMetadata().generation).toBe(generation);
  expect(events.filter(({ type }) => type === 'lost' || type === 'revoked' || type === 'expired')).toEqual([]);
  expect(await committedOffsets(sharedBrokers(), groupId, topic)).toEqual([3]);
}

describe.each(protocols)('%s member', (_name, options) => {
  it('past maxPollIntervalMs leaves with its hung handler, and comes back when that makes progress [C24] [C25] [D#847]', async () => {
    const topic = await filled();
    const groupId = uniqueName('g');
    const consumer = reader(topic, groupId, { ...options, maxPollIntervalMs: 4000 });
    const back = new Subject<void>();
    const types: string[] = [];
    consumer.events$.subscribe(({ type }) => types.push(type));
    const once = (type: string): Promise<unknown> =>
      firstValueFrom(
        consumer.events$.pipe(
          filter((event) => event.type === type),
          timeout(30_000),
        ),
      );
    let hung = true;
    const delivered: number[] = [];
    consumer.records$
      .pipe(
        processEach(({ offset }) => {
          delivered.push(offset);
          return hung ? firstValueFrom(back.pipe(take(1))).then(() => []) : [];
        }),
        acknowledge(),
      )
      .subscribe();
    await once('expired');
    // somebody else gets the partition, which says that the member has left
    const other = reader(topic, groupId, options);
    const taken = firstValueFrom(
      other.assignment$.pipe(
        filter(({ length }) => length === 1),
        timeout(20_000),
      ),
    );
    const subscription = other.records$.pipe(filter(() => false)).subscribe();
    await taken;
    expect(consumer.assignment).toEqual([]);
    await firstValueFrom(timer(6000));
    expect(types.filter((type) => type === 'assigned')).toHaveLength(1);
    subscription.unsubscribe();
    await other.close({ timeoutMs: 100 });
    const again = once('assigned');
    hung = false;
    back.next();
    await again;
    await firstValueFrom(timer(1000));
    expect(delivered).toEqual([0, 0, 1, 2]);
    expect(types).toContain('lost');
  }, 120_000);
});
