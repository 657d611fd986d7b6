import { sharedBrokers } from '../support/kafka/shared-brokers.js';
import { proof as stalledConsumer } from '../proofs/stalled-consumer.js';
import { proof as topicToTopic } from '../proofs/topic-to-topic.js';

describe('proofs, shortened', () => {
  it.each([topicToTopic, stalledConsumer])(
    '$name: $describe',
    async (proof) => {
      const report = await proof.run({ seed: 1, scale: 'short', brokers: sharedBrokers() });
      expect(report).toMatchObject({ passed: true });
    },
    120_000,
  );
});
