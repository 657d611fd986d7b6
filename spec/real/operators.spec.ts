import { Subject, firstValueFrom, lastValueFrom, map, take, tap, timeout, timer, toArray } from 'rxjs';
import {
  acknowledge,
  batchRecords,
  commitOffsets,
  conflateBy,
  fanOut,
  mapValue,
  pauseWhile,
  processEach,
  toAsyncIterable,
} from '../../operators/index.js';
import { type Consumer, type ConsumerEvent, Kafka, utf8 } from '../../src/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { committedOffsets, createTopic } from '../support/peers/kafkajs.js';

const open: Kafka[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((kafka) => kafka.close({ timeoutMs: 2000 })));
});

interface Scene {
  readonly topic: string;
  readonly groupId: string;
  readonly consumer: Consumer<string, string>;
}

/** A topic of one partition with `count` records of `keys` keys, and a group member that reads it. */
async function scene(count: number, options: object = {}, keys = count): Promise<Scene> {
  const topic = uniqueName('operators');
  const groupId = uniqueName('group');
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  open.push(kafka);
  const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });
  await Promise.all(
    Array.from({ length: count }, (_, n) => producer.sendAndWait({ topic, key: `k${n % keys}`, value: `v${n}` })),
  );
  const texts = { keyDeserializer: utf8, valueDeserializer: utf8, autoOffsetReset: 'earliest' } as const;
  return { topic, groupId, consumer: kafka.consumer({ topics: topic, groupId, ...texts, ...options }) };
}
const committed = ({ groupId, topic }: Scene): Promise<readonly (number | null)[]> =>
  committedOffsets(sharedBrokers(), groupId, topic);

describe('operators on a real cluster', () => {
  it('batches more than the window holds without a deadlock, and commits all of it', async () => {
    const at = await scene(40, { window: { records: 8 } });
    const sizes = await lastValueFrom(
      at.consumer.records$.pipe(
        take(40),
        batchRecords({ maxRecords: 16, maxMs: 60_000 }),
        processEach((batch) => timer(5).pipe(map(() => batch.items.length))),
        acknowledge(),
        map((batch) => batch.value),
        toArray(),
        timeout(30_000),
      ),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(40);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(8);
    await at.consumer.close();
    expect(await committed(at)).toEqual([40]);
  }, 60_000);

  it('keeps its membership through a pause that is longer than maxPollIntervalMs [D#848]', async () => {
    const at = await scene(5, { maxPollIntervalMs: 7000, sessionTimeoutMs: 6000, heartbeatIntervalMs: 500 });
    const events: ConsumerEvent['type'][] = [];
    at.consumer.events$.subscribe((event) => events.push(event.type));
    const paused$ = new Subject<boolean>();
    const seen: string[] = [];
    const subscription = at.consumer.records$
      .pipe(
        pauseWhile(paused$),
        processEach((record) => timer(20).pipe(tap(() => seen.push(record.value)))),
        acknowledge(),
      )
      .subscribe();
    paused$.next(true);
    await firstValueFrom(timer(11_000));
    expect(at.consumer.why({ topic: at.topic, partition: 0 }).paused).toContain('pauseWhile');
    expect(seen).toEqual([]);
    paused$.next(false);
    // longer than a tick of the watch, which must not count the pause afterwards either
    await firstValueFrom(timer(3000));
    expect(seen).toEqual(['v0', 'v1', 'v2', 'v3', 'v4']);
    expect(events.filter((type) => type === 'lost' || type === 'revoked')).toEqual([]);
    subscription.unsubscribe();
  }, 60_000);

  it('commits with the slower arm of a fan-out', async () => {
    const at = await scene(20, { commit: { everyMs: 50 } });
    const gate$ = new Subject<number>();
    let gated = false;
    const receipts = lastValueFrom(
      at.consumer.records$.pipe(
        take(20),
        fanOut(
          (r$) => r$.pipe(mapValue((r) => r.value)),
          (r$) =>
            r$.pipe(
              processEach((r) => (r.offset < 10 ? timer(1) : gate$.pipe(take(1))), { order: 'none', concurrency: 20 }),
            ),
        ),
        commitOffsets(),
        tap(({ offsets }) => {
          if (offsets[0]!.offset === 10) gate$.next(0);
          else expect(offsets[0]!.offset <= 10 || gated).toBe(true);
          gated ||= offsets[0]!.offset === 10;
        }),
        toArray(),
        timeout(30_000),
      ),
    );
    expect((await receipts).at(-1)!.offsets[0]!.offset).toBe(20);
    expect(gated).toBe(true);
    await at.consumer.close();
    expect(await committed(at)).toEqual([20]);
  }, 60_000);

  it('commits what a for await loop asked beyond, and nothing more', async () => {
    const at = await scene(10);
    const seen: string[] = [];
    for await (const record of toAsyncIterable(at.consumer.records$)) {
      if (record.offset === 6) break;
      seen.push(record.value);
    }
    await at.consumer.close();
    expect(seen).toEqual(['v0', 'v1', 'v2', 'v3', 'v4', 'v5']);
    expect(await committed(at)).toEqual([6]);
  }, 60_000);

  it('conflates more records than the window holds, and commits the superseded', async () => {
    const at = await scene(200, { window: { records: 10 } }, 3);
    const seen: string[] = [];
    await lastValueFrom(
      at.consumer.records$.pipe(
        take(200),
        conflateBy((record) => record.key, { everyMs: 60_000 }),
        acknowledge(),
        tap((record) => seen.push(record.value)),
        timeout(30_000),
      ),
    );
    expect(seen).toEqual(['v197', 'v198', 'v199']);
    await at.consumer.close();
    expect(await committed(at)).toEqual([200]);
  }, 60_000);
});
