import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Cluster, type ClusterOptions } from '../../src/cluster/cluster.js';
import { ConnectionError } from '../../src/errors/connection-error.js';
import type { ClientEvent } from '../../src/model/client-event.js';
import type { Done } from '../../src/model/done.js';
import { parseServers } from '../../src/observables/kafka-options.js';
import { createTopicsApi } from '../../src/protocol/messages/create-topics.js';
import { describeClusterApi, type DescribeClusterResponse } from '../../src/protocol/messages/describe-cluster.js';
import { nodeRuntime } from '../../src/runtime/node/node-runtime.js';
import { startCluster } from '../support/kafka/cluster.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';
import { projectRoot } from '../support/project-root.js';

const open: Cluster[] = [];
let events: ClientEvent[] = [];

afterEach(() => {
  for (const cluster of open.splice(0)) cluster.close();
});

function connect(servers: string, options: Partial<ClusterOptions> = {}): Cluster {
  const silent = (): void => undefined;
  events = [];
  const cluster = new Cluster(
    {
      bootstrapServers: parseServers(servers),
      clientId: 'cluster-spec',
      tls: null,
      sasl: null,
      requestTimeoutMs: 30_000,
      connectTimeoutMs: 10_000,
      retryBackoffMs: 100,
      retryBackoffMaxMs: 1000,
      reconnectBackoffMs: 50,
      reconnectBackoffMaxMs: 1000,
      metadataMaxAgeMs: 300_000,
      connectionsMaxIdleMs: 540_000,
      brokerVersionFallback: null,
      logger: { debug: silent, info: silent, warn: silent, error: silent },
      ...options,
    },
    nodeRuntime(),
    (event) => events.push(event),
  );
  open.push(cluster);
  return cluster;
}

const asked = <T>(start: (done: Done<T>) => unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    start((error, value) => {
      if (error !== null) reject(error);
      else resolve(value as T);
    });
  });
const refresh = (cluster: Cluster): Promise<true> => asked((done) => cluster.metadata.refresh('spec', done));

/** Asks for metadata until the condition holds, at most a minute long. */
async function refreshUntil(cluster: Cluster, what: string, condition: () => boolean): Promise<void> {
  const bound = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > bound) throw new Error(`not within a minute: ${what}`);
    await refresh(cluster);
  }
}

it('[N21] knows the cluster: brokers, racks, controller, leaders, ids', async () => {
  const topic = uniqueName('cluster');
  await createTopic(sharedBrokers(), topic, { partitions: 5 });
  const { metadata } = connect(sharedBrokers());
  metadata.retain([topic]);
  await refreshUntil(
    open[0]!,
    'leaders',
    () => metadata.topic(topic)?.partitions.every(({ leader }) => leader >= 0) === true,
  );
  const description = await asked<DescribeClusterResponse>((done) =>
    open[0]!.callAny(describeClusterApi, {}, {}, done),
  );
  expect(metadata.clusterId).toBe(description.clusterId);
  expect([...metadata.brokers.values()].map(({ id, port }) => [id, port])).toEqual(
    description.brokers.map(({ brokerId, port }) => [brokerId, port]),
  );
  const known = metadata.topic(topic)!;
  expect(known.partitions.map(({ partition }) => partition)).toEqual([0, 1, 2, 3, 4]);
  expect(known.partitions.every(({ leader, leaderEpoch }) => metadata.brokers.has(leader) && leaderEpoch >= 0)).toBe(
    true,
  );
  expect(metadata.topicName(known.topicId)).toBe(topic);
  expect(metadata.brokers.has(metadata.controllerId)).toBe(true);
});

it('does not create a topic by asking for it, unless told to', async () => {
  const cluster = connect(sharedBrokers());
  const read = uniqueName('never-made');
  const made = uniqueName('made');
  cluster.metadata.retain([read]);
  cluster.metadata.retain([made], { autoCreate: true });
  await refreshUntil(cluster, 'made by asking', () => cluster.metadata.topic(made)?.errorCode === 0);
  for (let i = 0; i < 2; i++) await refresh(cluster);
  expect(cluster.metadata.topic(read)).toMatchObject({ errorCode: 3, partitions: [] });
});

it('finds the coordinator that the broker itself names, and its features', async () => {
  const cluster = connect(sharedBrokers());
  const group = uniqueName('group');
  const nodeId = await asked<number>((done) => cluster.coordinator('group', group, done));
  expect(await asked<number>((done) => cluster.coordinator('group', group, done))).toBe(nodeId);
  await expect(asked<number>((done) => cluster.coordinator('transaction', group, done))).resolves.toBeGreaterThan(0);
  expect(cluster.metadata.brokers.has(nodeId)).toBe(true);
  expect(cluster.finalizedFeature('metadata.version')).toBeGreaterThan(20);
});

