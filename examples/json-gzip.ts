// JSON in batches compressed with gzip. Reading needs no setting: a batch says how it was compressed.
// KAFKA_BROKERS=localhost:9092 TOPIC=documents node --import ./scripts/ts.mjs examples/json-gzip.ts
import { from, lastValueFrom } from 'rxjs';
import { Kafka, json } from 'rx-kafka';
import { produce } from 'rx-kafka/operators';

const topic = process.env['TOPIC'] ?? 'documents';
await using kafka = new Kafka({ bootstrapServers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092' });
const producer = kafka.producer({ valueSerializer: json(), compression: 'gzip' });
const documents = [{ a: 123.4, b: 'some string' }, [1, 2, 3, 4]];
await lastValueFrom(from(documents).pipe(produce(producer, (value) => ({ topic, value, partition: 0 }))));

await kafka
  .consumer({ topics: topic, valueDeserializer: json() })
  .readRange()
  .forEach(({ value }) => {
    console.log(Array.isArray(value) ? 'list' : typeof value, JSON.stringify(value));
  });
