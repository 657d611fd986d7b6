import { type KafkaError } from '../../src/errors/kafka-error.js';
import { createProducer } from '../../src/observables/producer-client.js';
import { resolveProducerOptions } from '../../src/observables/producer-options.js';
import { utf8 } from '../../src/serde/utf8.js';
import { ClusterBench } from '../cluster/support.js';

it('[B69] says that no broker was reached, not that the topic is unknown, when none was', async () => {
  const bench = new ClusterBench();
  for (const broker of bench.brokers) broker.stop();
  const options = resolveProducerOptions({ valueSerializer: utf8, maxBlockMs: 500 });
  const producer = createProducer<string, string>(bench.cluster, options, () => undefined);
  const seen: KafkaError[] = [];
  producer.send({ topic: 't', value: 'v' }).subscribe({ error: (error: unknown) => seen.push(error as KafkaError) });
  bench.runtime.advance(600);
  expect(seen).toMatchObject([{ code: 'ERR_KAFKA_DELIVERY', mayHaveBeenWritten: false }]);
  expect(seen[0]!.message).not.toContain('UNKNOWN_TOPIC');
  expect(seen[0]!.cause).toMatchObject({ code: 'ERR_KAFKA_CONNECTION' });
  const closed = producer.close();
  bench.runtime.advance(31_000);
  await closed;
  bench.end();
});

it('says so of partitionsFor as well', async () => {
  const bench = new ClusterBench();
  for (const broker of bench.brokers) broker.stop();
  const options = resolveProducerOptions({ valueSerializer: utf8, maxBlockMs: 500 });
  const producer = createProducer<string, string>(bench.cluster, options, () => undefined);
  const seen: KafkaError[] = [];
  producer.partitionsFor('t').subscribe({ error: (error: unknown) => seen.push(error as KafkaError) });
  bench.runtime.advance(600);
  expect(seen).toMatchObject([
    { code: 'ERR_KAFKA_TIMEOUT', topic: 't', retriable: true, cause: { code: 'ERR_KAFKA_CONNECTION' } },
  ]);
  const closed = producer.close();
  bench.runtime.advance(31_000);
  await closed;
  bench.end();
});

describe('the process, while no broker can be reached,', () => {
  const setUp = (maxBlockMs: number) => {
    const bench = new ClusterBench();
    for (const broker of bench.brokers) broker.stop();
    const options = resolveProducerOptions({ valueSerializer: utf8, maxBlockMs });
    const producer = createProducer<string, string>(bench.cluster, options, () => undefined);
    const sent = producer.send({ topic: 't', value: 'v' }).subscribe({ error: () => undefined });
    const end = async (): Promise<void> => {
      const closed = producer.close({ timeoutMs: 0 });
      bench.runtime.advance(1);
      await closed;
      bench.end();
    };
    return { bench, producer, sent, end };
  };

  it('stays for a record that waits', async () => {
    const { bench, end } = setUp(120_000);
    bench.runtime.advance(90_000);
    expect(bench.runtime.alive).toBeGreaterThan(0);
    await end();
  });

  it.each([
    ['was cancelled at once', 0],
    ['was cancelled later', 45_000],
  ])('is free to end when it %s', async (_, ms) => {
    const { bench, sent, end } = setUp(120_000);
    bench.runtime.advance(ms);
    sent.unsubscribe();
    for (let turn = 0; turn < 100; turn++) {
      bench.runtime.advance(turn === 0 ? 1 : 1000);
      expect(bench.runtime.alive).toBe(0);
    }
    await end();
  });

  it('is free to end when records of several topics were cancelled', async () => {
    const { bench, producer, sent, end } = setUp(120_000);
    bench.runtime.advance(1000);
    const other = producer.send({ topic: 'u', value: 'v' }).subscribe({ error: () => undefined });
    bench.runtime.advance(1000);
    sent.unsubscribe();
    other.unsubscribe();
    bench.runtime.advance(1);
    expect(bench.runtime.alive).toBe(0);
    await end();
  });

  it('is free to end when it was given up', async () => {
    const { bench, end } = setUp(2000);
    bench.runtime.advance(2001);
    expect(bench.runtime.alive).toBe(0);
    bench.runtime.advance(90_000);
    expect(bench.runtime.alive).toBe(0);
    await end();
  });
});
