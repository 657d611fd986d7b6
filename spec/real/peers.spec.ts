import { firstValueFrom, take, timeout, toArray } from 'rxjs';
import { Kafka, nullable, utf8 } from '../../src/index.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { javaConsume, javaProduce } from '../support/peers/java-tools.js';
import { kcatConsume, kcatProduce } from '../support/peers/kcat.js';
import { packageInstalled } from '../support/peers/kafkajs-codecs.js';
import { createTopic, kafkajsConsume, kafkajsProduce } from '../support/peers/kafkajs.js';
import { type PeerCodec, type PeerRecord, peerCodecs, trickyRecords } from '../support/peers/peer-record.js';
import { storedBatches } from '../support/peers/stored-batches.js';

// lz4 needs a compiler at install time; its absence shows as skipped specs that say so, never as a silent pass
const canWrite = (codec: PeerCodec): boolean => codec !== 'lz4' || packageInstalled('lz4');
const partitionOf = (codec: PeerCodec): number => peerCodecs.indexOf(codec);
const onlyFor = (codec: PeerCodec): ((title: string, spec: () => Promise<void>) => void) =>
  canWrite(codec)
    ? it
    : (title, spec) => {
        it.skip(`${title} (the optional package ${codec} is not installed)`, spec);
      };

type Read = PeerRecord & { readonly partition: number };

/** One partition's records without their place, in the order they were read. */
function inPartition(read: readonly Read[], partition: number): readonly PeerRecord[] {
  return read
    .filter((record) => record.partition === partition)
    .map(({ key, value, headers }) => ({ key, value, headers }));
}

const withoutPlace = (read: readonly Read[]): readonly PeerRecord[] =>
  read.map(({ key, value, headers }) => ({ key, value, headers }));

/** Reads the first `count` records of a topic with the client under test. */
async function ourRead(topic: string, count: number, groupId?: string): Promise<readonly Read[]> {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  try {
    const consumer = kafka.consumer<string | null, string | null>({
      topics: topic,
      autoOffsetReset: 'earliest',
      acknowledge: 'onNext',
      keyDeserializer: nullable(utf8),
      valueDeserializer: nullable(utf8),
      ...(groupId === undefined ? {} : { groupId }),
    });
    const records = await firstValueFrom(consumer.records$.pipe(take(count), toArray(), timeout(60_000)));
    return records.map(({ partition, key, value, headers }) => ({
      partition,
      key,
      value,
      headers: [...headers].map(
        ([name, bytes]) => [name, bytes === null ? null : Buffer.from(bytes).toString()] as const,
      ),
    }));
  } finally {
    await kafka.close();
  }
}

/** Writes the records in order to one partition with the client under test. */
async function ourWrite(
  topic: string,
  partition: number,
  records: readonly PeerRecord[],
  compression: PeerCodec,
): Promise<void> {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  try {
    const producer = kafka.producer<string | null, string | null>({
      keySerializer: nullable(utf8),
      valueSerializer: nullable(utf8),
      compression,
    });
    await Promise.all(
      records.map(({ key, value, headers }) => producer.sendAndWait({ topic, partition, key, value, headers })),
    );
  } finally {
    await kafka.close();
  }
}

describe('what we write', () => {
  const written = peerCodecs.filter(canWrite);
  const expected = new Map(written.map((codec) => [codec, trickyRecords(codec)]));
  const count = [...expected.values()].reduce((sum, records) => sum + records.length, 0);
  let topic = '';

  beforeAll(async () => {
    topic = uniqueName('we-write');
    await createTopic(sharedBrokers(), topic, { partitions: peerCodecs.length });
    for (const [codec, records] of expected) await ourWrite(topic, partitionOf(codec), records, codec);
  });

  for (const codec of peerCodecs) {
    onlyFor(codec)(`is stored with codec ${codec}`, async () => {
      const batches = await storedBatches(sharedBrokers(), topic, partitionOf(codec));
      expect(batches.map((batch) => batch.magic)).toEqual(batches.map(() => 2));
      expect(new Set(batches.map((batch) => batch.codec))).toEqual(new Set([codec]));
    });
  }

  it.each([
    ['the Java console consumer', () => javaConsume(sharedBrokers(), topic, count)],
    ['kcat', () => kcatConsume(sharedBrokers(), topic)],
    ['kafkajs', () => kafkajsConsume(sharedBrokers(), topic, count)],
    ['our own consumer without a group', () => ourRead(topic, count)],
    ['our own consumer in a group', () => ourRead(topic, count, uniqueName('peers'))],
  ] as const)('is read back by %s', async (_, read) => {
    const found = await read();
    for (const [codec, records] of expected) expect(inPartition(found, partitionOf(codec))).toEqual(records);
  });
});

describe('what others write', () => {
  async function freshTopic(): Promise<string> {
    const topic = uniqueName('they-write');
    await createTopic(sharedBrokers(), topic, { partitions: 1 });
    return topic;
  }

  for (const codec of peerCodecs) {
    it(`[B131, C30, PL#196] is read by us from the Java console producer, ${codec}`, async () => {
      const topic = await freshTopic();
      // the tool has no way to say an empty header value
      const records = trickyRecords(codec).map((record) => ({
        ...record,
        headers: record.headers.filter(([, value]) => value !== ''),
      }));
      await javaProduce(sharedBrokers(), topic, records, codec);
      await expectRead(topic, codec, records);
    });

    it(`[B131, C30, PL#196] is read by us from kcat, ${codec}`, async () => {
      const topic = await freshTopic();
      // without -Z kcat says empty, with it null, never both; and it drops a record that is nothing but null
      const records = trickyRecords(codec).filter(({ key, value }) => key !== null || value !== null);
      await kcatProduce(sharedBrokers(), topic, 0, records, codec);
      await expectRead(topic, codec, records);
    });

    onlyFor(codec)(`is read by us from kafkajs, ${codec}`, async () => {
      const topic = await freshTopic();
      // kafkajs cannot write a null header value
      const records = trickyRecords(codec).map((record) => ({
        ...record,
        headers: record.headers.filter(([, value]) => value !== null),
      }));
      await kafkajsProduce(sharedBrokers(), topic, 0, records, codec);
      await expectRead(topic, codec, records);
    });
  }

  async function expectRead(topic: string, codec: PeerCodec, records: readonly PeerRecord[]): Promise<void> {
    // a peer may leave a batch plain that compression would not shrink; the one with the long records is never plain
    const batches = await storedBatches(sharedBrokers(), topic, 0);
    expect(batches.map((batch) => batch.codec)).toContain(codec);
    expect(withoutPlace(await ourRead(topic, records.length))).toEqual(records);
  }
});
