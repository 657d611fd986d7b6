import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../support/kafka/java.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { javaConsume, javaProduce, javaTool } from '../support/peers/java-tools.js';
import { createTopic, kafkajsClient } from '../support/peers/kafkajs.js';

// What other clients need of a cluster: produce, consume in a group, transactions, admin. The source runs on real brokers and on
// embedded ones, so that what it asks for is what Kafka gives.

const tools = 'org.apache.kafka.tools';
const at = (): readonly string[] => ['--bootstrap-server', sharedBrokers()];
const texts = (values: readonly string[]) => values.map((value) => ({ key: null, value, headers: [] }));

it('the tools of Kafka create, describe, alter, grow and delete a topic', async () => {
  const topic = uniqueName('tools');
  const topicTool = (...args: string[]): Promise<string> => javaTool(`${tools}.TopicCommand`, [...at(), ...args]);
  await topicTool('--create', '--topic', topic, '--partitions', '2', '--replication-factor', '3');
  await topicTool('--alter', '--topic', topic, '--partitions', '3');
  await javaTool('kafka.admin.ConfigCommand', [
    ...at(),
    '--alter',
    ...['--entity-type', 'topics', '--entity-name', topic, '--add-config', 'retention.ms=1234567'],
  ]);
  const described = await topicTool('--describe', '--topic', topic);
  expect(described).toContain('PartitionCount: 3');
  expect(described).toContain('ReplicationFactor: 3');
  expect(described).toContain('retention.ms=1234567');
  await topicTool('--delete', '--topic', topic);
  expect((await topicTool('--list')).split('\n')).not.toContain(topic);
}, 120_000);

it('the tools of Kafka write, read, tell offsets and delete records', async () => {
  const topic = uniqueName('tools');
  await createTopic(sharedBrokers(), topic, { partitions: 1 });
  await javaProduce(sharedBrokers(), topic, texts(['a', 'b', 'c']), 'gzip');
  expect(await javaConsume(sharedBrokers(), topic, 3)).toMatchObject(texts(['a', 'b', 'c']));
  const directory = mkdtempSync(join(tmpdir(), 'rx-kafka-tool-'));
  try {
    const file = join(directory, 'offsets.json');
    writeFileSync(file, JSON.stringify({ version: 1, partitions: [{ topic, partition: 0, offset: 2 }] }));
    await javaTool(`${tools}.DeleteRecordsCommand`, [...at(), '--offset-json-file', file]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const offsets = (time: string): Promise<string> =>
    javaTool(`${tools}.GetOffsetShell`, [...at(), '--topic', topic, '--time', time]);
  expect((await offsets('-2')).trim()).toBe(`${topic}:0:2`);
  expect((await offsets('-1')).trim()).toBe(`${topic}:0:3`);
}, 120_000);

it.each(['classic', 'consumer'])(
  'the tools of Kafka read in a group of the %s protocol and describe it',
  async (protocol) => {
    const topic = uniqueName('tools');
    const group = uniqueName('g');
    await createTopic(sharedBrokers(), topic, { partitions: 2 });
    await javaProduce(sharedBrokers(), topic, texts(['a', 'b', 'c', 'd']));
    const read = await javaTool(`${tools}.consumer.ConsoleConsumer`, [
      ...at(),
      ...['--topic', topic, '--group', group, '--max-messages', '4', '--timeout-ms', '40000'],
      ...['--command-property', 'auto.offset.reset=earliest', '--command-property', `group.protocol=${protocol}`],
    ]);
    expect(read.trim().split('\n').sort()).toEqual(['a', 'b', 'c', 'd']);
    const described = await javaTool(`${tools}.consumer.group.ConsumerGroupCommand`, [
      ...at(),
      '--describe',
      '--group',
      group,
    ]);
    const rows = described
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([name]) => name === group);
    const committed = rows.map((row) => Number(row[3]));
    expect(committed.reduce((sum, offset) => sum + offset, 0)).toBe(4);
    // a partition whose start the tool did not know yet when it had its four records has no commit, and is not listed
    expect(new Set(rows.map((row) => Number(row[5])))).toEqual(new Set([0]));
  },
  180_000,
);

it('kcat reads in a group and commits', async () => {
  const topic = uniqueName('tools');
  const group = uniqueName('g');
  await createTopic(sharedBrokers(), topic, { partitions: 2 });
  await javaProduce(sharedBrokers(), topic, texts(['a', 'b', 'c', 'd']));
  const args = ['-b', sharedBrokers(), '-q', '-e', '-X', 'auto.offset.reset=earliest', '-c', '4', '-G', group, topic];
  const { stdout, code, stderr } = await run('kcat', args);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.trim().split('\n').sort()).toEqual(['a', 'b', 'c', 'd']);
  const admin = kafkajsClient(sharedBrokers()).admin();
  await admin.connect();
  try {
    const [answer] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    expect(answer!.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0)).toBe(4);
    await admin.deleteGroups([group]);
    const { groups } = await admin.listGroups();
    expect(groups.map(({ groupId }) => groupId)).not.toContain(group);
  } finally {
    await admin.disconnect();
  }
}, 120_000);

it('kafkajs consumes in a group, transforms and produces in a transaction with its offsets', async () => {
  const [input, output, groupId] = [uniqueName('in'), uniqueName('out'), uniqueName('g')];
  await createTopic(sharedBrokers(), input, { partitions: 1 });
  await createTopic(sharedBrokers(), output, { partitions: 1 });
  const kafka = kafkajsClient(sharedBrokers());
  const producer = kafka.producer({ transactionalId: uniqueName('tx'), maxInFlightRequests: 1, idempotent: true });
  const consumer = kafka.consumer({ groupId, readUncommitted: false });
  await Promise.all([producer.connect(), consumer.connect()]);
  try {
    await producer.send({ topic: input, messages: [{ value: 'a' }, { value: 'b' }] });
    await consumer.subscribe({ topic: input, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          autoCommit: false,
          eachMessage: async ({ message }) => {
            const transaction = await producer.transaction();
            await transaction.send({ topic: output, messages: [{ value: `${message.value!.toString()}!` }] });
            const offset = String(Number(message.offset) + 1);
            await transaction.sendOffsets({
              consumerGroupId: groupId,
              topics: [{ topic: input, partitions: [{ partition: 0, offset }] }],
            });
            await transaction.commit();
            if (message.value!.toString() === 'b') resolve();
          },
        })
        .catch(reject);
    });
  } finally {
    await Promise.all([producer.disconnect(), consumer.disconnect()]);
  }
  expect((await javaConsume(sharedBrokers(), output, 2)).map(({ value }) => value)).toEqual(['a!', 'b!']);
  const transactions = await javaTool(`${tools}.TransactionsCommand`, [...at(), 'list']);
  expect(transactions).toMatch(/tx-\S+\s.*CompleteCommit/);
}, 120_000);
