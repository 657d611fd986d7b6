// Reads a topic in a group, commits what was printed, and stops after COUNT records (for ever without it).
// KAFKA_BROKERS=localhost:9092 TOPIC=greetings GROUP=readers COUNT=10 node --import ./scripts/ts.mjs examples/consume.ts
import { take, tap } from 'rxjs';
import { Kafka, utf8 } from 'rx-kafka';
import { commitOffsets } from 'rx-kafka/operators';

const kafka = new Kafka({ bootstrapServers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092' });
const greetings = kafka.consumer({
  groupId: process.env['GROUP'] ?? 'readers',
  topics: process.env['TOPIC'] ?? 'greetings',
  keyDeserializer: utf8,
  valueDeserializer: utf8,
  autoOffsetReset: 'earliest',
});

greetings.records$
  .pipe(
    tap((record) => {
      console.log(`${record.topic}/${record.partition} @${record.offset} ${record.key}: ${record.value}`);
    }),
    take(Number(process.env['COUNT'] ?? Number.POSITIVE_INFINITY)),
    commitOffsets({ everyMs: 1000 }),
  )
  .subscribe({
    error: (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
    complete: () => {
      void kafka.close();
    },
  });

process.once('SIGTERM', () => void kafka.close());
process.once('SIGINT', () => void kafka.close());
