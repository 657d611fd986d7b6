import { filter, firstValueFrom, type Observable, race, Subject, timeout, timer } from 'rxjs';
import { acknowledge, forEachPartition, processEach } from '../../operators/index.js';
import { type Consumer, type ConsumerEvent, cooperativeSticky, Kafka, range, utf8 } from '../../src/index.js';
import { waitUntil } from '../support/kafka/probe.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';

const open: Kafka[] = [];
/** Ends what still hangs when a spec is over. */
const over$ = new Subject<number>();
const newKafka = (): Kafka => {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  open.push(kafka);
  return kafka;
};

afterEach(async () => {
  over$.next(0);
  await Promise.all(open.splice(0).map((kafka) => kafka.close({ timeoutMs: 1000 })));
});

const protocols: readonly [string, object][] = [
  ['cooperative', { assignors: [cooperativeSticky], sessionTimeoutMs: 6000, heartbeatIntervalMs: 500 }],
  ['eager', { assignors: [range], sessionTimeoutMs: 6000, heartbeatIntervalMs: 500 }],
  ['KIP-848', { groupProtocol: 'consumer' }],
];
const count = 20;

/** Both members on one clock: what they processed, and when their last commit was answered. */
class Member {
  readonly consumer: Consumer<string, string>;
  readonly begun: { readonly at: number; readonly partition: number; readonly offset: number }[] = [];
  readonly done: { readonly at: number; readonly partition: number; readonly offset: number }[] = [];
  readonly events: (ConsumerEvent & { readonly at: number })[] = [];

  constructor(topic: string, groupId: string, options: object, work: (offset: number) => number) {
    this.consumer = newKafka().consumer({
      groupId,
      topics: topic,
      keyDeserializer: utf8,
      valueDeserializer: utf8,
      autoOffsetReset: 'earliest',
      commit: { everyMs: 200 },
      // one record at a time, so that a drain waits for one handler and not for a queue
      window: { records: 1 },
      ...options,
    });
    this.consumer.events$.subscribe((event) => this.events.push({ ...event, at: performance.now() }));
    const pipe$: Observable<unknown> = this.consumer.partitions$.pipe(
      forEachPartition((records$) =>
        records$.pipe(
          processEach(({ partition, offset }) => {
            this.begun.push({ at: performance.now(), partition, offset });
            return firstValueFrom(race(timer(work(offset)), over$)).then(() => {
              this.done.push({ at: performance.now(), partition, offset });
              return [];
            });
          }),
          acknowledge(),
        ),
      ),
    );
    pipe$.subscribe({
      error: (error: unknown) => this.events.push({ type: 'commitFailed', offsets: [], error, at: 0 }),
    });
  }

  kinds(type: ConsumerEvent['type']): (ConsumerEvent & { readonly at: number })[] {
    return this.events.filter((event) => event.type === type);
  }
}

async function filled(): Promise<string> {
  const topic = uniqueName('handover');
  await createTopic(sharedBrokers(), topic, { partitions: 2 });
  const producer = newKafka().producer({ keySerializer: utf8, valueSerializer: utf8 });
  await Promise.all(
    Array.from({ length: count }, (_, n) =>
      producer.sendAndWait({ topic, key: 'k', value: `v${n}`, partition: n % 2 }),
    ),
  );
  await producer.close();
  return topic;
}

describe.each(protocols)('a hand-over between %s members', (_name, options) => {
  it('waits for a handler of 3 s; the new owner starts after it and repeats nothing [C23] [D#929] [L1] [L2] [W12]', async () => {
    const topic = await filled();
    const groupId = uniqueName('g');
    const first = new Member(topic, groupId, options, (offset) => (offset === 2 ? 3000 : 20));
    await waitUntil(
      'both slow handlers run',
      20_000,
      () => first.begun.filter(({ offset }) => offset === 2).length === 2,
    );
    const second = new Member(topic, groupId, options, () => 20);
    await waitUntil('everything is processed', 40_000, () => first.done.length + second.done.length >= count);
    await firstValueFrom(timer(500));
    expect(second.begun.length).toBeGreaterThan(0);
    const moved = second.begun[0]!.partition;
    const lastOfFirst = Math.max(...first.done.filter(({ partition }) => partition === moved).map(({ at }) => at));
    expect(second.begun[0]!.at).toBeGreaterThan(lastOfFirst);
    const seen = [...first.begun, ...second.begun].map(({ partition, offset }) => `${partition}:${offset}`);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toHaveLength(count);
    const handed = first.kinds('handedOff');
    expect(handed).toHaveLength(1);
    expect(handed[0]).toMatchObject({ abandoned: [] });
    for (const member of [first, second])
      expect([...member.kinds('lost'), ...member.kinds('commitFailed')]).toEqual([]);
  }, 90_000);

  it('does not wait beyond the drain deadline: the group goes on, and the event names what was abandoned [L7] [W12]', async () => {
    const topic = await filled();
    const groupId = uniqueName('g');
    const late = { ...options, drainTimeoutMs: 2500 };
    const first = new Member(topic, groupId, late, (offset) => (offset === 2 ? 15_000 : 20));
    await waitUntil(
      'both hung handlers run',
      20_000,
      () => first.begun.filter(({ offset }) => offset === 2).length === 2,
    );
    const second = new Member(topic, groupId, options, () => 20);
    const asked = performance.now();
    await waitUntil('the new owner works', 14_000, () => second.begun.length > 0);
    const { at, partition, offset } = second.begun[0]!;
    expect(offset).toBe(2);
    // not before the deadline, and long before the handler came back
    expect(at - asked).toBeGreaterThan(2000);
    const handed = first.kinds('handedOff').filter((event) => 'abandoned' in event && event.abandoned.length > 0);
    expect(handed[0]).toMatchObject({ drained: 0 });
    expect(handed.flatMap((event) => ('abandoned' in event ? event.abandoned : []))).toContainEqual({
      topic,
      partition,
      offset: 2,
    });
    await waitUntil('the new owner ends it', 20_000, () => second.done.some((done) => done.offset === count / 2 - 1));
    await firstValueFrom(
      second.consumer.state$.pipe(
        filter((state) => state === 'stable'),
        timeout(10_000),
      ),
    );
    expect(first.kinds('lost')).toEqual([]);
  }, 90_000);
});
