// The main job, to look at: orders in, invoices out, two instances of one group, one of them stopped in the middle.
import { interval, map, type Observable, take, takeUntil, tap, Subject, timer } from 'rxjs';
import { Kafka, json, utf8, type Consumer, type PartitionLag } from 'rx-kafka';
import { commitOffsets, forEachPartition, processEach, produce, produceFrom } from 'rx-kafka/operators';
import { createTopic } from '../../spec/support/peers/kafkajs.js';
import { startCluster } from '../../spec/support/kafka/cluster.js';
import { Screen } from './screen.js';

interface Order {
  readonly id: string;
  readonly qty: number;
}
interface Invoice {
  readonly id: string;
  readonly total: number;
}

const total = 60_000;
const partitions = 6;

/** An instance of the service: a member of the group with its own connections. */
class Instance {
  readonly name: string;
  processed = 0;
  lag: readonly PartitionLag[] = [];
  readonly #kafka: Kafka;
  readonly #orders: Consumer<string, Order>;

  constructor(name: string, bootstrapServers: string, log: (line: string) => void) {
    this.name = name;
    this.#kafka = new Kafka({ bootstrapServers, clientId: name });
    this.#orders = this.#kafka.consumer({
      groupId: 'billing',
      topics: 'orders',
      keyDeserializer: utf8,
      valueDeserializer: json<Order>(),
      autoOffsetReset: 'earliest',
      heartbeatIntervalMs: 500,
      sessionTimeoutMs: 6000,
    });
    const producer = this.#kafka.producer({ keySerializer: utf8, valueSerializer: json<Invoice>() });
    const failed = (error: unknown): void => {
      log(`${name} failed: ${String(error)}`);
    };
    this.#orders.events$.subscribe({
      error: failed,
      next: (event) => {
        if (event.type !== 'assigned' && event.type !== 'revoked' && event.type !== 'lost') return;
        log(`${name} ${event.type} ${event.partitions.map(({ partition }) => partition).join(' ')}`);
      },
    });
    this.#orders.lag({ everyMs: 200 }).subscribe({ next: (lag) => (this.lag = lag), error: failed });
    this.#orders.partitions$
      .pipe(
        forEachPartition((orders$) =>
          orders$.pipe(
            processEach((order) => price(order.value), { concurrency: 24, order: 'key' }),
            produce(producer, ({ value }) => ({ topic: 'invoices', key: value.id, value })),
            tap(() => (this.processed += 1)),
          ),
        ),
        commitOffsets({ everyMs: 500 }),
      )
      .subscribe({ error: failed });
  }

  stop(): Promise<void> {
    return this.#kafka.close();
  }
}

/** A slow neighbour system. */
function price(order: Order): Observable<Invoice> {
  return timer(10).pipe(map(() => ({ id: order.id, total: order.qty * 12 })));
}

function* orders(): Generator<Order> {
  for (let n = 0; n < total; n++) yield { id: `order-${n}`, qty: 1 + (n % 9) };
}

async function main(): Promise<void> {
  const screen = new Screen(partitions);
  const given = process.env['KAFKA_BROKERS'];
  const cluster =
    given === undefined ? await screen.step('starting three brokers', startCluster({ brokers: 3 })) : null;
  const bootstrapServers = given ?? cluster?.bootstrapServers ?? '';
  try {
    for (const topic of ['orders', 'invoices']) await createTopic(bootstrapServers, topic, { partitions });
    const kafka = new Kafka({ bootstrapServers, clientId: 'demo' });
    const filler = kafka.producer({ keySerializer: utf8, valueSerializer: json<Order>() });
    const log = (line: string): void => {
      screen.event(line);
    };
    let filled = 0;
    produceFrom(orders(), filler, (order) => ({
      topic: 'orders',
      key: `customer-${order.qty}-${order.id.slice(-3)}`,
      value: order,
    })).subscribe({
      next: () => (filled += 1),
      error: (error: unknown) => {
        log(`filling failed: ${String(error)}`);
      },
    });
    const instances = [
      new Instance('billing-1', bootstrapServers, log),
      new Instance('billing-2', bootstrapServers, log),
    ];
    const stopped: Promise<void>[] = [];
    const started = Date.now();
    await new Promise<void>((resolve, reject) => {
      const done = new Subject<void>();
      interval(200)
        .pipe(takeUntil(done))
        .subscribe({
          error: reject,
          next: () => {
            const processed = instances.reduce((sum, instance) => sum + instance.processed, 0);
            screen.progress({ filled, processed, total, lags: instances.map(({ name, lag }) => ({ name, lag })) });
            if (stopped.length === 0 && processed > total / 2) {
              log('stopping billing-1, it drains and hands its partitions over');
              stopped.push(instances[0]!.stop());
            }
            if (processed >= total || Date.now() - started > 120_000) {
              done.next();
              resolve();
            }
          },
        });
    });
    await Promise.all(stopped);
    await instances[1]!.stop();
    const [inCount, outCount] = await Promise.all(['orders', 'invoices'].map((topic) => countOf(kafka, topic)));
    await kafka.close();
    screen.end(`${inCount} orders in, ${outCount} invoices out, ${Math.max(0, (inCount ?? 0) - (outCount ?? 0))} lost`);
    if (inCount !== total || (outCount ?? 0) < total) process.exitCode = 1;
  } finally {
    await cluster?.stop();
  }
}

/** Records in a topic that nothing was deleted from. */
async function countOf(kafka: Kafka, topic: string): Promise<number> {
  const consumer = kafka.consumer({ topics: topic });
  const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
  const ends = await new Promise<readonly { readonly offset: number }[]>((resolve, reject) => {
    consumer.endOffsets(all).pipe(take(1)).subscribe({ next: resolve, error: reject });
  });
  return ends.reduce((sum, { offset }) => sum + offset, 0);
}

void main();
