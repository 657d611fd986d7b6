import { Observable, type OperatorFunction } from 'rxjs';
import type { ConsumerRecord } from '../src/model/consumer-record.js';
import { link } from './internal/link.js';
import { TableView } from './internal/table-view.js';

/**
 * The table view of a compacted topic: the newest value of each key, emitted after every record; null deletes. Each record is
 * acknowledged when it is in the table.
 *
 * Every emission is a version of its own that never changes and may be kept; making one costs the same however big the
 * table is, because versions share one map. Reading one that is not the newest costs time in proportion to the
 * changes since, iterating costs a copy of the entries, in no particular order. Keys that are bytes are compared by content; bytes are copied, so that
 * the table pins no fetch answer. A source that completes without a record gives an empty table, so `lastValueFrom` always has one.
 * A record that cannot be decoded is released and fails the stream.
 *
 * @example
 * ```ts
 * const accounts = await lastValueFrom(consumer.readRange({ from: 'beginning', to: 'end' }).pipe(latestByKey()))
 * ```
 * @public
 */
export function latestByKey<K, V>(): OperatorFunction<ConsumerRecord<K, V>, ReadonlyMap<K, NonNullable<V>>> {
  return (source) =>
    new Observable((downstream) => {
      let table = TableView.empty<K, NonNullable<V>>();
      let none = true;
      link(source, downstream, {
        next: (record) => {
          try {
            table = table.with(own(record.key), own(record.value) as NonNullable<V>);
          } catch (error) {
            record.lease.release(error);
            downstream.error(error);
            return;
          }
          none = false;
          record.lease.ack();
          downstream.next(table);
        },
        error: (error: unknown) => {
          downstream.error(error);
        },
        complete: () => {
          if (none) downstream.next(table);
          downstream.complete();
        },
      });
    });
}

/** Bytes of a record are a view of the answer it came in. */
function own<T>(part: T): T {
  return part instanceof Uint8Array ? (part.slice() as unknown as T) : part;
}
