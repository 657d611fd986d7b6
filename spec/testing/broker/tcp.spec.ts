import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import kafkajs from 'kafkajs';
import { firstValueFrom, take, toArray } from 'rxjs';
import { Kafka, utf8 } from '../../../src/index.js';
import { EmbeddedCluster } from '../../../src/testing/broker/index.js';
import { describeTopicPartitionsApi } from '../../../src/protocol/messages/describe-topic-partitions.js';
import { metadataApi } from '../../../src/protocol/messages/metadata.js';
import { listGroupsApi } from '../../../src/protocol/messages/list-groups.js';
import { waitUntil } from '../../support/kafka/probe.js';
import { projectRoot } from '../../support/project-root.js';
import { RawConnection } from '../../support/raw-client.js';
import { kcatConsume, kcatProduce } from '../../support/peers/kcat.js';

describe('the embedded cluster on loopback ports', () => {
  it('serves our client', async () => {
    await using cluster = await EmbeddedCluster.start();
    cluster.createTopic('orders', { partitions: 3 });
    await using kafka = new Kafka({ bootstrapServers: cluster.bootstrapServers });
    const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });
    await Promise.all(['a', 'b', 'c'].map((value) => producer.sendAndWait({ topic: 'orders', key: value, value })));
    const consumer = kafka.consumer({ topics: 'orders', autoOffsetReset: 'earliest', valueDeserializer: utf8 });
    const records = await firstValueFrom(consumer.records$.pipe(take(3), toArray()));
    expect(records.map(({ value }) => value).sort()).toEqual(['a', 'b', 'c']);
  });

  it('serves kcat', async () => {
    await using cluster = await EmbeddedCluster.start();
    cluster.createTopic('orders');
    const records = ['a', 'b', 'c'].map((value) => ({ key: null, value, headers: [] }));
    await kcatProduce(cluster.bootstrapServers, 'orders', 0, records, 'gzip');
    expect(await kcatConsume(cluster.bootstrapServers, 'orders')).toMatchObject(records);
  });

  it('tells the replicas of a dead broker as offline, whoever asks how', async () => {
    await using cluster = await EmbeddedCluster.start({ brokers: 3 });
    cluster.createTopic('orders', { partitions: 1, replicationFactor: 3 });
    const { leader } = cluster.partition('orders', 0);
    const dead = leader === 1 ? 2 : 1;
    const to = await RawConnection.open(cluster.bootstrapServers.split(',')[leader - 1]!);
    cluster.killBroker(dead);
    const offline = async (): Promise<readonly (readonly number[])[]> => {
      const topics = [{ name: 'orders' }];
      const metadata = await to.ask(metadataApi, 12, { topics });
      const described = await to.ask(describeTopicPartitionsApi, 0, {
        topics,
        responsePartitionLimit: 10,
        cursor: null,
      });
      return [metadata, described].map((answer) => answer.topics[0]!.partitions[0]!.offlineReplicas);
    };
    await waitUntil('the controller has noticed', 10_000, async () => (await offline())[0]!.length > 0);
    expect(await offline()).toEqual([[dead], [dead]]);
    to.close();
  });

  it('listens again on the same port after a broker was killed', async () => {
    await using cluster = await EmbeddedCluster.start({ brokers: 1 });
    const { bootstrapServers } = cluster;
    cluster.createTopic('orders');
    await using kafka = new Kafka({ bootstrapServers });
    const producer = kafka.producer({ valueSerializer: utf8 });
    await producer.sendAndWait({ topic: 'orders', value: 'a' });
    cluster.killBroker(1);
    const second = producer.sendAndWait({ topic: 'orders', value: 'b' });
    await cluster.restartBroker(1);
    expect(cluster.bootstrapServers).toBe(bootstrapServers);
    expect((await second).offset).toBe(1);
  });

  it('ends connections when it is closed, and breaks those of a broker that is killed', async () => {
    const cluster = await EmbeddedCluster.start({ brokers: 2 });
    const sockets = cluster.bootstrapServers
      .split(',')
      .map((server) => connect(Number(server.split(':')[1]), '127.0.0.1'));
    await Promise.all(sockets.map((socket) => once(socket.resume(), 'connect')));
    await waitUntil('both are accepted', 10_000, () =>
      Promise.resolve(cluster.connectionCount(1) + cluster.connectionCount(2) === 2),
    );
    const [killed, closed] = sockets;
    const broken = once(killed!, 'error');
    const ended = once(closed!, 'end');
    cluster.killBroker(1);
    expect(await broken).toMatchObject([{ code: 'ECONNRESET' }]);
    await cluster.close();
    // rejects when there is an error instead
    await ended;
  });

  it('asks for SASL PLAIN when it has users, and hears nothing else before', async () => {
    await using cluster = await EmbeddedCluster.start({ brokers: 1, sasl: { plain: { alice: 'secret' } } });
    cluster.createTopic('orders');
    const admin = (password: string) =>
      new kafkajs.Kafka({
        brokers: [cluster.bootstrapServers],
        sasl: { mechanism: 'plain', username: 'alice', password },
        logLevel: kafkajs.logLevel.NOTHING,
        retry: { retries: 0 },
      }).admin();
    const right = admin('secret');
    await right.connect();
    expect(await right.listTopics()).toEqual(['orders']);
    await right.disconnect();
    await expect(admin('wrong').connect()).rejects.toThrow('SASL PLAIN authentication failed');
    const bare = await RawConnection.open(cluster.bootstrapServers);
    await expect(bare.ask(listGroupsApi, 0, {})).rejects.toThrow('closed by the broker');
  }, 20_000);

  it('is started from the command line', async () => {
    const args = ['--import', './scripts/ts.mjs', 'src/testing/broker/command-line.ts', 'broker', '--port', '0'];
    const child = spawn(process.execPath, [...args, '--topic', 'orders:2'], { cwd: projectRoot() });
    const exit = once(child, 'exit');
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const bootstrapServers = line.replace('bootstrap.servers=', '');
    await using kafka = new Kafka({ bootstrapServers });
    const producer = kafka.producer({ valueSerializer: utf8 });
    expect(await producer.sendAndWait({ topic: 'orders', partition: 1, value: 'a' })).toMatchObject({ offset: 0 });
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  }, 20_000);
});
