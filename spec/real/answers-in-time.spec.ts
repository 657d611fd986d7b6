import { filter, firstValueFrom, Subject, timeout, timer } from 'rxjs';
import { commitOffsets, forEachPartition, processEach } from '../../operators/index.js';
import { type Consumer, Kafka, range, utf8 } from '../../src/index.js';
import { heartbeatApi } from '../../src/protocol/messages/heartbeat.js';
import { joinGroupApi } from '../../src/protocol/messages/join-group.js';
import { offsetCommitApi } from '../../src/protocol/messages/offset-commit.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';
import { TimedRuntime } from '../support/timed-runtime.js';

const handlerMs = 20_000;

/** Holds that many partitions, or fails. */
const holds = (consumer: Consumer<string, string>, count: number): Promise<unknown> =>
  firstValueFrom(
    consumer.assignment$.pipe(
      filter(({ length }) => length === count),
      timeout(60_000),
    ),
  );

it('two consumers of one Kafka in one group have heartbeats and commits answered within a second, while one drains for 20 s and the other waits in its join [C22] [C23]', async () => {
  const topic = uniqueName('timely');
  const groupId = uniqueName('timely');
  await createTopic(sharedBrokers(), topic, { partitions: 6 });
  const timed = new TimedRuntime();
  const kafka = new Kafka({ bootstrapServers: sharedBrokers(), runtime: timed.runtime });
  const begun = new Subject<void>();
  const join = (handlesSlowly: boolean): Consumer<string, string> => {
    const consumer = kafka.consumer({
      groupId,
      topics: topic,
      keyDeserializer: utf8,
      valueDeserializer: utf8,
      autoOffsetReset: 'earliest',
      assignors: [range],
      heartbeatIntervalMs: 500,
      sessionTimeoutMs: 6000,
      rebalanceTimeoutMs: 60_000,
      drainTimeoutMs: 30_000,
    });
    consumer.partitions$
      .pipe(
        forEachPartition((records$) =>
          records$.pipe(
            processEach(async ({ value }) => {
              if (handlesSlowly && value === 'slow') {
                begun.next();
                await firstValueFrom(timer(handlerMs));
              }
            }),
          ),
        ),
        commitOffsets({ everyMs: 200 }),
      )
      .subscribe();
    return consumer;
  };
  try {
    const busy = join(true);
    await holds(busy, 6);
    const waiting = join(false);
    await Promise.all([holds(busy, 3), holds(waiting, 3)]);
    const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });
    const [first, second] = busy.assignment;
    const isSlow = firstValueFrom(begun);
    await producer.sendAndWait({ ...first!, value: 'slow' });
    await isSlow;
    const started = performance.now();
    // work goes on beside the slow record while the rebalance begins, so that there is something to commit
    const third = join(false);
    for (let n = 0; n < 10; n++) await producer.sendAndWait({ ...second!, value: 'quick' });
    await Promise.all([busy, waiting, third].map((consumer) => holds(consumer, 2)));
    expect(performance.now() - started).toBeGreaterThan(handlerMs - 2000);
    const joins = timed.tookMs(joinGroupApi.key, started);
    expect(Math.max(...joins)).toBeGreaterThan(10_000);
    const heartbeats = timed.tookMs(heartbeatApi.key, started);
    expect(heartbeats.length).toBeGreaterThan(40);
    expect(heartbeats.filter((ms) => ms > 1000)).toEqual([]);
    const commits = timed.tookMs(offsetCommitApi.key, started);
    expect(commits.length).toBeGreaterThan(0);
    expect(commits.filter((ms) => ms > 1000)).toEqual([]);
  } finally {
    await kafka.close({ timeoutMs: 2000 });
  }
}, 120_000);
