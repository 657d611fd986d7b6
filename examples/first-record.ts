// Writes one record, reads it in a group and prints all there is to know about it.
// KAFKA_BROKERS=localhost:9092 TOPIC=greetings GROUP=readers node --import ./scripts/ts.mjs examples/first-record.ts
import { firstValueFrom } from 'rxjs';
import { Kafka, nullable, utf8 } from 'rx-kafka';
import { acknowledge } from 'rx-kafka/operators';

const topic = process.env['TOPIC'] ?? 'greetings';
await using kafka = new Kafka({ bootstrapServers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092' });
const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });
const consumer = kafka.consumer({
  groupId: process.env['GROUP'] ?? 'readers',
  topics: topic,
  keyDeserializer: nullable(utf8),
  valueDeserializer: utf8,
  autoOffsetReset: 'earliest',
});

const { partition, offset } = await producer.sendAndWait({ topic, value: 'Super message' });
console.log('written', partition, offset);

const record = await firstValueFrom(consumer.records$.pipe(acknowledge()));
console.log('read', record.topic, record.partition, record.offset, record.key, record.value, record.timestamp);
