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
