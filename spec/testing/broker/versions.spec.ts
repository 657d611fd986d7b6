import { utf8 } from '../../../src/index.js';
import { apiHandlers } from '../../../src/testing/broker/api-handlers.js';
import { releases, versionRanges } from '../../../src/testing/broker/version-ranges.js';
import { VirtualWorld } from './support/virtual-world.js';

describe('releases of brokers', () => {
  it('list what is there, and have what they list, within the versions of the tables', () => {
    const handled = [...apiHandlers.keys()].sort((a, b) => a - b);
    expect([...versionRanges('4.3').keys()].sort((a, b) => a - b)).toEqual(handled);
    for (const release of releases) {
      for (const [key, { min, max }] of versionRanges(release)) {
        const { api } = apiHandlers.get(key)!;
        expect([release, api.name, min >= api.minVersion, max <= api.maxVersion]).toEqual([
          release,
          api.name,
          true,
          true,
        ]);
      }
    }
  });

  it.each(releases)('%s serves a producer and a group', (brokerVersion) => {
    const world = new VirtualWorld({ brokerVersion });
    world.cluster.createTopic('t', { partitions: 2 });
    const kafka = world.kafka();
    const producer = kafka.producer({ valueSerializer: utf8 });
    let sent = 0;
    for (let n = 0; n < 10; n++) producer.send({ topic: 't', partition: n % 2, value: `${n}` }).subscribe(() => sent++);
    world.until('sent', () => sent === 10);
    const values: string[] = [];
    const read = () => {
      const consumer = kafka.consumer({
        groupId: 'g',
        topics: 't',
        autoOffsetReset: 'earliest',
        valueDeserializer: utf8,
      });
      return consumer.records$.subscribe((record) => {
        values.push(record.value);
        record.lease.ack();
      });
    };
    const reading = read();
    world.until('read', () => values.length === 10);
    world.advance(6000);
    expect([0, 1].map((partition) => world.cluster.committed('g', 't', partition))).toEqual([5, 5]);
    reading.unsubscribe();
    world.until('left', () => world.cluster.groupMembers('g').length === 0);
    read();
    world.advance(10_000);
    expect(values).toHaveLength(10);
  });

  it.each(['0.11', '2.0', '2.5', '3.0', '3.8', '4.0'])('%s has transactions', (brokerVersion) => {
    const world = new VirtualWorld({ brokerVersion });
    world.cluster.createTopic('t');
    const producer = world.kafka().transactionalProducer({ transactionalId: 'x', valueSerializer: utf8 });
    let done = 0;
    producer.transaction((tx) => tx.send({ topic: 't', value: 'a' })).subscribe({ complete: () => done++ });
    world.until('committed', () => done === 1);
    world.until('stable', () => world.cluster.partition('t', 0).lastStableOffset === 2);
  });
});
