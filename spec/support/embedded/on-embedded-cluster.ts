import { EmbeddedCluster } from '../../../src/testing/broker/index.js';

let cluster: EmbeddedCluster | null = null;
let realBrokers: string | undefined;

/** As the shared real cluster is set up, so that one source runs on both. */
const properties = {
  'num.partitions': 3,
  'min.insync.replicas': 1,
  'offsets.topic.num.partitions': 4,
  'transaction.state.log.num.partitions': 2,
  'group.initial.rebalance.delay.ms': 0,
  'group.consumer.heartbeat.interval.ms': 1000,
  'group.consumer.session.timeout.ms': 10000,
  'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
} as const;

/**
 * Imported before specs of `spec/real`: they run on an embedded cluster instead of the shared real one. A difference in what
 * they find is a bug of the embedded cluster.
 */
beforeAll(async () => {
  cluster = await EmbeddedCluster.start({ brokers: 3, racks: true, properties });
  realBrokers = process.env['KAFKA_BROKERS'];
  process.env['KAFKA_BROKERS'] = cluster.bootstrapServers;
});

afterAll(async () => {
  if (realBrokers === undefined) delete process.env['KAFKA_BROKERS'];
  else process.env['KAFKA_BROKERS'] = realBrokers;
  await cluster?.close();
});
