import { firstValueFrom, take, toArray } from 'rxjs';
import { Kafka, utf8 } from '../../../src/index.js';
import { EmbeddedCluster } from '../../../src/testing/broker/index.js';
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
});
