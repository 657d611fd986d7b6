import { type ClusterOptions } from '../../../src/testing/broker/index.js';

/** An embedded cluster as the shared real one is set up. */
export const embeddedAsShared: ClusterOptions = {
  brokers: 3,
  racks: true,
  properties: {
    'num.partitions': 3,
    'min.insync.replicas': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.num.partitions': 2,
    'group.initial.rebalance.delay.ms': 0,
    'group.consumer.heartbeat.interval.ms': 1000,
    'group.consumer.session.timeout.ms': 10_000,
    'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
  },
};
