import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin, type IHeaders, type Kafka } from 'kafkajs';
import { registerKafkajsCodecs } from './kafkajs-codecs.js';
import { type PeerCodec, type PeerRecord } from './peer-record.js';
import { uniqueName } from '../kafka/shared-brokers.js';

/** A kafkajs client on these bootstrap servers, silent, with every codec. */
export function kafkajsClient(bootstrapServers: string): Kafka {
  registerKafkajsCodecs();
  return new kafkajs.Kafka({
    clientId: 'kafkajs-peer',
    brokers: bootstrapServers.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 10, initialRetryTime: 100 },
  });
}

/** Runs `work` with a connected kafkajs admin client. */
export async function withAdmin<T>(bootstrapServers: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafkajsClient(bootstrapServers).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

export interface TopicShape {
  /** @defaultValue 3 */
  readonly partitions?: number;
  /** @defaultValue 3 */
  readonly replicationFactor?: number;
  /** Topic configuration, `min.insync.replicas` and such. */
  readonly config?: Readonly<Record<string, string>>;
}

/** Creates a topic and resolves when each of its partitions has a leader. */
export async function createTopic(bootstrapServers: string, topic: string, shape: TopicShape = {}): Promise<void> {
  const { partitions = 3, replicationFactor = 3, config = {} } = shape;
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  const request = { topic, numPartitions: partitions, replicationFactor, configEntries };
  await withAdmin(bootstrapServers, async (admin) => {
    await admin.createTopics({ topics: [request], waitForLeaders: false });
    for (let tries = 0; !(await isReady(admin, topic, partitions)); tries++) {
      if (tries === 100) throw new Error(`Topic ${topic} has no leaders after 10 seconds`);
      await sleep(100);
    }
  });
}

/** A broker that has not heard of a new topic yet answers that there is none. */
async function isReady(admin: Admin, topic: string, partitions: number): Promise<boolean> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const known = topics[0]?.partitions ?? [];
    return known.length === partitions && known.every(({ leader }) => leader >= 0);
  } catch {
    return false;
  }
}

/** Past-the-end offset of each partition, in order of partition. */
export function endOffsets(bootstrapServers: string, topic: string): Promise<readonly number[]> {
  return withAdmin(bootstrapServers, async (admin) => {
    const offsets = await admin.fetchTopicOffsets(topic);
    return offsets.sort((left, right) => left.partition - right.partition).map(({ high }) => Number(high));
  });
}

/** Committed offset of each partition of a group, in order of partition; -1 where there is none. */
export function committedOffsets(bootstrapServers: string, groupId: string, topic: string): Promise<readonly number[]> {
  return withAdmin(bootstrapServers, async (admin) => {
    const answer = await admin.fetchOffsets({ groupId, topics: [topic] });
    const partitions = answer[0]?.partitions ?? [];
    return partitions.sort((left, right) => left.partition - right.partition).map(({ offset }) => Number(offset));
  });
}

const compressionOf = (codec: PeerCodec): kafkajs.CompressionTypes => {
  const { None, GZIP, Snappy, LZ4, ZSTD } = kafkajs.CompressionTypes;
  return { none: None, gzip: GZIP, snappy: Snappy, lz4: LZ4, zstd: ZSTD }[codec];
};

function toHeaders(headers: PeerRecord['headers']): IHeaders {
  const result: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    if (value === null) throw new Error('kafkajs cannot write a header without a value');
    const present = result[name];
    result[name] = present === undefined ? value : [present, value].flat();
  }
  return result;
}

/** Writes the records in order to one partition. */
export async function kafkajsProduce(
  bootstrapServers: string,
  topic: string,
  partition: number,
  records: readonly PeerRecord[],
  codec: PeerCodec = 'none',
): Promise<void> {
  const { Partitioners } = kafkajs;
  const producer = kafkajsClient(bootstrapServers).producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    const messages = records.map(({ key, value, headers }) => ({ partition, key, value, headers: toHeaders(headers) }));
    await producer.send({ topic, compression: compressionOf(codec), acks: -1, messages });
  } finally {
    await producer.disconnect();
  }
}

function fromHeaders(headers: IHeaders | undefined): PeerRecord['headers'] {
  return Object.entries(headers ?? {}).flatMap(([name, value]) =>
    // the typings leave out that a header without a value is null
    [value].flat().map((one) => [name, (one as Buffer | string | null | undefined)?.toString() ?? null] as const),
  );
}

type Consumed = readonly (PeerRecord & { readonly partition: number; readonly offset: number })[];

/** Reads the first `count` records of a topic in a group of its own; rejects when they do not arrive in time. */
export async function kafkajsConsume(
  bootstrapServers: string,
  topic: string,
  count: number,
  timeoutMs = 30_000,
): Promise<Consumed> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await consumeOnce(bootstrapServers, topic, count, until - performance.now());
    } catch (error) {
      // kafkajs gives up on a coordinator that has just begun to be one
      if ((error as { type?: unknown }).type !== 'GROUP_LOAD_IN_PROGRESS') throw error;
      await sleep(200);
    }
  }
}

async function consumeOnce(
  bootstrapServers: string,
  topic: string,
  count: number,
  timeoutMs: number,
): Promise<Consumed> {
  const consumer = kafkajsClient(bootstrapServers).consumer({ groupId: uniqueName('kafkajs'), maxWaitTimeInMs: 100 });
  await consumer.connect();
  const found: (PeerRecord & { readonly partition: number; readonly offset: number })[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`kafkajs read ${found.length} of ${count} records in ${timeoutMs} ms`));
      }, timeoutMs);
      consumer.on('consumer.crash', ({ payload }) => {
        reject(payload.error);
      });
      const eachMessage = ({ partition, message }: kafkajs.EachMessagePayload): Promise<void> => {
        const { key, value, headers, offset } = message;
        const text = (bytes: Buffer | null): string | null => (bytes === null ? null : bytes.toString());
        found.push({
          partition,
          offset: Number(offset),
          key: text(key),
          value: text(value),
          headers: fromHeaders(headers),
        });
        if (found.length === count) resolve();
        return Promise.resolve();
      };
      consumer.run({ autoCommit: false, eachMessage }).catch(reject);
    });
    return found;
  } finally {
    clearTimeout(timer);
    await consumer.disconnect();
  }
}
