import { type Observable, map, takeUntil } from 'rxjs';
import {
  type Consumer,
  type ConsumerRecord,
  type Kafka,
  type Producer,
  type RecordMetadata,
  json,
  utf8,
} from 'rx-kafka';
import { acknowledge, commitOffsets, forEachPartition } from 'rx-kafka/operators';
import { billing } from './k-logic.js';
import { type Invoice, type Order, price, toInvoice } from './prelude.js';

const Injectable = (): ClassDecorator => () => {};
class OrdersService {
  readonly #orders: Consumer<string, Order>;
  readonly #producer: Producer<string, Invoice>;
  readonly #kafka: Kafka;
  constructor(kafka: Kafka) {
    this.#kafka = kafka;
    this.#orders = kafka.consumer({
      groupId: 'billing',
      topics: ['orders'],
      keyDeserializer: utf8,
      valueDeserializer: json<Order>(),
    });
    this.#producer = kafka.producer({ keySerializer: utf8, valueSerializer: json<Invoice>() });
  }
  onApplicationBootstrap(): void {
    this.#orders.partitions$
      .pipe(
        forEachPartition((orders$) => billing(orders$, { price, sink: this.#producer }), {
          onError: { restart: { initialMs: 1000 } },
        }),
        commitOffsets(),
      )
      .subscribe({
        error: (e: unknown) => {
          console.error(e);
        },
      });
  }
  create(o: Order): Observable<RecordMetadata> {
    return this.#producer.send({ topic: 'invoices', key: o.id, value: toInvoice(o) });
  }
  createNow(o: Order): Promise<RecordMetadata> {
    return this.#producer.sendAndWait({ topic: 'invoices', key: o.id, value: toInvoice(o) });
  }
  onApplicationShutdown(): Promise<void> {
    return this.#kafka.close();
  }
}
class OrdersStore {
  // Angular-like: the bridge gives leased records, only operators are imported
  readonly totals$: Observable<ReadonlyMap<string, number>>;
  constructor(orders$: Observable<ConsumerRecord<string, Order>>, destroy$: Observable<void>) {
    this.totals$ = orders$.pipe(
      acknowledge(),
      map((r) => [r.key, r.value.qty] as const),
      map(([k, q]) => new Map([[k, q]])),
      takeUntil(destroy$),
    );
  }
}
void Injectable;
void OrdersService;
void OrdersStore;
