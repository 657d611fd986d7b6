import { type KafkaError } from '../../src/errors/kafka-error.js';
import { type RecordMetadata } from '../../src/model/record-sink.js';
import { createProducer } from '../../src/observables/producer-client.js';
import { resolveProducerOptions } from '../../src/observables/producer-options.js';
import { type ClusterOptions } from '../../src/cluster/cluster.js';
import { initProducerIdApi } from '../../src/protocol/messages/init-producer-id.js';
import { produceApi, type ProduceRequest } from '../../src/protocol/messages/produce.js';
import { utf8 } from '../../src/serde/utf8.js';
import { ClusterBench } from '../cluster/support.js';

/** A producer over scripted brokers that take everything and number it per partition, and speak the real bytes. */
function wired(options: object = {}, cluster: Partial<ClusterOptions> = {}) {
  const bench = new ClusterBench(cluster);
  const ends = new Map<string, number>();
  const take = (body: ProduceRequest) => ({
    responses: body.topicData.map(({ name, partitionData }) => ({
      name,
      partitionResponses: partitionData.map(({ index, records }) => {
        const bytes = records!;
        const offset = ends.get(`${name}-${index}`) ?? 0;
        ends.set(`${name}-${index}`, offset + new DataView(bytes.buffer, bytes.byteOffset).getInt32(57));
        return { index, errorCode: 0, baseOffset: offset, logAppendTimeMs: -1, logStartOffset: 0 };
      }),
    })),
  });
  for (const broker of bench.brokers) {
    broker.on(initProducerIdApi, () => ({ errorCode: 0, producerId: 1, producerEpoch: 0 }));
    broker.on(produceApi, ({ body }) => take(body));
  }
  const producer = createProducer<string, string>(
    bench.cluster,
    resolveProducerOptions({ keySerializer: utf8, valueSerializer: utf8, ...options }, cluster.requestTimeoutMs),
    () => undefined,
  );
  const seen: (RecordMetadata | KafkaError)[] = [];
  const send = (value: string, partition = 0): void => {
    producer.send({ topic: 't', partition, value }).subscribe({
      next: (metadata) => seen.push(metadata),
      error: (error: unknown) => seen.push(error as KafkaError),
    });
  };
  const end = async (): Promise<void> => {
    const closed = producer.close();
    bench.runtime.advance(31_000);
    await closed;
    bench.end();
  };
  return { bench, producer, seen, send, take, end };
}

it('[B74] looks up a leader whose address metadata did not tell, then sends to it', async () => {
  const { bench, seen, send, end } = wired();
  bench.topic('t', [3]);
  bench.ids = [1, 2];
  send('v');
  bench.runtime.advance(3000);
  expect(seen).toEqual([]);
  expect(bench.questions.length).toBeGreaterThan(2);
  bench.ids = [1, 2, 3];
  bench.runtime.advance(3000);
  expect(seen).toMatchObject([{ partition: 0, offset: 0 }]);
  expect(bench.broker(3).asked(produceApi)).toHaveLength(1);
  await end();
});

it('[B69, B82] says of a topic that never appears that it is unknown', async () => {
  const { bench, seen, send, end } = wired({ maxBlockMs: 200 });
  send('v');
  bench.runtime.advance(300);
  expect(seen).toMatchObject([
    { code: 'ERR_KAFKA_DELIVERY', mayHaveBeenWritten: false, cause: { errorName: 'UNKNOWN_TOPIC_OR_PARTITION' } },
  ]);
  await end();
});

it('[P9, P15] a broker that answers too late has written: maybe written first, a duplicate for the next try', async () => {
  const { bench, seen, send, take, end } = wired({ deliveryTimeoutMs: 2000 }, { requestTimeoutMs: 1000 });
  bench.topic('t', [1]);
  send('established');
  bench.runtime.advance(200);
  bench.broker(1).on(produceApi, ({ body }) => {
    take(body);
    return null;
  });
  send('a');
  bench.runtime.advance(2100);
  expect(seen[1]).toMatchObject({ code: 'ERR_KAFKA_DELIVERY', mayHaveBeenWritten: true });
  expect(seen[1]).toMatchObject({ cause: { code: 'ERR_KAFKA_REQUEST_TIMEOUT' } });
  await end();
});

it('[P15] counts an answer that calls the batch a duplicate as success, with the offset that it gives', async () => {
  const { bench, seen, send, end } = wired({}, { requestTimeoutMs: 1000 });
  bench.topic('t', [1]);
  send('established');
  bench.runtime.advance(200);
  let tries = 0;
  bench.broker(1).on(produceApi, () => {
    if (++tries === 1) return null;
    const answer = { index: 0, errorCode: 46, baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 };
    return { responses: [{ name: 't', partitionResponses: [answer] }] };
  });
  send('a');
  bench.runtime.advance(3000);
  expect([tries, seen[1]]).toMatchObject([2, { offset: -1, partition: 0 }]);
  await end();
});
