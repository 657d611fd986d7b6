import { firstValueFrom, timer } from 'rxjs';
import { commitOffsets, forEachPartition, processEach } from '../../operators/index.js';
import { type Consumer, type ConsumerEvent, Kafka, type TopicPartition, utf8 } from '../../src/index.js';
import { waitUntil } from '../support/kafka/probe.js';
import { uniqueName } from '../support/kafka/shared-brokers.js';
import { committedOffsets, createTopic } from '../support/peers/kafkajs.js';
import { onCluster, type Proof, type ProofReport } from '../support/proof.js';

/** How long the handler of one record takes; the session is the same in both. */
const handlerMs = { short: 12_000, full: 180_000 } as const;
const sessionTimeoutMs = 10_000;
/** Records in each of the two partitions, one for each member. */
const each = 5;

interface Member {
  readonly consumer: Consumer<string, string>;
  readonly events: ConsumerEvent[];
  readonly processed: string[];
}

function join(kafka: Kafka, topic: string, groupId: string, slowMs: number): Member {
  const consumer = kafka.consumer({
    groupId,
    topics: topic,
    keyDeserializer: utf8,
    valueDeserializer: utf8,
    autoOffsetReset: 'earliest',
    sessionTimeoutMs,
    heartbeatIntervalMs: 3000,
    maxPollIntervalMs: 300_000,
    stallWarningMs: 600_000,
  });
  const events: ConsumerEvent[] = [];
  const processed: string[] = [];
  consumer.events$.subscribe((event) => events.push(event));
  consumer.partitions$
    .pipe(
      forEachPartition((records$) =>
        records$.pipe(
          processEach(async ({ partition, offset }) => {
            // the first record takes long, whoever got it: both members stand in their handler
            await firstValueFrom(timer(offset === 0 ? slowMs : 1));
            processed.push(`${partition}:${offset}`);
          }),
        ),
      ),
      commitOffsets({ everyMs: 500 }),
    )
    .subscribe({ error: (error: unknown) => processed.push(String(error)) });
  return { consumer, events, processed };
}

function assigned(events: readonly ConsumerEvent[]): readonly TopicPartition[] {
  return events.flatMap((event) => (event.type === 'assigned' ? event.partitions : []));
}

function isSame(a: TopicPartition, b: TopicPartition | undefined): boolean {
  return a.topic === b?.topic && a.partition === b.partition;
}

async function execute(bootstrapServers: string, scale: 'short' | 'full'): Promise<ProofReport> {
  const topic = uniqueName('slow');
  const groupId = uniqueName('slow');
  await createTopic(bootstrapServers, topic, { partitions: 2 });
  const kafka = new Kafka({ bootstrapServers });
  const members = [0, 1].map(() => join(kafka, topic, groupId, handlerMs[scale]));
  try {
    await waitUntil('each member has been given one partition', 60_000, () =>
      members.every(
        ({ consumer, events }) =>
          consumer.assignment.length === 1 && assigned(events).some((tp) => isSame(tp, consumer.assignment[0])),
      ),
    );
    const generations = members.map(({ consumer }) => consumer.groupMetadata().generation);
    for (const { events } of members) events.length = 0;
    const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });
    for (let n = 0; n < each; n++) {
      for (const partition of [0, 1]) await producer.sendAndWait({ topic, partition, key: 'k', value: String(n) });
    }
    await waitUntil('everything is processed', handlerMs[scale] + 30_000, () =>
      members.every(({ processed }) => processed.length >= each),
    );
    await waitUntil('everything is committed', 10_000, async () =>
      (await committedOffsets(bootstrapServers, groupId, topic)).every((offset) => offset === each),
    );
    const moves = members.flatMap(({ events }) =>
      events.filter(({ type }) => ['assigned', 'revoked', 'lost', 'expired'].includes(type)),
    );
    const after = members.map(({ consumer }) => consumer.groupMetadata().generation);
    const once = members.every(({ processed }) => processed.length === each && new Set(processed).size === each);
    return {
      passed: moves.length === 0 && once && after.join() === generations.join(),
      lines: [
        `both members were ${handlerMs[scale] / 1000} s in one handler, with a session of ${sessionTimeoutMs / 1000} s`,
        `generations ${generations.join()} before and ${after.join()} after, ${moves.length} moves of partitions`,
        `processed ${members.map(({ processed }) => processed.join(' ')).join(' | ')}`,
      ],
    };
  } finally {
    await kafka.close({ timeoutMs: 1000 });
  }
}

export const proof: Proof = {
  name: 'slow-handler',
  describe: 'a handler that takes longer than the session costs no membership',
  run: ({ scale, brokers }) => onCluster(brokers, (bootstrapServers) => execute(bootstrapServers, scale)),
};
