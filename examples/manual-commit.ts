// Ten records, one commit, stop: the next run begins at the eleventh.
// KAFKA_BROKERS=localhost:9092 TOPIC=numbers GROUP=tens node --import ./scripts/ts.mjs examples/manual-commit.ts
import { lastValueFrom, take, tap } from 'rxjs';
import { Kafka, utf8 } from 'rx-kafka';
import { commitOffsets } from 'rx-kafka/operators';

await using kafka = new Kafka({ bootstrapServers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092' });
const numbers = kafka.consumer({
  groupId: process.env['GROUP'] ?? 'tens',
  topics: process.env['TOPIC'] ?? 'numbers',
  valueDeserializer: utf8,
  autoOffsetReset: 'earliest',
});

const ten$ = numbers.records$.pipe(
  take(10),
  tap(({ offset, value }) => {
    console.log(`${offset}: ${value}`);
  }),
  commitOffsets({ everyRecords: 10 }),
);
const { offsets } = await lastValueFrom(ten$);
console.log('committed', offsets.map(({ offset }) => offset).join());
