// What the blocks share. Each block is a piece of the surface's usage that has to compile against the package.
import { type Observable } from 'rxjs';
import {
  type Consumer,
  type ConsumerRecord,
  Kafka,
  type Producer,
  type TransactionalProducer,
  json,
  nullable,
  utf8,
} from 'rx-kafka';

/* ---- exact type assertions */
type Eq<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export const is: <A>() => <B>(_: Observable<B>, ...ok: Eq<A, B> extends true ? [] : [never, A, B]) => void =
  () => () => {};

export interface Order {
  readonly id: string;
  readonly qty: number;
}
export interface Invoice {
  readonly id: string;
  readonly total: number;
}
export declare function price(o: Order): Promise<Invoice>;
export declare function toInvoice(o: Order): Invoice;
export type R = ConsumerRecord<string, Order>;

export const kafka: Kafka = new Kafka({ bootstrapServers: 'localhost:9092', clientId: 'billing' });
export const orders: Consumer<string, Order> = kafka.consumer({
  groupId: 'billing',
  topics: ['orders'],
  keyDeserializer: utf8,
  valueDeserializer: json<Order>(),
});
export const producer: Producer<string, Invoice> = kafka.producer({
  keySerializer: utf8,
  valueSerializer: json<Invoice>(),
});
export const table: Consumer<string, Order | null> = kafka.consumer({
  topics: ['accounts'],
  keyDeserializer: utf8,
  valueDeserializer: nullable(json<Order>()),
  autoOffsetReset: 'earliest',
});
export const transactional: TransactionalProducer<string, Invoice> = kafka.transactionalProducer({
  transactionalId: 'billing-0',
  keySerializer: utf8,
  valueSerializer: json<Invoice>(),
});
