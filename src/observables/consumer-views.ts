import { Observable, type Subscriber } from 'rxjs';
import { type ConsumerCore } from '../consumer/consumer-core.js';
import { type ConsumerView } from '../consumer/consumer-ports.js';
import { type HeldPartition } from '../consumer/held-partition.js';
import { type ConsumerRecord, type RecordBatch } from '../model/consumer-record.js';
import { type PartitionStream } from '../model/consumer.js';
import { PartitionFeed, type StreamHost } from './partition-stream.js';

/** Subscribing joins, unsubscribing leaves; the three sources differ in what they do with a partition. */
function source<T>(core: ConsumerCore, view: (subscriber: Subscriber<T>) => ConsumerView): Observable<T> {
  return new Observable<T>((subscriber) => {
    const mine = view(subscriber);
    core.subscribe(mine);
    return () => {
      core.unsubscribe(mine);
    };
  });
}

function ending<T>(subscriber: Subscriber<T>): Pick<ConsumerView, 'failed' | 'completed'> {
  return {
    failed: (error) => {
      subscriber.error(error);
    },
    completed: () => {
      subscriber.complete();
    },
  };
}

const nothing = (): void => undefined;

/** Records of all partitions, merged fairly. */
export function recordsOf<K, V>(core: ConsumerCore): Observable<ConsumerRecord<K, V>> {
  return source(core, (subscriber) => {
    const receiver = {
      next: (record: unknown): void => {
        subscriber.next(record as ConsumerRecord<K, V>);
      },
    };
    return {
      opened: ({ cursor }) => {
        cursor.attachRecords(receiver);
      },
      revoking: nothing,
      ended: nothing,
      ...ending(subscriber),
    };
  });
}

/** One batch per partition and delivery. */
export function batchesOf<K, V>(core: ConsumerCore): Observable<RecordBatch<K, V>> {
  return source(core, (subscriber) => {
    const receiver = {
      nextBatch: (batch: unknown): void => {
        subscriber.next(batch as RecordBatch<K, V>);
      },
    };
    return {
      opened: ({ cursor }) => {
        cursor.attachBatches(receiver);
      },
      revoking: nothing,
      ended: nothing,
      ...ending(subscriber),
    };
  });
}

/** One grouped Observable per assigned partition. */
export function partitionsOf<K, V>(core: ConsumerCore, host: StreamHost): Observable<PartitionStream<K, V>> {
  return source(core, (subscriber) => {
    const feeds = new Map<HeldPartition, PartitionFeed<K, V>>();
    const { failed, completed } = ending(subscriber);
    return {
      opened: (held) => {
        const feed = new PartitionFeed<K, V>(held, host);
        feeds.set(held, feed);
        subscriber.next(feed.stream);
      },
      revoking: (held, deadline) => {
        feeds.get(held)?.revoking(deadline);
      },
      ended: (held, why) => {
        feeds.get(held)?.ended(why);
        feeds.delete(held);
      },
      failed,
      completed,
    };
  });
}
