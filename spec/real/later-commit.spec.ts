import { addOffsetsToTxnApi } from '../../src/protocol/messages/add-offsets-to-txn.js';
import { endTxnApi } from '../../src/protocol/messages/end-txn.js';
import { initProducerIdApi } from '../../src/protocol/messages/init-producer-id.js';
import { offsetCommitApi } from '../../src/protocol/messages/offset-commit.js';
import { offsetFetchApi } from '../../src/protocol/messages/offset-fetch.js';
import { txnOffsetCommitApi } from '../../src/protocol/messages/txn-offset-commit.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';
import { RawConnection } from '../support/raw-client.js';

it.each([
  ['behind', 9],
  ['before', 7],
] as const)(
  'a plain commit %s the offsets of a transaction, whenever that ends: %d stays',
  async (order, expected) => {
    const [topic, groupId, transactionalId] = [uniqueName('later'), uniqueName('later'), uniqueName('later')];
    await createTopic(sharedBrokers(), topic, { partitions: 1 });
    const group = await RawConnection.toCoordinator(sharedBrokers(), groupId);
    const transactions = await RawConnection.toCoordinator(sharedBrokers(), transactionalId, 1);
    const plain = async (): Promise<number> => {
      const { topics } = await group.ask(offsetCommitApi, 8, {
        groupId,
        topics: [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: 9 }] }],
      });
      return topics[0]!.partitions[0]!.errorCode;
    };
    const fetched = async () => {
      const asked = [{ groupId, topics: [{ name: topic, partitionIndexes: [0] }] }];
      const { groups } = await group.ask(offsetFetchApi, 8, { groups: asked, requireStable: true });
      return groups[0]!.topics[0]!.partitions[0]!;
    };
    /** A coordinator of a young cluster loads, and the topic is not known everywhere at once. */
    const until0 = async (ask: () => Promise<number>): Promise<void> => {
      for (let tries = 0; tries < 200; tries++) {
        if ((await ask()) === 0) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error('not taken');
    };
    try {
      const { producerId, producerEpoch } = await transactions.askOnceLoaded(initProducerIdApi, 4, {
        transactionalId,
        transactionTimeoutMs: 60_000,
        producerId: -1,
        producerEpoch: -1,
      });
      const identity = { transactionalId, producerId, producerEpoch };
      if (order === 'before') await until0(plain);
      await until0(async () => (await transactions.ask(addOffsetsToTxnApi, 3, { ...identity, groupId })).errorCode);
      await until0(async () => {
        const offsets = [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: 7 }] }];
        const { topics } = await group.ask(txnOffsetCommitApi, 3, { ...identity, groupId, topics: offsets });
        return topics[0]!.partitions[0]!.errorCode;
      });
      expect((await fetched()).errorCode).toBe(88);
      if (order === 'behind') await until0(plain);
      expect((await transactions.ask(endTxnApi, 3, { ...identity, committed: true })).errorCode).toBe(0);
      await until0(async () => (await fetched()).errorCode);
      expect((await fetched()).committedOffset).toBe(expected);
    } finally {
      group.close();
      transactions.close();
    }
  },
  60_000,
);
