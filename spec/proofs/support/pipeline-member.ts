// One member of the topic-to-topic proof, in a process of its own: reads, re-keys nothing, writes, commits. Tells its events
// as JSON lines on stdout; SIGTERM closes it, and the process then has to end by itself.
import { cooperativeSticky, Kafka, range, utf8 } from '../../../src/index.js';
import { commitOffsets, forEachPartition, mapValue, produce } from '../../../operators/index.js';

const [, , bootstrapServers = '', groupId = '', from = '', to = '', assignor = '', name = ''] = process.argv;
const tell = (event: object): void => {
  process.stdout.write(`${JSON.stringify({ at: Date.now(), ...event })}\n`);
};

const kafka = new Kafka({ bootstrapServers, clientId: name });
const consumer = kafka.consumer({
  groupId,
  topics: from,
  keyDeserializer: utf8,
  valueDeserializer: utf8,
  autoOffsetReset: 'earliest',
  assignors: [assignor === 'range' ? range : cooperativeSticky],
  sessionTimeoutMs: 6000,
  heartbeatIntervalMs: 1000,
  rebalanceTimeoutMs: 20000,
});
const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });

consumer.events$.subscribe((event) => {
  if (event.type === 'assigned' || event.type === 'revoked' || event.type === 'lost') {
    tell({ type: event.type, partitions: event.partitions.map(({ partition }) => partition) });
  } else if (event.type === 'commitFailed') tell({ type: event.type, error: String(event.error) });
  else tell({ type: event.type });
});
consumer.partitions$
  .pipe(
    forEachPartition((records$) =>
      records$.pipe(
        mapValue((record) => `${record.value}|${record.partition}|${record.offset}|${name}`),
        produce(producer, ({ value, record }) => ({ topic: to, key: record.key, value })),
      ),
    ),
    commitOffsets({ everyMs: 500 }),
  )
  .subscribe({
    error: (error: unknown) => {
      tell({ type: 'failed', error: String(error) });
      process.exitCode = 1;
      void kafka.close();
    },
  });

process.once('SIGTERM', () => {
  tell({ type: 'closing' });
  void kafka.close().then(() => {
    tell({ type: 'closed' });
  });
});
tell({ type: 'started' });
