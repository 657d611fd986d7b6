import { execFile } from 'node:child_process';
import {
  filter,
  firstValueFrom,
  lastValueFrom,
  merge,
  Subject,
  take,
  takeUntil,
  tap,
  timer,
  toArray,
  timeout,
} from 'rxjs';
import { type Consumer, type ConsumerEvent, Kafka, UsageError, utf8 } from '../../src/index.js';
import { acknowledge, commitOffsets, forEachPartition, processEach } from '../../operators/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { committedOffsets, createTopic } from '../support/peers/kafkajs.js';

const open: Kafka[] = [];
const newKafka = (): Kafka => {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  open.push(kafka);
  return kafka;
};
const texts = { keyDeserializer: utf8, valueDeserializer: utf8, autoOffsetReset: 'earliest' } as const;
const quick = { sessionTimeoutMs: 6000, heartbeatIntervalMs: 500 } as const;

afterEach(async () => {
  await Promise.all(open.splice(0).map((kafka) => kafka.close({ timeoutMs: 2000 })));
});

async function fill(kafka: Kafka, topic: string, count: number, partitions: number): Promise<void> {
  const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });
  const sent = Array.from({ length: count }, (_, n) =>
    producer.sendAndWait({ topic, key: `k${n}`, value: `v${n}`, partition: n % partitions }),
  );
  await Promise.all(sent);
  await producer.close();
}

async function topicOf(count: number, partitions = 3): Promise<{ kafka: Kafka; topic: string }> {
  const topic = uniqueName('consumer');
  await createTopic(sharedBrokers(), topic, { partitions });
  const kafka = newKafka();
  if (count > 0) await fill(kafka, topic, count, partitions);
  return { kafka, topic };
}
const values = (count: number): string[] => Array.from({ length: count }, (_, n) => `v${n}`).sort();
const stable = (consumer: Consumer<string, string>, partitions: number): Promise<unknown> =>
  firstValueFrom(
    consumer.assignment$.pipe(
      filter((held) => held.length === partitions),
      timeout(20_000),
    ),
  );

