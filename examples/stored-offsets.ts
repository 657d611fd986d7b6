// Counts that are saved together with the offset they were counted up to: a restart neither loses nor counts twice.
// KAFKA_BROKERS=localhost:9092 TOPIC=visits GROUP=counts STORE=./visits.json node --import ./scripts/ts.mjs examples/stored-offsets.ts
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { of, takeUntil, timer } from 'rxjs';
import { Kafka, type OffsetList, utf8 } from 'rx-kafka';
import { acknowledge, batchRecords } from 'rx-kafka/operators';

interface Store {
  readonly offsets: OffsetList;
  readonly counts: Readonly<Record<string, number>>;
}
const file = process.env['STORE'] ?? './visits.json';
let store: Store = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Store) : { offsets: [], counts: {} };

await using kafka = new Kafka({ bootstrapServers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092' });
const visits = kafka.consumer({
  groupId: process.env['GROUP'] ?? 'counts',
  topics: process.env['TOPIC'] ?? 'visits',
  keyDeserializer: utf8,
  autoOffsetReset: 'earliest',
  commit: false,
  offsetStore: { load: () => of(store.offsets) },
});

await visits.records$
  .pipe(
    batchRecords({ maxRecords: 100, maxMs: 100 }),
    acknowledge(),
    takeUntil(timer(Number(process.env['RUN_MS'] ?? 5000))),
  )
  .forEach(({ items }) => {
    const counts = { ...store.counts };
    const next = new Map(store.offsets.map((stored) => [`${stored.topic} ${stored.partition}`, stored]));
    for (const { topic, partition, offset, key } of items) {
      counts[key] = (counts[key] ?? 0) + 1;
      next.set(`${topic} ${partition}`, { topic, partition, offset: offset + 1 });
    }
    // both at once, or neither
    store = { counts, offsets: [...next.values()] };
    writeFileSync(`${file}.new`, JSON.stringify(store));
    renameSync(`${file}.new`, file);
  });
console.log(JSON.stringify(store.counts));
