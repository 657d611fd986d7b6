import {
  firstValueFrom,
  interval,
  map,
  mergeMap,
  type Observable,
  pairwise,
  scan,
  startWith,
  takeWhile,
  timeInterval,
  toArray,
} from 'rxjs';
import { type Kafka, json, utf8 } from 'rx-kafka';
import { produce } from 'rx-kafka/operators';
import { type Entry } from './audit.js';
import { type Brokers } from './brokers.js';
import { type Invoice, type Order } from './billing.js';
import { type DemoOptions } from './options.js';

const customers = 500;

const order = (n: number): Order => ({
  id: `order-${n}`,
  // spread over the customers without a pattern that meets the one of the partitions
  customer: `customer-${(n * 7919) % customers}`,
  quantity: 1 + (n % 9),
});

/**
 * Writes orders at a steady pace, and emits for each one that is written. While invoices stand still, orders do so too, a little
 * later: there has to be work left for whoever comes back.
 * @param invoiced - how many have an invoice
 * @param allowed - no more than so many for now
 */
export function writeOrders(
  kafka: Kafka,
  topic: string,
  { orders: count, perSecond }: DemoOptions,
  invoiced: () => number,
  allowed: () => number,
): Observable<unknown> {
  const producer = kafka.producer({ keySerializer: utf8, valueSerializer: json<Order>() });
  return interval(20).pipe(
    timeInterval(),
    scan(
      (due, { interval: ms }) => Math.min(allowed(), due + (ms * perSecond) / 1000, invoiced() + perSecond * 1.5),
      0,
    ),
    map(Math.floor),
    startWith(0),
    pairwise(),
    takeWhile(([from]) => from < count),
    mergeMap(([from, to]) => Array.from({ length: to - from }, (_, n) => order(from + n))),
    produce(producer, (value) => ({ topic, key: value.customer, value })),
  );
}

/** Every invoice that a read_committed reader sees, from the first one on, without an end. */
export function visibleInvoices(kafka: Kafka, topic: string): Observable<string> {
  const consumer = kafka.consumer({
    topics: topic,
    keyDeserializer: utf8,
    valueDeserializer: json<Invoice>(),
    autoOffsetReset: 'earliest',
    isolationLevel: 'read_committed',
  });
  return consumer.records$.pipe(map(({ value }) => value.orderId));
}

/** Both topics from their beginnings to their ends, and what of the invoices was rolled back. */
export async function readAll(
  kafka: Kafka,
  { orders, invoices }: Brokers,
): Promise<{ orders: readonly Entry[]; invoices: readonly Entry[]; rolledBack: number }> {
  const read = <V>(topic: string, isolationLevel: 'read_committed' | 'read_uncommitted'): Promise<V[]> =>
    firstValueFrom(
      kafka
        .consumer({ topics: topic, valueDeserializer: json<V>(), isolationLevel })
        .readRange({ from: 'beginning', to: 'end' })
        .pipe(
          map(({ value }) => value),
          toArray(),
        ),
    );
  const [ordered, visible, written] = await Promise.all([
    read<Order>(orders, 'read_committed'),
    read<Invoice>(invoices, 'read_committed'),
    read<Invoice>(invoices, 'read_uncommitted'),
  ]);
  return {
    orders: ordered.map(({ id, customer }) => ({ orderId: id, customer })),
    invoices: visible,
    rolledBack: written.length - visible.length,
  };
}
