// What the demo runs, and all that a user of rx-kafka writes: orders in, one invoice per order out.
import { type Observable, tap } from 'rxjs';
import {
  type CommitReceipt,
  type ConsumerRecord,
  type Producer,
  type RecordMetadata,
  type TransactionalProducer,
} from 'rx-kafka';
import { commitOffsets, mapValue, produce, transaction } from 'rx-kafka/operators';

export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly quantity: number;
}
export interface Invoice {
  readonly orderId: string;
  readonly customer: string;
  readonly total: number;
}
export type OrderRecord = ConsumerRecord<string, Order>;

export function toInvoice({ id, customer, quantity }: Order): Invoice {
  return { orderId: id, customer, total: quantity * 12 };
}

/** Invoices and the offsets of their orders in one transaction per window; an invoice comes out when it is committed. */
export function exactlyOnce(
  orders$: Observable<OrderRecord>,
  payments: TransactionalProducer<string, Invoice>,
  topic: string,
  written: (inWindow: number) => void,
): Observable<RecordMetadata> {
  return orders$.pipe(
    transaction(
      payments,
      (window$, tx) => {
        let inWindow = 0;
        return window$.pipe(
          mapValue((order) => toInvoice(order.value)),
          produce(tx, ({ value }) => ({ topic, key: value.customer, value })),
          tap(() => {
            written(++inWindow);
          }),
        );
      },
      { maxRecords: 500, maxMs: 100 },
    ),
  );
}

/** The same without transactions: what was written and not yet committed is written again after a crash. */
export function atLeastOnce(
  orders$: Observable<OrderRecord>,
  producer: Producer<string, Invoice>,
  topic: string,
  written: (uncommitted: number) => void,
): Observable<CommitReceipt> {
  let uncommitted = 0;
  return orders$.pipe(
    mapValue((order) => toInvoice(order.value)),
    produce(producer, ({ value }) => ({ topic, key: value.customer, value })),
    tap(() => {
      written(++uncommitted);
    }),
    commitOffsets({ everyMs: 500 }),
    tap(() => {
      uncommitted = 0;
    }),
  );
}
