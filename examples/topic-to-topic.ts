// Orders in, invoices out: partitions side by side, orders of one key in order, only delivered work is committed.
// KAFKA_BROKERS=localhost:9092 node --import ./scripts/ts.mjs examples/topic-to-topic.ts; stop it with Ctrl-C, it drains first.
import { Kafka, json, utf8 } from 'rx-kafka';
import { commitOffsets, forEachPartition, processEach, produce } from 'rx-kafka/operators';

interface Order {
  readonly id: string;
  readonly qty: number;
}
interface Invoice {
  readonly id: string;
  readonly total: number;
}

const price = (order: Order): Promise<Invoice> => Promise.resolve({ id: order.id, total: order.qty * 12 });

const kafka = new Kafka({ bootstrapServers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092', clientId: 'billing' });
const orders = kafka.consumer({
  groupId: process.env['GROUP'] ?? 'billing',
  topics: process.env['FROM'] ?? 'orders',
  keyDeserializer: utf8,
  valueDeserializer: json<Order>(),
  autoOffsetReset: 'earliest',
});
const producer = kafka.producer({ keySerializer: utf8, valueSerializer: json<Invoice>() });
const to = process.env['TO'] ?? 'invoices';

orders.partitions$
  .pipe(
    forEachPartition((orders$) =>
      orders$.pipe(
        processEach((order) => price(order.value), { concurrency: 32, order: 'key' }),
        produce(producer, (priced) => ({ topic: to, key: priced.value.id, value: priced.value })),
      ),
    ),
    commitOffsets({ everyMs: 1000 }),
  )
  .subscribe({
    next: ({ offsets, outcome }) => {
      const where = offsets.map(({ partition, offset }) => `${partition}:${offset}`).join(' ');
      console.log(`${outcome} ${where}`);
    },
    error: (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
  });

const stop = (): void => {
  void kafka.close().then(() => {
    console.log('closed');
  });
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
