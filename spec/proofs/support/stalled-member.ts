// A consumer whose pipe never settles, in a process of its own: tells its memory every second, and what it was told.
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka } from '../../../src/index.js';
import { forEachPartition, processEach } from '../../../operators/index.js';
import { NEVER } from 'rxjs';

const [, , bootstrapServers = '', topic = '', groupId = '', seconds = '60'] = process.argv;
const gc = (globalThis as { gc?: () => void }).gc;
const memory = (): number => {
  gc?.();
  return process.memoryUsage().rss;
};

let warnings = 0;
process.on('warning', ({ name }) => {
  if (name === 'RxKafkaWarning') warnings += 1;
});
const kafka = new Kafka({ bootstrapServers });
const consumer = kafka.consumer({
  groupId,
  topics: topic,
  autoOffsetReset: 'earliest',
  bufferBytes: 8388608,
  window: { records: 1_000_000, bytes: 1048576 },
  maxPollIntervalMs: 600_000,
  stallWarningMs: 10_000,
  sessionTimeoutMs: 6000,
  heartbeatIntervalMs: 1000,
});
let stalled = 0;
let lost = 0;
let delivered = 0;
consumer.events$.subscribe({
  next: ({ type }) => {
    if (type === 'stalled') stalled += 1;
    if (type === 'lost' || type === 'revoked') lost += 1;
  },
});
await sleep(500);
const before = memory();
consumer.partitions$
  .pipe(
    forEachPartition((records$) =>
      records$.pipe(
        processEach(
          () => {
            delivered += 1;
            return NEVER;
          },
          { order: 'none', concurrency: 1_000_000 },
        ),
      ),
    ),
  )
  .subscribe({ error: (error: unknown) => process.stdout.write(`${JSON.stringify({ failed: String(error) })}\n`) });
let peak = 0;
for (let second = 0; second < Number(seconds); second++) {
  await sleep(1000);
  peak = Math.max(peak, memory() - before);
}
const { generation } = consumer.groupMetadata();
process.stdout.write(
  `${JSON.stringify({ peak, stalled, lost, warnings, delivered, generation, held: consumer.assignment.length })}\n`,
);
process.exit(0);
