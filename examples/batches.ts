// A thousand records packed by hand into batches of 16 KiB, each batch sent as a whole to a partition of our choice.
// KAFKA_BROKERS=localhost:9092 TOPIC=packed node --import ./scripts/ts.mjs examples/batches.ts
import { type BatchBuilder, Kafka, utf8 } from 'rx-kafka';

const topic = process.env['TOPIC'] ?? 'packed';
await using kafka = new Kafka({ bootstrapServers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092' });
const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8, batchSize: 16384 });

const send = (batch: BatchBuilder<string, string>): void => {
  batch.close();
  const partition = Math.floor(Math.random() * 3);
  producer.sendBatch(batch, { topic, partition }).subscribe({
    next: ({ offset }) => {
      console.log(`${batch.recordCount} messages from offset ${offset} of partition ${partition}`);
    },
    error: (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
  });
};

const timestamp = Date.now();
let batch = producer.createBatch();
for (let i = 0; i < 1000; i++) {
  const record = { value: `Test message ${i}`, timestamp };
  if (batch.append(record) !== null) continue;
  send(batch);
  batch = producer.createBatch();
  batch.append(record);
}
send(batch);
await producer.flush();
