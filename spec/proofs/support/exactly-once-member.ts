// One pipeline of an exactly-once proof, in a process of its own: topic to topic through `transaction`. Tells what happens on its
// stdout, so that what it told before kill -9 is known; SIGTERM closes it, and the process then has to end by itself.
import { Kafka, utf8 } from '../../../src/index.js';
import { mapValue, produce, transaction } from '../../../operators/index.js';
import { madeValue } from './exactly-once-check.js';
import { type PipelineOptions } from './exactly-once-pipeline.js';
import { type MemberEvent } from './member-process.js';

const [, , bootstrapServers = '', groupId = '', from = '', to = '', options = '{}', name = ''] = process.argv;
const { protocol, instance, isStatic, sessionTimeoutMs, transactionTimeoutMs } = JSON.parse(options) as PipelineOptions;
const tell = (event: Omit<MemberEvent, 'at'>): void => {
  process.stdout.write(`${JSON.stringify({ at: Date.now(), ...event })}\n`);
};

const kafka = new Kafka({ bootstrapServers, clientId: name });
const consumer = kafka.consumer({
  groupId,
  topics: from,
  keyDeserializer: utf8,
  valueDeserializer: utf8,
  autoOffsetReset: 'earliest',
  isolationLevel: 'read_committed',
  ...(protocol === 'consumer'
    ? { groupProtocol: 'consumer' }
    : { sessionTimeoutMs, heartbeatIntervalMs: 1000, rebalanceTimeoutMs: 20_000 }),
  ...(isStatic ? { groupInstanceId: instance } : {}),
});
const producer = kafka.transactionalProducer({
  // stable per instance: the next process of this instance aborts what this one leaves open
  transactionalId: `${groupId}-${instance}`,
  transactionTimeoutMs,
  keySerializer: utf8,
  valueSerializer: utf8,
});

consumer.events$.subscribe((event) => {
  if (event.type === 'assigned' || event.type === 'revoked' || event.type === 'lost') {
    tell({ type: event.type, partitions: event.partitions.map(({ partition }) => partition) });
  } else if (event.type === 'discontinuity') tell({ type: `discontinuity by ${event.reason}` });
});

let windows = 0;
const committed = new Set<number>();
const counting = setInterval(() => {
  if (committed.size > 0) tell({ type: 'windows', count: committed.size });
  committed.clear();
}, 250);

consumer.records$
  .pipe(
    transaction(
      producer,
      (window$, tx) => {
        const number = ++windows;
        return window$.pipe(
          mapValue((record) => ({
            window: number,
            key: record.key,
            partition: record.partition,
            value: madeValue(record.value, record.partition, record.offset, name),
          })),
          produce(tx, ({ value }) => ({
            topic: to,
            key: value.key,
            value: value.value,
            partition: value.partition,
          })),
        );
      },
      { maxRecords: 500, maxMs: 100 },
    ),
  )
  .subscribe({
    // values come when their transaction is committed
    next: ({ source }) => committed.add(source.value.window),
    error: (error: unknown) => {
      tell({ type: 'failed', error: String(error) });
      process.exitCode = 1;
      clearInterval(counting);
      void kafka.close();
    },
  });
// whoever started it is gone
process.stdin.resume().once('end', () => {
  process.exit(1);
});
(process.stdin as { unref?: () => void }).unref?.();
process.once('SIGTERM', () => {
  tell({ type: 'closing' });
  clearInterval(counting);
  void kafka.close().then(() => {
    tell({ type: 'closed' });
  });
});
tell({ type: 'started' });
