// Topics and the checks afterwards, through kafkajs, which every bench installation has.
import { randomBytes } from 'node:crypto';
import kafkajs from 'kafkajs';

const { Kafka, logLevel } = kafkajs;

export async function openAdmin(brokers) {
  const kafka = new Kafka({
    clientId: 'bench-runner',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { retries: 10 },
  });
  const admin = kafka.admin();
  await admin.connect();
  const sum = (offsets) => offsets.reduce((total, { offset }) => total + Math.max(0, Number(offset)), 0);
  return {
    async create(hint, partitions, replicationFactor) {
      const topic = `bench-${hint}-${randomBytes(4).toString('hex')}`;
      const configEntries = [
        { name: 'file.delete.delay.ms', value: '1000' },
        { name: 'retention.ms', value: '-1' },
      ];
      await admin.createTopics({
        topics: [{ topic, numPartitions: partitions, replicationFactor, configEntries }],
        waitForLeaders: true,
      });
      return topic;
    },
    remove: (topic) => admin.deleteTopics({ topics: [topic] }),
    /** Records in the topic. */
    records: async (topic) => sum(await admin.fetchTopicOffsets(topic)),
    /** Sum of the group's offsets in the topic. */
    committed: async (groupId, topic) => {
      const [answer] = await admin.fetchOffsets({ groupId, topics: [topic] });
      return sum(answer.partitions);
    },
    close: () => admin.disconnect(),
  };
}
