import { concatMap, firstValueFrom, from, lastValueFrom, timer, toArray } from 'rxjs';
import { Kafka, type TransactionalProducer, utf8 } from '../../src/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';

const kafkas: Kafka[] = [];

afterEach(async () => {
  await Promise.all(kafkas.splice(0).map((kafka) => kafka.close({ timeoutMs: 5000 })));
});

function client(): Kafka {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  kafkas.push(kafka);
  return kafka;
}

function textProducer(
  transactionalId: string = uniqueName('tx'),
  options: object = {},
): TransactionalProducer<string, string> {
  return client().transactionalProducer({ transactionalId, keySerializer: utf8, valueSerializer: utf8, ...options });
}

async function topicOf(partitions: number): Promise<string> {
  const topic = uniqueName('transactions');
  await createTopic(sharedBrokers(), topic, { partitions });
  return topic;
}

/** The markers of a transaction come after the answer to its end: waits until all partitions are stable. */
async function stable(topic: string): Promise<void> {
  const end = async (isolationLevel: 'read_committed' | 'read_uncommitted'): Promise<string> => {
    const consumer = client().consumer({ topics: topic, isolationLevel });
    const partitions = await firstValueFrom(consumer.partitionsFor(topic));
    const offsets = await firstValueFrom(consumer.endOffsets(partitions));
    return offsets.map(({ partition, offset }) => `${partition}:${offset}`).join();
  };
  for (let tries = 0; (await end('read_committed')) !== (await end('read_uncommitted')); tries++) {
    if (tries === 100) throw new Error(`${topic} is not stable`);
    await firstValueFrom(timer(50));
  }
}

async function read(topic: string, isolationLevel: 'read_committed' | 'read_uncommitted'): Promise<string[]> {
  await stable(topic);
  const consumer = client().consumer({
    topics: topic,
    valueDeserializer: utf8,
    autoOffsetReset: 'earliest',
    isolationLevel,
  });
  const records = await lastValueFrom(consumer.readRange().pipe(toArray()));
  return records.map(({ partition, value }) => `${partition}:${value}`).sort();
}

describe('transactions on a real cluster', () => {
  it('commits what a transaction wrote to several topics and partitions [T1] [PM9] [B90]', async () => {
    const [a, b] = [await topicOf(2), await topicOf(1)];
    const producer = textProducer();
    const written = await lastValueFrom(
      producer
        .transaction((tx) =>
          from([
            { topic: a, partition: 0, value: 'a0' },
            { topic: a, partition: 1, value: 'a1' },
            { topic: b, partition: 0, value: 'b0' },
          ]).pipe(concatMap((record) => tx.send(record))),
        )
        .pipe(toArray()),
    );
    expect(written.map(({ topic, partition, offset }) => [topic, partition, offset])).toEqual([
      [a, 0, 0],
      [a, 1, 0],
      [b, 0, 0],
    ]);
    expect(await read(a, 'read_committed')).toEqual(['0:a0', '1:a1']);
    expect(await read(b, 'read_committed')).toEqual(['0:b0']);
  }, 60_000);

  it('hides what an aborted transaction wrote [T3] [PM11]', async () => {
    const topic = await topicOf(1);
    const producer = textProducer();
    for (const [value, end] of [
      ['x', 'abort'],
      ['y', 'commit'],
      ['z', 'abort'],
    ] as const) {
      const tx = await firstValueFrom(producer.beginTransaction());
      await firstValueFrom(tx.send({ topic, value }));
      const answers = await lastValueFrom(tx[end]().pipe(toArray()));
      expect(answers).toEqual([undefined]);
    }
    expect(await read(topic, 'read_committed')).toEqual(['0:y']);
    expect(await read(topic, 'read_uncommitted')).toEqual(['0:x', '0:y', '0:z']);
  }, 60_000);

  it('commits offsets of several groups with the records, and drops them with an abort [T2] [PM10] [D#R2]', async () => {
    const [input, output] = [await topicOf(1), await topicOf(1)];
    const groups = [uniqueName('first'), uniqueName('second'), uniqueName('third')];
    const producer = textProducer();
    const offsetsOf = async (groupId: string): Promise<number | null> => {
      const consumer = client().consumer({ groupId, topics: input });
      const [committed] = await firstValueFrom(consumer.committed([{ topic: input, partition: 0 }]));
      return committed?.offset ?? null;
    };
    for (const [n, end] of (['commit', 'abort'] as const).entries()) {
      const tx = await firstValueFrom(producer.beginTransaction());
      await firstValueFrom(tx.send({ topic: output, value: `${n}` }));
      for (const [at, groupId] of groups.entries()) {
        const group = { groupId, generation: -1, memberId: '', groupInstanceId: null };
        await firstValueFrom(tx.sendOffsets([{ topic: input, partition: 0, offset: 10 * n + at + 1 }], group));
      }
      await firstValueFrom(tx[end]());
    }
    expect(await Promise.all(groups.map(offsetsOf))).toEqual([1, 2, 3]);
    expect(await read(output, 'read_committed')).toEqual(['0:0']);
  }, 60_000);
});
