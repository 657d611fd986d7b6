import { EmbeddedCluster, inMemory } from '../../../src/testing/broker/index.js';

/** In plain JavaScript, or out of a configuration file: the compiler does not look at it. */
const given = (value: unknown): never => value as never;

describe('what is misspelt is refused, as the fault or the limit would not be there', () => {
  it.each([
    ['broker', { broker: 1 }, 'An embedded cluster has no option broker, it has brokers, brokerVersion'],
    ['bandwidth', { wire: { bandwidth: 1 } }, 'The wire of a cluster in memory has no option bandwidth'],
    ['port', { port: 1 }, 'An embedded cluster has no option port'],
    ['a text', 'three', 'An embedded cluster takes an object, not three'],
  ])('%s of a cluster in memory', (_, options, text) => {
    expect(() => inMemory(given(options))).toThrow(new RegExp(`^${text}`));
    expect(() => inMemory(given(options))).toThrow(TypeError);
  });

  it('an option of a cluster that listens; its own are taken', async () => {
    await expect(EmbeddedCluster.start(given({ seed: 1 }))).rejects.toThrow('has no option seed');
    const cluster = await EmbeddedCluster.start({ brokers: 1, port: 0, racks: true });
    await cluster.close();
  });

  it('an intercept, by its options, its broker or its type', () => {
    const cluster = inMemory({ brokers: 1 });
    expect(() => cluster.intercept('Fetch', { type: 'drop' }, given({ time: 1 }))).toThrow(
      'An intercept has no option time, it has times, broker',
    );
    expect(() => cluster.intercept('Fetch', { type: 'drop' }, { broker: 2 })).toThrow('There is no broker 2');
    expect(() => cluster.intercept('Fetch', given({ type: 'delayed', ms: 5 }))).toThrow(
      'There is no interception delayed, there are answer, error, delay',
    );
  });

  it.each([
    ['num.partitions', '1.5', 'a whole number from 0 on'],
    ['num.partitions', -1, 'a whole number from 0 on'],
    ['num.partitions', ' ', 'a whole number from 0 on'],
    ['delete.topic.enable', 'yes', 'true or false'],
    ['log.message.timestamp.type', 'createTime', 'CreateTime or LogAppendTime'],
    ['replica.selector.class', 'RackAware', 'nothing or org.apache.kafka.common.replica.RackAwareReplicaSelector'],
    ['group.consumer.migration.policy', 'up', 'bidirectional or upgrade or downgrade or disabled'],
  ] as const)('the value %s = %s of a broker property', (name, value, what) => {
    expect(() => inMemory({ properties: { [name]: value } })).toThrow(
      `Broker property ${name} takes ${what}, not '${value}'`,
    );
  });

  it.each([
    ['log.message.timestamp.after.max.ms', '9223372036854775807'],
    ['replica.selector.class', ''],
    ['auto.create.topics.enable', 'false'],
    ['min.insync.replicas', 2],
  ] as const)('and %s = %s is taken', (name, value) => {
    expect(() => inMemory({ properties: { [name]: value } })).not.toThrow();
  });

  it('a topic', () => {
    const cluster = inMemory();
    expect(() => {
      cluster.createTopic('t', given({ partition: 3 }));
    }).toThrow('A topic has no option partition, it has partitions, replicationFactor, configs');
    expect(cluster.topicNames).not.toContain('t');
  });
});
