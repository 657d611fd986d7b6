// Produces ten greetings and prints where each of them went.
// KAFKA_BROKERS=localhost:9092 TOPIC=greetings node --import ./scripts/ts.mjs examples/produce.ts
import { range } from 'rxjs';
import { Kafka, utf8 } from 'rx-kafka';
import { produce } from 'rx-kafka/operators';

const topic = process.env['TOPIC'] ?? 'greetings';
const kafka = new Kafka({ bootstrapServers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092' });
const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });

range(1, 10)
  .pipe(produce(producer, (n) => ({ topic, key: `visitor-${n % 3}`, value: `hello ${n}` })))
  .subscribe({
    next: ({ source, partition, offset }) => {
      console.log(`hello ${source} is record ${offset} of partition ${partition}`);
    },
    error: (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
    complete: () => {
      void kafka.close();
    },
  });
