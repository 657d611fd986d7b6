import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type KafkaCluster, startCluster } from '../support/kafka/cluster.js';
import { alive } from '../support/kafka/file-lock.js';
import { countBrokers, waitUntil } from '../support/kafka/probe.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic, endOffsets, kafkajsProduce, withAdmin } from '../support/peers/kafkajs.js';

const record = { key: 'k', value: 'v', headers: [] };

describe('the cluster all specs share', () => {
  it('has three brokers on 127.0.0.1', async () => {
    const servers = sharedBrokers().split(',');
    const counts = await Promise.all(
      servers.map((server) => countBrokers(server.split(':')[0]!, Number(server.split(':')[1]))),
    );
    expect(counts).toEqual(servers.map(() => 3));
  });

  it('creates a topic with three replicas and its own configuration', async () => {
    const topic = uniqueName('rig');
    await createTopic(sharedBrokers(), topic, { partitions: 2, config: { 'min.insync.replicas': '2' } });
    await kafkajsProduce(sharedBrokers(), topic, 1, [record, record]);
    expect(await endOffsets(sharedBrokers(), topic)).toEqual([0, 2]);
  });
});

describe('one broker of a cluster', () => {
  let cluster: KafkaCluster;
  beforeAll(async () => {
    cluster = await startCluster({ properties: { 'broker.session.timeout.ms': '3000' } });
  });
  afterAll(() => (cluster as KafkaCluster | undefined)?.stop());

  it('is killed and returns on the same port with its data', async () => {
    const topic = uniqueName('kept');
    await createTopic(cluster.bootstrapServers, topic, { partitions: 1 });
    await kafkajsProduce(cluster.bootstrapServers, topic, 0, [record]);
    const leaderOf = (servers: string): Promise<number> =>
      withAdmin(servers, async (admin) => {
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        return topics[0]!.partitions[0]!.leader;
      });
    const leader = await leaderOf(cluster.bootstrapServers);
    const broker = cluster.broker(leader);
    const { pid, port } = broker;
    await broker.kill();
    expect(broker.state).toBe('down');
    expect(alive(pid!)).toBe(false);
    // kafkajs gives up sooner than a busy controller notices
    const others = cluster.bootstrapServers.split(',').filter((server) => !server.endsWith(`:${port}`));
    await waitUntil('another leader', 30_000, async () => (await leaderOf(others.join(','))) !== leader);
    await kafkajsProduce(others.join(','), topic, 0, [record]);
    await broker.restart();
    expect(broker.port).toBe(port);
    expect(broker.pid).not.toBe(pid);
    expect(await countBrokers(broker.host, port)).toBe(3);
    expect(await endOffsets(cluster.bootstrapServers, topic)).toEqual([2]);
  });

  it('stops in good order', async () => {
    const broker = cluster.broker(2);
    await broker.stop();
    const other = cluster.broker(1);
    // an orderly stop tells the controller, so the others know at once
    await waitUntil('two brokers left', 10_000, async () => (await countBrokers(other.host, other.port)) === 2);
    await broker.restart();
    expect(broker.state).toBe('running');
  });

  it('is silent while paused, is taken out by the controller, and comes back', async () => {
    const broker = cluster.broker(3);
    broker.pause();
    expect(broker.state).toBe('paused');
    expect(await countBrokers(broker.host, broker.port)).toBe(0);
    const other = cluster.broker(1);
    await waitUntil('two brokers left', 30_000, async () => (await countBrokers(other.host, other.port)) === 2);
    broker.resume();
    await waitUntil('three brokers again', 30_000, async () => (await countBrokers(other.host, other.port)) === 3);
  });

  it('refuses an id it does not have', () => {
    expect(() => cluster.broker(9)).toThrow('No broker 9; there are 1, 2, 3');
  });

  it('is created with a new id and joins the others', async () => {
    const broker = await cluster.create(4);
    const first = cluster.broker(1);
    await waitUntil('four brokers', 10_000, async () => (await countBrokers(first.host, first.port)) === 4);
    expect(cluster.broker(4)).toBe(broker);
    await broker.stop();
    await expect(cluster.create(4)).rejects.toThrow('A new broker takes a free id from 1 to 8, not 4');
  });
});

describe('what a cluster leaves behind', () => {
  const script = `
    import { dirname } from 'node:path';
    import { startCluster } from './spec/support/kafka/cluster.ts';
    const cluster = await startCluster({ brokers: 1 });
    const [broker] = cluster.brokers;
    console.log(JSON.stringify({ pid: broker.pid, directory: dirname(broker.logFile), port: broker.port }));
    setInterval(() => undefined, 1000);`;

  it.each(['SIGKILL', 'SIGINT'] as const)('is nothing when its owner gets %s', async (signal) => {
    const owner = spawn(process.execPath, ['--import', './scripts/ts.mjs', '--input-type=module', '--eval', script], {
      cwd: join(__dirname, '..', '..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve, reject) => {
      let text = '';
      owner.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes('\n')) resolve(text);
      });
      owner.once('exit', () => {
        reject(new Error('The owner ended before its cluster was up'));
      });
    });
    const { pid, directory } = JSON.parse(line) as { pid: number; directory: string };
    expect(alive(pid)).toBe(true);
    expect(existsSync(directory)).toBe(true);
    owner.kill(signal);
    await waitUntil('broker and data gone', 5000, () => !alive(pid) && !existsSync(directory));
  });

  it('is nothing after stop', async () => {
    const cluster = await startCluster({ brokers: 1 });
    const { pid, logFile } = cluster.brokers[0]!;
    await cluster.stop();
    expect(alive(pid!)).toBe(false);
    expect(existsSync(logFile)).toBe(false);
  });
});
