// What lags behind goes first: while a partition has more than BEHIND records to go, the others of this consumer are paused.
// KAFKA_BROKERS=localhost:9092 TOPIC=jobs GROUP=workers BEHIND=100 node --import ./scripts/ts.mjs examples/priorities.ts
import { setTimeout as work } from 'node:timers/promises';
import { Kafka, utf8 } from 'rx-kafka';
import { commitOffsets, processEach } from 'rx-kafka/operators';

const behind = Number(process.env['BEHIND'] ?? 100);
const kafka = new Kafka({ bootstrapServers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092' });
const jobs = kafka.consumer({
  groupId: process.env['GROUP'] ?? 'workers',
  topics: process.env['TOPIC'] ?? 'jobs',
  keyDeserializer: utf8,
  valueDeserializer: utf8,
  autoOffsetReset: 'earliest',
  // what was delivered before a pause is still worked on: the fewer, the sharper
  window: { records: 20 },
});

const failed = (error: unknown): void => {
  console.error(error);
  process.exitCode = 1;
};

// A pause keeps position and membership. A paused partition is not fetched: its lag is that of the last look.
let first = '';
const priorities = jobs.lag({ everyMs: 100 }).subscribe({
  next: (partitions) => {
    const urgent = partitions.filter(({ lag }) => lag > behind);
    const rest = urgent.length === 0 ? [] : partitions.filter(({ lag }) => lag <= behind);
    jobs.resume(urgent.length === 0 ? undefined : urgent);
    jobs.pause(rest);
    const now = rest.length === 0 ? 'all' : urgent.map(({ partition }) => partition).join(' ');
    if (now !== first) console.log(`first ${now}`);
    first = now;
  },
  error: failed,
});

jobs.records$
  .pipe(
    processEach(async ({ partition, value }) => {
      await work(2);
      console.log(`${partition}: ${value}`);
    }),
    commitOffsets({ everyMs: 1000 }),
  )
  .subscribe({ error: failed });

const stop = (): void => {
  priorities.unsubscribe();
  void kafka.close();
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
