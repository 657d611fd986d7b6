import kafkajs from 'kafkajs';
import { type Brokers, partitions } from './brokers.js';

/** Topics and a group of their own on a cluster that is there; `close` deletes them again. */
export async function givenBrokers(bootstrapServers: string): Promise<Brokers> {
  const admin = new kafkajs.Kafka({
    clientId: 'rx-kafka-demo',
    brokers: bootstrapServers.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 3, initialRetryTime: 200 },
  }).admin();
  await admin.connect();
  const id = `rx-kafka-demo-${Date.now().toString(36)}`;
  const [orders, invoices] = [`${id}-orders`, `${id}-invoices`];
  try {
    const { brokers } = await admin.describeCluster();
    const replicationFactor = Math.min(3, brokers.length);
    await admin.createTopics({
      topics: [orders, invoices].map((topic) => ({ topic, numPartitions: partitions, replicationFactor })),
    });
  } catch (error) {
    await admin.disconnect();
    throw error;
  }
  return {
    bootstrapServers,
    orders,
    invoices,
    groupId: id,
    // the least that brokers allow, unless they are told otherwise
    sessionTimeoutMs: 6000,
    controls: null,
    close: async () => {
      try {
        await admin.deleteTopics({ topics: [orders, invoices] });
        await admin.deleteGroups([id]);
      } finally {
        await admin.disconnect();
      }
    },
  };
}
