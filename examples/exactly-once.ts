// Orders in, invoices out, exactly once: output and offsets of each window become visible together, or not at all.
// KAFKA_BROKERS=localhost:9092 node --import ./scripts/ts.mjs examples/exactly-once.ts; stop it with Ctrl-C, it drains first.
import { Kafka, json, utf8 } from 'rx-kafka';
import { deadLetter, mapValue, produce, transaction } from 'rx-kafka/operators';

interface Order {
  readonly id: string;
  readonly qty: number;
}
interface Invoice {
  readonly id: string;
  readonly total: number;
}

function toInvoice(order: Order): Invoice {
  if (order.qty < 0) throw new Error(`order ${order.id} has a negative quantity`);
  return { id: order.id, total: order.qty * 12 };
}

const kafka = new Kafka({ bootstrapServers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092', clientId: 'billing' });
const orders = kafka.consumer({
  groupId: process.env['GROUP'] ?? 'billing',
  topics: process.env['FROM'] ?? 'orders',
  keyDeserializer: utf8,
  valueDeserializer: json<Order>(),
  autoOffsetReset: 'earliest',
  // what aborted transactions left in the input is no input
  isolationLevel: 'read_committed',
});
// unique per running instance, the same after its restart
const transactional = kafka.transactionalProducer({
  transactionalId: process.env['TRANSACTIONAL_ID'] ?? 'billing-0',
  keySerializer: utf8,
  valueSerializer: json<Invoice>(),
});
const to = process.env['TO'] ?? 'invoices';

orders.records$
  .pipe(
    transaction(
      transactional,
      (window$, tx) =>
        window$.pipe(
          mapValue((order) => toInvoice(order.value)),
          produce(tx, (invoice) => ({ topic: to, key: invoice.value.id, value: invoice.value })),
        ),
      {
        maxRecords: 500,
        maxMs: 100,
        onAbort: { attempts: 2, then: (tx) => deadLetter(tx.bytes, `${to}.dlq`) },
      },
    ),
  )
  .subscribe({
    next: ({ source }) => {
      console.log(`invoiced ${source.value.id} for ${source.value.total}`);
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
