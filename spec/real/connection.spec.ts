import { firstValueFrom } from 'rxjs';
import { ConnectionError } from '../../src/errors/connection-error.js';
import { BatchBuffer } from '../../src/codecs/record-batch-writer.js';
import { Kafka } from '../../src/index.js';
import { type CloseReason, Connection } from '../../src/network/connection.js';
import { apiVersionsApi } from '../../src/protocol/messages/api-versions.js';
import { fetchApi } from '../../src/protocol/messages/fetch.js';
import { metadataApi, type MetadataResponse } from '../../src/protocol/messages/metadata.js';
import { produceApi } from '../../src/protocol/messages/produce.js';
import { nodeRuntime } from '../../src/runtime/node/node-runtime.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic, endOffsets } from '../support/peers/kafkajs.js';

const runtime = nodeRuntime();
const open: Connection[] = [];

afterEach(() => {
  for (const connection of open.splice(0)) connection.destroy(new ConnectionError('The spec is over'), 'ended');
});

interface Dialled {
  readonly connection: Connection;
  /** Why and when it closed, on the runtime's clock. */
  readonly closed: Promise<{ readonly reason: CloseReason; readonly at: number }>;
  readonly closings: CloseReason[];
}

function dial(idleMs = 540_000): Promise<Dialled> {
  const [host = '', port] = sharedBrokers().split(',')[0]!.split(':');
  return new Promise((resolve, reject) => {
    const closings: CloseReason[] = [];
    let end: (value: { reason: CloseReason; at: number }) => void;
    const closed = new Promise<{ reason: CloseReason; at: number }>((done) => (end = done));
    const target = {
      host,
      port: Number(port),
      tls: null,
      clientId: 'connection-spec',
      connectTimeoutMs: 10_000,
      idleMs,
    };
    const connection = new Connection(runtime, target, {
      ready: () => {
        resolve({ connection, closed, closings });
      },
      throttled: () => undefined,
      closed: (error, reason) => {
        closings.push(reason);
        end({ reason, at: runtime.now() });
        reject(error);
      },
    });
    open.push(connection);
  });
}

const metadata = (connection: Connection): Promise<MetadataResponse> =>
  new Promise((resolve, reject) => {
    const version = connection.versions!.choose(metadataApi);
    connection.send(metadataApi, version, { topics: null }, runtime.now() + 10_000, (error, answer) => {
      if (error !== null) reject(error);
      else resolve(answer!);
    });
  });

it('[B38] a connection answers, closes once, and takes nothing afterwards', async () => {
  const { connection, closings } = await dial();
  expect(connection.versions!.choose(apiVersionsApi)).toBeGreaterThanOrEqual(3);
  expect((await metadata(connection)).brokers).toHaveLength(3);
  const unanswered = metadata(connection);
  connection.destroy(new ConnectionError('closed by its owner'), 'ended');
  connection.destroy(new ConnectionError('and again'), 'ended');
  await expect(unanswered).rejects.toThrow('closed by its owner');
  expect(connection.state).toBe('closed');
  expect(closings).toEqual(['ended']);
});

it('[B38] a client that is closed refuses the next call', async () => {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  const consumer = kafka.consumer({ topics: uniqueName('never-read') });
  await firstValueFrom(consumer.listTopics());
  await kafka.close();
  await kafka.close();
  await expect(firstValueFrom(consumer.listTopics())).rejects.toMatchObject({ code: 'ERR_KAFKA_CLIENT_CLOSED' });
});

it('[B39] traffic and pending requests keep a connection, silence closes it', async () => {
  const idleMs = 300;
  const { connection, closed, closings } = await dial(idleMs);
  // traffic each third of the limit, for twice the limit
  const started = runtime.now();
  while (runtime.now() - started < 2 * idleMs) {
    await metadata(connection);
    await new Promise((resolve) => setTimeout(resolve, idleMs / 3));
  }
  expect(closings).toEqual([]);
  // a fetch of nothing that the broker holds for three times the limit
  const answered = await new Promise<number>((resolve, reject) => {
    const version = connection.versions!.choose(fetchApi, 12);
    const body = { maxWaitMs: 3 * idleMs, minBytes: 1, maxBytes: 1000, topics: [] };
    connection.send(fetchApi, version, body, runtime.now() + 10_000, (error) => {
      if (error !== null) reject(error);
      else resolve(runtime.now());
    });
  });
  expect(closings).toEqual([]);
  const { reason, at } = await closed;
  expect(reason).toBe('idle');
  expect(at - answered).toBeGreaterThanOrEqual(idleMs - 20);
});

it('[B40] ten produces without an answer leave nothing pending, and the connection goes on', async () => {
  const topic = uniqueName('unanswered');
  await createTopic(sharedBrokers(), topic, { partitions: 3, replicationFactor: 1 });
  const { connection } = await dial();
  const version = connection.versions!.choose(produceApi, 12);
  // one replica: what is written counts at once. Each broker leads one of three partitions; a broker that does not lead would hang up
  const { brokers, topics } = await metadata(connection);
  const { nodeId } = brokers.find(({ port }) => String(port) === sharedBrokers().split(',')[0]!.split(':')[1])!;
  const { partitions } = topics.find(({ name }) => name === topic)!;
  const { partitionIndex: index } = partitions.find(({ leaderId }) => leaderId === nodeId)!;
  const produce = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const batch = new BatchBuffer(1000);
      batch.append(1_700_000_000_000, null, Buffer.from('v'), null);
      const compression = { type: 'none' } as const;
      const state = { producerId: -1, producerEpoch: -1, baseSequence: -1, transactional: false, compression };
      const topicData = [{ name: topic, partitionData: [{ index, records: batch.finish(state)! }] }];
      connection.sendOnly(produceApi, version, { acks: 0, timeoutMs: 1000, topicData }, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  await Promise.all(Array.from({ length: 10 }, produce));
  expect(connection.inFlight).toBe(0);
  expect((await metadata(connection)).brokers).toHaveLength(3);
  expect(await endOffsets(sharedBrokers(), topic)).toEqual(
    [0, 1, 2].map((partition) => (partition === index ? 10 : 0)),
  );
});

it('[B46] unreachable bootstrap servers fail the call that waits as a connection, again and again', async () => {
  const kafka = new Kafka({ bootstrapServers: '127.0.0.1:1, 127.0.0.1:2', requestTimeoutMs: 700 });
  const consumer = kafka.consumer({ topics: 't' });
  try {
    for (let i = 0; i < 2; i++) {
      const failure = await firstValueFrom(consumer.listTopics()).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ConnectionError);
      expect((failure as Error).message).toContain('ECONNREFUSED');
    }
  } finally {
    await kafka.close();
  }
});

it('[G3, B46] one live server of the list is enough, asked for twice', async () => {
  const live = sharedBrokers().split(',')[0]!;
  const kafka = new Kafka({ bootstrapServers: ['127.0.0.1:1', live] });
  const consumer = kafka.consumer({ topics: 't' });
  try {
    await firstValueFrom(consumer.listTopics());
    await expect(firstValueFrom(consumer.listTopics())).resolves.toEqual(expect.any(Array));
  } finally {
    await kafka.close();
  }
});