describe('consumer on a real cluster', () => {
  it('reads every partition without a group [C4]', async () => {
    const { kafka, topic } = await topicOf(60);
    for (const consumer of [kafka.consumer({ topics: topic, ...texts }), kafka.consumer({ topics: topic, ...texts })]) {
      const read = await lastValueFrom(consumer.records$.pipe(take(60), toArray(), timeout(20_000)));
      expect(read.map(({ value }) => value).sort()).toEqual(values(60));
      expect(() => consumer.groupMetadata()).toThrow(UsageError);
    }
  }, 60_000);

  it('commits what was acknowledged and goes on there after a restart [C6] [X4]', async () => {
    const { kafka, topic } = await topicOf(30, 1);
    const groupId = uniqueName('group');
    const first = kafka.consumer({ groupId, topics: topic, ...texts });
    await lastValueFrom(first.records$.pipe(take(10), acknowledge(), timeout(20_000)));
    await first.close();
    expect(await committedOffsets(sharedBrokers(), groupId, topic)).toEqual([10]);
    const second = kafka.consumer({ groupId, topics: topic, ...texts });
    const next = await firstValueFrom(second.records$.pipe(timeout(20_000)));
    expect(next.offset).toBe(10);
  }, 60_000);

  it('[C10] commits a position from the reset policy, empty partitions included', async () => {
    const { kafka, topic } = await topicOf(0);
    const groupId = uniqueName('group');
    const consumer = kafka.consumer({ groupId, topics: topic, ...texts, autoOffsetReset: 'latest' });
    const assigned = firstValueFrom(
      consumer.events$.pipe(
        filter(({ type }) => type === 'assigned'),
        timeout(20_000),
      ),
    );
    const subscription = consumer.records$.pipe(acknowledge()).subscribe();
    await assigned;
    expect(await committedOffsets(sharedBrokers(), groupId, topic)).toEqual([0, 0, 0]);
    subscription.unsubscribe();
  }, 60_000);

  it('[C3, C8, D#929, L2] gives each of two members of one Kafka half of the partitions, drains before handing over [C13]', async () => {
    const { kafka, topic } = await topicOf(400, 4);
    const groupId = uniqueName('group');
    const seen: string[] = [];
    const events: ConsumerEvent[] = [];
    const start = (): Consumer<string, string> => {
      const consumer = kafka.consumer({ groupId, topics: topic, ...texts, ...quick, commit: { everyMs: 200 } });
      consumer.events$.subscribe((event) => events.push(event));
      consumer.partitions$
        .pipe(
          forEachPartition((records$) =>
            records$.pipe(processEach((record) => timer(5).pipe(tap(() => seen.push(record.value))))),
          ),
          commitOffsets(),
        )
        .subscribe();
      return consumer;
    };
    const first = start();
    await stable(first, 4);
    const second = start();
    await Promise.all([stable(first, 2), stable(second, 2)]);
    while (new Set(seen).size < 400) await firstValueFrom(timer(50));
    await first.close();
    await second.close();
    expect([...seen].sort()).toEqual(values(400));
    expect(events.filter(({ type }) => type === 'lost')).toEqual([]);
    expect(await committedOffsets(sharedBrokers(), groupId, topic)).toEqual([100, 100, 100, 100]);
  }, 60_000);

  it('[CM4] completes partition streams on revoke, and never fails them', async () => {
    const { kafka, topic } = await topicOf(0, 2);
    const groupId = uniqueName('group');
    const first = kafka.consumer({ groupId, topics: topic, ...texts, ...quick });
    const completed: number[] = [];
    first.partitions$.subscribe((partition) => {
      partition.pipe(acknowledge()).subscribe({ complete: () => completed.push(partition.partition) });
    });
    await stable(first, 2);
    const second = kafka.consumer({ groupId, topics: topic, ...texts, ...quick });
    const subscription = second.records$.pipe(acknowledge()).subscribe();
    await Promise.all([stable(first, 1), stable(second, 1)]);
    expect(completed).toEqual([second.assignment[0]?.partition]);
    subscription.unsubscribe();
  }, 60_000);

  it('[L24, RX8] keeps the membership over retry and delivers again from the first unsettled record', async () => {
    const { kafka, topic } = await topicOf(10, 1);
    const groupId = uniqueName('group');
    const consumer = kafka.consumer({ groupId, topics: topic, ...texts });
    const joins: string[] = [];
    consumer.state$.subscribe((state) => joins.push(state));
    const offsets: number[] = [];
    let failed = false;
    const { retry } = await import('rxjs');
    await lastValueFrom(
      consumer.records$.pipe(
        tap(({ offset }) => {
          offsets.push(offset);
          if (offset === 4 && !failed) {
            failed = true;
            throw new Error('once');
          }
        }),
        acknowledge(),
        retry(2),
        take(10),
        timeout(20_000),
      ),
    );
    expect(offsets.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 4]);
    expect(joins.filter((state) => state === 'joining')).toHaveLength(1);
  }, 60_000);

  it('[RX7] refuses a second subscription and names fanOut', async () => {
    const { kafka, topic } = await topicOf(0, 1);
    const consumer = kafka.consumer({ topics: topic, ...texts });
    const stop$ = new Subject<void>();
    consumer.records$.pipe(takeUntil(stop$)).subscribe();
    await expect(firstValueFrom(consumer.batches$)).rejects.toThrow('fanOut');
    stop$.next();
  }, 60_000);

  it('seeks, and delivers nothing from before the seek afterwards [C11]', async () => {
    const { kafka, topic } = await topicOf(100, 1);
    const consumer = kafka.consumer({ topics: topic, ...texts, window: { records: 5 }, acknowledge: 'explicit' });
    const offsets: number[] = [];
    let moved = false;
    const done = lastValueFrom(
      merge(
        consumer.records$.pipe(
          tap(({ offset }) => {
            offsets.push(offset);
            if (offsets.length === 3 && !moved) {
              moved = true;
              consumer.seek({ topic, partition: 0 }, 90).subscribe({
                complete: () => {
                  offsets.length = 0;
                },
              });
            }
          }),
          acknowledge(),
          filter(({ offset }) => offset === 99),
          take(1),
        ),
      ).pipe(timeout(20_000)),
    );
    await done;
    expect(offsets).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
  }, 60_000);

  it('pauses and resumes by hand, other partitions go on [C18]', async () => {
    const { kafka, topic } = await topicOf(20, 2);
    const consumer = kafka.consumer({ topics: topic, ...texts });
    consumer.pause([{ topic, partition: 0 }]);
    const seen: number[] = [];
    consumer.records$.subscribe(({ partition }) => seen.push(partition));
    while (seen.length < 10) await firstValueFrom(timer(20));
    await firstValueFrom(timer(300));
    expect(new Set(seen)).toEqual(new Set([1]));
    expect(consumer.why({ topic, partition: 0 }).paused).toContain('user');
    consumer.resume([{ topic, partition: 0 }]);
    while (seen.length < 20) await firstValueFrom(timer(20));
  }, 60_000);

  it('[CM20, CM21, CM23, CM24, L25] answers queries without a subscription', async () => {
    const { kafka, topic } = await topicOf(30);
    const all = [0, 1, 2].map((partition) => ({ topic, partition }));
    const consumer = kafka.consumer({ topics: topic, groupId: uniqueName('group') });
    expect((await firstValueFrom(consumer.endOffsets(all))).map(({ offset }) => offset)).toEqual([10, 10, 10]);
    expect((await firstValueFrom(consumer.beginningOffsets(all))).map(({ offset }) => offset)).toEqual([0, 0, 0]);
    expect(await firstValueFrom(consumer.committed(all))).toEqual([]);
    expect(await firstValueFrom(consumer.partitionsFor(topic))).toHaveLength(3);
    expect(await firstValueFrom(consumer.listTopics())).toContain(topic);
    const times = all.map((tp) => ({ ...tp, timestamp: 0 }));
    expect((await firstValueFrom(consumer.offsetsForTimes(times))).map((found) => found?.offset)).toEqual([0, 0, 0]);
    const future = all.map((tp) => ({ ...tp, timestamp: Date.now() + 86_400_000 }));
    expect(await firstValueFrom(consumer.offsetsForTimes(future))).toEqual([null, null, null]);
  }, 60_000);

  it('[RX5, E8] reports a pipe that settles nothing, once, and says what to add', async () => {
    const { kafka, topic } = await topicOf(50, 1);
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const consumer = kafka.consumer({
      groupId: uniqueName('g'),
      topics: topic,
      ...texts,
      ...quick,
      window: { records: 10 },
    });
    const stalls: ConsumerEvent[] = [];
    consumer.events$.pipe(filter(({ type }) => type === 'stalled')).subscribe((event) => stalls.push(event));
    const subscription = consumer.records$.subscribe();
    while (stalls.length === 0) await firstValueFrom(timer(100));
    await firstValueFrom(timer(2500));
    const warnings = warn.mock.calls.map(([message]) => String(message));
    warn.mockRestore();
    expect(stalls).toEqual([{ type: 'stalled', topic, partition: 0, offset: 0, reason: 'unread' }]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('acknowledge()');
    subscription.unsubscribe();
  }, 60_000);

  it('[G4, B169] ends the process by itself after sending, and after closing', async () => {
    const topic = uniqueName('exit');
    const script = `
      import { Kafka, utf8 } from './src/index.ts';
      const kafka = new Kafka({ bootstrapServers: process.env.KAFKA_BROKERS });
      const { offset } = await kafka.producer({ valueSerializer: utf8 }).sendAndWait({ topic: '${topic}', value: 'x' });
      console.log('offset', offset);`;
    const out = await new Promise<string>((resolve, reject) => {
      const options = { timeout: 30_000, env: { ...process.env, KAFKA_BROKERS: sharedBrokers() } };
      const args = ['--import', './scripts/ts.mjs', '--input-type=module', '-e', script];
      execFile(process.execPath, args, options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${error.message} ${stderr}`));
      });
    });
    expect(out).toBe('offset 0\n');
  }, 60_000);

  it('keeps trying an unreachable bootstrap server and says so', async () => {
    const kafka = new Kafka({ bootstrapServers: '127.0.0.1:1', connectTimeoutMs: 500 });
    open.push(kafka);
    const failures = firstValueFrom(
      kafka.events$.pipe(
        filter(({ type }) => type === 'disconnected'),
        take(3),
        toArray(),
        timeout(20_000),
      ),
    );
    const subscription = kafka.consumer({ topics: 'x' }).records$.subscribe();
    expect(await failures).toHaveLength(3);
    subscription.unsubscribe();
  }, 60_000);
});
