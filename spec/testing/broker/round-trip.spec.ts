import { VirtualTimeScheduler } from 'rxjs';
import { Kafka, utf8 } from '../../../src/index.js';
import { inMemory } from '../../../src/testing/broker/index.js';

describe('a client on the cluster in memory', () => {
  it('produces and reads back in virtual time, the same way for the same seed', () => {
    const run = (): string[] => {
      const scheduler = new VirtualTimeScheduler();
      const cluster = inMemory({ scheduler, seed: 7 });
      cluster.createTopic('orders', { partitions: 3 });
      const trace: string[] = [];
      cluster.onRequest(({ api, broker }) => trace.push(`${scheduler.now()} ${broker} ${api}`));
      const kafka = new Kafka({ bootstrapServers: cluster.bootstrapServers, runtime: cluster });
      const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });
      for (let n = 0; n < 9; n++) {
        producer.send({ topic: 'orders', key: `k${n}`, value: `v${n}` }).subscribe(({ partition, offset }) => {
          trace.push(`sent ${n} ${partition}:${offset}`);
        });
      }
      scheduler.maxFrames = 1000;
      scheduler.flush();
      const consumer = kafka.consumer({
        topics: 'orders',
        autoOffsetReset: 'earliest',
        keyDeserializer: utf8,
        valueDeserializer: utf8,
      });
      const values: string[] = [];
      const reading = consumer.records$.subscribe(({ value }) => values.push(value));
      scheduler.maxFrames = 5000;
      scheduler.flush();
      reading.unsubscribe();
      expect(values.sort()).toEqual(Array.from({ length: 9 }, (_, n) => `v${n}`));
      return trace;
    };
    const first = run();
    expect(run()).toEqual(first);
  });
});