it('keeps connections for other purposes apart', async () => {
  const cluster = connect(sharedBrokers());
  await refresh(cluster);
  const [id] = [...cluster.metadata.brokers.keys()];
  const pools = [cluster.channels('one'), cluster.channels('two')];
  await Promise.all(pools.map((pool) => asked((done) => pool.broker(id!).call(describeClusterApi, {}, {}, done))));
  expect(events.filter((event) => event.type === 'connected' && event.broker === id)).toHaveLength(2);
  pools[0]!.close();
  await asked((done) => pools[1]!.broker(id!).call(describeClusterApi, {}, {}, done));
});

it('answers many requests of one connection in their order', async () => {
  const cluster = connect(sharedBrokers());
  await refresh(cluster);
  const channel = cluster.control.broker([...cluster.metadata.brokers.keys()][0]!);
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      asked<{ topics: { name: string }[] }>((done) =>
        channel.call(
          createTopicsApi,
          // asks only whether it could be made
          {
            topics: [{ name: `t${index}`, numPartitions: 1, replicationFactor: 1 }],
            validateOnly: true,
            timeoutMs: 5000,
          },
          {},
          done,
        ),
      ),
    ),
  );
  expect(answers.map(({ topics }) => topics[0]!.name)).toEqual(answers.map((_, index) => `t${index}`));
});

it('lets a process end by itself that has its answer and closes nothing', async () => {
  const script = `
    import { Cluster } from './src/cluster/cluster.ts';
    import { nodeRuntime } from './src/runtime/node/node-runtime.ts';
    import { parseServers } from './src/observables/kafka-options.ts';
    const silent = () => undefined;
    const cluster = new Cluster({ bootstrapServers: parseServers(${JSON.stringify(sharedBrokers())}), clientId: 'c', tls: null,
      sasl: null, requestTimeoutMs: 30000, connectTimeoutMs: 10000, retryBackoffMs: 100, retryBackoffMaxMs: 1000,
      reconnectBackoffMs: 50, reconnectBackoffMaxMs: 1000, metadataMaxAgeMs: 300000, connectionsMaxIdleMs: 540000,
      brokerVersionFallback: null, logger: { debug: silent, info: silent, warn: silent, error: silent } }, nodeRuntime(), silent);
    cluster.metadata.retainAll();
    cluster.metadata.refresh('spec', (error) => console.log(error === null ? 'answered ' + cluster.metadata.brokers.size : error));
  `;
  const child = spawn(process.execPath, ['--import', './scripts/ts.mjs', '--input-type=module', '--eval', script], {
    cwd: projectRoot(),
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 30_000,
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(text).toMatch(/^answered [1-9]/u);
  expect(code).toBe(0);
});

it('[G6] lives through the death of brokers: moves on, re-routes, comes back', async () => {
  const own = await startCluster({ brokers: 3 });
  try {
    const topic = uniqueName('cluster');
    await createTopic(own.bootstrapServers, topic, { partitions: 6 });
    const cluster = connect(own.bootstrapServers, { requestTimeoutMs: 5000 });
    const { metadata } = cluster;
    metadata.retain([topic]);
    const leaders = (): number[] => metadata.topic(topic)?.partitions.map(({ leader }) => leader) ?? [];
    await refreshUntil(cluster, 'all leaders', () => leaders().length === 6 && leaders().every((id) => id >= 0));
    for (const id of metadata.brokers.keys()) {
      await asked((done) => cluster.control.broker(id).call(describeClusterApi, {}, {}, done));
    }
    const [victim] = own.brokers;
    const refreshes = metadata.version;
    await victim!.kill();
    await refreshUntil(cluster, 'leaders elsewhere', () => leaders().every((id) => id >= 0 && id !== victim!.id));
    expect(metadata.version).toBeGreaterThan(refreshes);
    expect(events).toContainEqual(expect.objectContaining({ type: 'disconnected', broker: victim!.id }));
    // a call to it fails as a connection, soon
    await expect(
      asked((done) => cluster.control.broker(victim!.id).call(describeClusterApi, {}, {}, done)),
    ).rejects.toBeInstanceOf(ConnectionError);
    await victim!.restart();
    await refreshUntil(cluster, 'the broker is back', () => metadata.brokers.has(victim!.id));
    await asked((done) => cluster.control.broker(victim!.id).call(describeClusterApi, {}, {}, done));
  } finally {
    await own.stop();
  }
});
