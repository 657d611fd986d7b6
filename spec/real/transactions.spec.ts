import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { javaTool } from '../support/peers/java-tools.js';
import { createTopic, kafkajsConsume } from '../support/peers/kafkajs.js';
import { kcatConsume } from '../support/peers/kcat.js';
import { storedBatches } from '../support/peers/stored-batches.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { projectRoot } from '../support/project-root.js';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { begun, failure, TransactionBench, transactionFailure, writeOne } from './support/transaction-bench.js';
import { transactionCases } from './support/transaction-cases.js';

const bench = new TransactionBench(sharedBrokers);

afterEach(() => bench.end());

// the rows that the shared cases prove, which stand in a file of their own because both protocols run them
describe('transactions on a real cluster, protocol of KIP-890 [P25] [PM9] [PM10] [PM11] [T1] [T2] [T3] [T4] [T7] [B90] [B93] [B94] [B97]', () => {
  transactionCases(bench);

  it('has another epoch in each transaction, sequences from 0', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    for (const value of ['a', 'b']) await writeOne(producer, topic, value);
    await bench.stable(topic);
    const stored = await storedBatches(bench.brokers(), topic, 0);
    const records = stored.filter(({ baseSequence }) => baseSequence >= 0);
    expect(records.map(({ baseSequence }) => baseSequence)).toEqual([0, 0]);
    expect(records[1]!.producerEpoch).toBe(records[0]!.producerEpoch + 1);
  }, 60_000);

  it('[T6] three replicas of which two must be in sync: instances with ids of their own go side by side, one id twice does not', async () => {
    const topic = uniqueName('transactions');
    const config = { 'min.insync.replicas': '2' };
    await createTopic(sharedBrokers(), topic, { partitions: 1, replicationFactor: 3, config });
    const id = uniqueName('tx');
    const [one, other] = [bench.producer(`${id}-a`), bench.producer(`${id}-b`)];
    for (const value of ['1', '2']) {
      await writeOne(one, topic, `a${value}`);
      await writeOne(other, topic, `b${value}`);
    }
    const twin = bench.producer(`${id}-a`);
    await writeOne(twin, topic, 'twin');
    const late = lastValueFrom(one.transaction((tx) => tx.send({ topic, value: 'fenced' })));
    expect(await failure(late)).toMatchObject({ abortable: false, fatal: true });
    await writeOne(other, topic, 'b3');
    expect(await bench.read(topic, 'read_committed')).toEqual(['0:a1', '0:a2', '0:b1', '0:b2', '0:b3', '0:twin']);
    // what the documentation says about it
    const page = readFileSync(join(projectRoot(), 'docs/transactions.md'), 'utf8');
    expect(page).toContain('unique per running instance');
    expect(page).toContain('`min.insync.replicas=2`');
  }, 60_000);

  it('is read by the Java client, librdkafka and kafkajs as they read their own [T1] [T3]', async () => {
    const topic = await bench.topic();
    const producer = bench.producer();
    for (const [n, end] of (['commit', 'abort', 'commit'] as const).entries()) {
      const tx = await begun(producer);
      await firstValueFrom(tx.send({ topic, key: 'k', value: `${n}` }));
      await firstValueFrom(tx[end]());
    }
    await bench.stable(topic);
    const brokers = sharedBrokers();
    const isolated = ['--isolation-level', 'read_committed', '--max-messages', '2', '--timeout-ms', '30000'];
    const target = ['--bootstrap-server', brokers, '--topic', topic, '--from-beginning'];
    const java = await javaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [...target, ...isolated]);
    expect(java).toBe('0\n2\n');
    for (const consume of [kcatConsume, kafkajsConsume]) {
      expect((await consume(brokers, topic, 2)).map(({ value }) => value)).toEqual(['0', '2']);
    }
  }, 90_000);

  it.each(['write', 'commit', 'abort'] as const)(
    'goes on with the same producer when a %s finds that the broker has ended the transaction',
    async (finder) => {
      const topic = await bench.topic();
      const producer = bench.producer(undefined, { transactionTimeoutMs: 1000 });
      await writeOne(producer, topic, 'before');
      const tx = await begun(producer);
      await firstValueFrom(tx.send({ topic, value: 'too slow' }));
      // the broker looks for such transactions every ten seconds
      await bench.stable(topic);
      if (finder === 'write') {
        const error = await failure(firstValueFrom(tx.send({ topic, value: 'late' })));
        expect(error.message).toContain('INVALID_PRODUCER_EPOCH');
      }
      if (finder !== 'abort') {
        const error = transactionFailure(await failure(firstValueFrom(tx.commit())));
        expect(error.abortable).toBe(true);
      }
      await firstValueFrom(tx.abort());
      await writeOne(producer, topic, 'after');
      expect(await bench.read(topic, 'read_committed')).toEqual(['0:after', '0:before']);
    },
    90_000,
  );
});
