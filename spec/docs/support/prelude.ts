// What the code blocks of README and docs take for granted, beside the packages' own exports.
import { type Observable } from 'rxjs';
import {
  type Consumer,
  type ConsumerRecord,
  type Kafka,
  type PartitionStream,
  type Producer,
  type ProducerRecord,
  type RecordBatch,
  type RecordHeaders,
  type RecordMetadata,
  type TopicPartition,
  type TransactionalProducer,
} from 'rx-kafka';

export interface Order {
  readonly id: string;
  readonly qty: number;
}
export interface Invoice {
  readonly id: string;
  readonly total: number;
}
export declare const kafka: Kafka;
export declare const orders: Consumer<string, Order>;
export declare const consumer: Consumer<string, Order>;
export declare const producer: Producer<string, Invoice>;
export declare const payments: TransactionalProducer<string, Invoice>;
export declare const partition$: PartitionStream<string, Order>;
export declare const orders$: Observable<ConsumerRecord<string, Order>>;
export declare const record: ConsumerRecord<string, Order>;
export declare const batch: RecordBatch<string, Order>;
export declare const headers: RecordHeaders;
export declare const metadata: RecordMetadata;
export declare const outgoing: ProducerRecord<string, Invoice>;
export declare const tp: TopicPartition;
export declare const invoice: Invoice;
export declare const invoices: readonly Invoice[];
export declare const rates$: Observable<number>;
export declare const shouldPause$: Observable<boolean>;
export declare function price(order: Order): Promise<Invoice>;
export declare function toInvoice(order: Order): Invoice;
export declare function isPaid(order: Order): boolean;
export declare function save(order: Order): Promise<void>;
export declare function saveAll(orders: readonly unknown[]): Promise<void>;
export declare function slow(signal: AbortSignal): Promise<void>;
export declare function saveState(partitions: readonly TopicPartition[]): Promise<void>;
export declare function expect(actual: unknown): { toEqual(expected: unknown): void };
export declare function loadOffset(tp: TopicPartition): number;
