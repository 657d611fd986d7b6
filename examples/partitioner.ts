// An own choice of the partition: `first` goes to the first, `last` to the last, everything else anywhere.
// KAFKA_BROKERS=localhost:9092 TOPIC=ten-partitions node --import ./scripts/ts.mjs examples/partitioner.ts
import { from } from 'rxjs';
import { Kafka, type Partitioner, utf8 } from 'rx-kafka';
import { produce } from 'rx-kafka/operators';

const topic = process.env['TOPIC'] ?? 'ten-partitions';
await using kafka = new Kafka({ bootstrapServers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092' });

const partitioner: Partitioner = ({ keyBytes, partitions, available }) => {
  const key = keyBytes === null ? '' : Buffer.from(keyBytes).toString();
  if (key === 'first') return partitions[0]!;
  if (key === 'last') return partitions.at(-1)!;
  return available[Math.floor(Math.random() * available.length)] ?? partitions[0]!;
};
const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8, partitioner });

await from(['last', 'some', 'first'])
  .pipe(produce(producer, (key) => ({ topic, key, value: `${key}-message` })))
  .forEach(({ source, partition }) => {
    console.log(`${source}-message is in partition ${partition}`);
  });
