import { addPartitionsToTxnApi } from '../../../src/protocol/messages/add-partitions-to-txn.js';
import { endTxnApi } from '../../../src/protocol/messages/end-txn.js';
import { initProducerIdApi } from '../../../src/protocol/messages/init-producer-id.js';
import { EmbeddedCluster } from '../../../src/testing/broker/index.js';
import { waitUntil } from '../../support/kafka/probe.js';
import { RawConnection } from '../../support/raw-client.js';

const transactionalId = 'x';

it('EndTxn is answered with CONCURRENT_TRANSACTIONS while markers of the end before are written, whichever way the two go', async () => {
  await using cluster = await EmbeddedCluster.start({ brokers: 2 });
  cluster.createTopic('t', { partitions: 1, replicationFactor: 1 });
  const { leader } = cluster.partition('t', 0);
  cluster.moveCoordinator('transaction', transactionalId, 3 - leader);
  const to = await RawConnection.open(cluster.bootstrapServers.split(',')[2 - leader]!);
  const init = { transactionalId, transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 };
  const first = await to.ask(initProducerIdApi, 4, init);
  const add = async ({ producerId, producerEpoch }: { producerId: number; producerEpoch: number }): Promise<number> => {
    const answer = await to.ask(addPartitionsToTxnApi, 3, {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [{ name: 't', partitions: [0] }],
    });
    return answer.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode;
  };
  const { producerId } = first;
  let { producerEpoch } = first;
  for (const committed of [true, false]) {
    expect(await add({ producerId, producerEpoch })).toBe(0);
    // the partition has no leader: the marker waits
    cluster.killBroker(leader);
    const ended = await to.ask(endTxnApi, 5, { transactionalId, producerId, producerEpoch, committed });
    expect(ended.errorCode).toBe(0);
    const end = async (epoch: number, again: boolean): Promise<number> =>
      (await to.ask(endTxnApi, 5, { transactionalId, producerId, producerEpoch: epoch, committed: again })).errorCode;
    const codes = [];
    for (const epoch of [producerEpoch, ended.producerEpoch]) {
      for (const again of [true, false]) codes.push(await end(epoch, again));
    }
    expect(codes).toEqual([51, 51, 51, 51]);
    await cluster.restartBroker(leader);
    producerEpoch = ended.producerEpoch;
    await waitUntil('the markers are written', 10_000, async () => (await end(producerEpoch - 1, committed)) === 0);
  }
  to.close();
});
