import { firstValueFrom } from 'rxjs';
import { type BrokerError } from '../../src/index.js';
import { type KafkaCluster, startCluster } from '../support/kafka/cluster.js';
import { javaTool } from '../support/peers/java-tools.js';
import { storedBatches } from '../support/peers/stored-batches.js';
import { begun, failure, TransactionBench, transactionFailure, writeOne } from './support/transaction-bench.js';
import { transactionCases } from './support/transaction-cases.js';

let cluster: KafkaCluster;
const bench = new TransactionBench(() => cluster.bootstrapServers, 1);

beforeAll(async () => {
  cluster = await startCluster({
    brokers: 1,
    properties: {
      'offsets.topic.replication.factor': '1',
      'transaction.state.log.replication.factor': '1',
      'transaction.state.log.min.isr': '1',
    },
  });
  const target = ['--bootstrap-server', cluster.bootstrapServers];
  await javaTool('org.apache.kafka.tools.FeatureCommand', [
    ...target,
    'downgrade',
    '--feature',
    'transaction.version=1',
  ]);
}, 90_000);

afterEach(() => bench.end());
afterAll(() => cluster.stop());

describe('transactions on a cluster that has finalized transaction.version 1', () => {
  transactionCases(bench);

  it('keeps its epoch from transaction to transaction', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    for (const value of ['a', 'b']) await writeOne(producer, topic, value);
    const stored = await storedBatches(bench.brokers(), topic, 0);
    // records and markers
    expect(stored.map(({ baseSequence }) => baseSequence)).toEqual([0, -1, 1, -1]);
    expect(new Set(stored.map(({ producerEpoch }) => producerEpoch)).size).toBe(1);
  }, 60_000);

  it('is finished when the broker ended a transaction that took too long: it cannot be told from fencing there', async () => {
    const topic = await bench.topic();
    const producer = bench.producer(undefined, { transactionTimeoutMs: 1000 });
    const tx = await begun(producer);
    await firstValueFrom(tx.send({ topic, value: 'too slow' }));
    await bench.stable(topic);
    const error = transactionFailure(await failure(firstValueFrom(tx.commit())));
    expect([error.abortable, (error.cause as BrokerError).errorName]).toEqual([false, 'PRODUCER_FENCED']);
    expect(await bench.read(topic, 'read_committed')).toEqual([]);
  }, 90_000);
});
