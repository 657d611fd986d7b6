import { EmbeddedCluster } from 'rx-kafka/testing/broker';

/** The Kafka cluster under the demo. */
export interface Brokers {
  readonly bootstrapServers: string;
  readonly orders: string;
  readonly invoices: string;
  readonly groupId: string;
  /** Milliseconds until the group notices that a member was killed. */
  readonly sessionTimeoutMs: number;
  /** Null when they are not ours to kill. */
  readonly controls: EmbeddedCluster | null;
  close(): Promise<void>;
}

/** Partitions of either topic. */
export const partitions = 6;

export async function embeddedBrokers(): Promise<Brokers> {
  const sessionTimeoutMs = 3000;
  const cluster = await EmbeddedCluster.start({
    brokers: 3,
    properties: { 'group.min.session.timeout.ms': sessionTimeoutMs },
  });
  const [orders, invoices] = ['orders', 'invoices'];
  for (const topic of [orders, invoices]) cluster.createTopic(topic, { partitions, replicationFactor: 3 });
  return {
    bootstrapServers: cluster.bootstrapServers,
    orders,
    invoices,
    groupId: 'billing',
    sessionTimeoutMs,
    controls: cluster,
    close: () => cluster.close(),
  };
}
