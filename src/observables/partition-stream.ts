import { Observable, ReplaySubject, type Subscriber } from 'rxjs';
import { UsageError } from '../errors/usage-error.js';
import { type ConsumerRecord } from '../model/consumer-record.js';
import { type PartitionStream, type SeekTarget } from '../model/consumer.js';
import { type PartitionPort, partitionPort } from '../model/parking.js';
import { type TopicPartition } from '../model/topic-partition.js';
import { type RecordReceiver } from '../consumer/flow-options.js';
import { type HeldPartition } from '../consumer/held-partition.js';

/** What a partition stream asks of its consumer. */
export interface StreamHost {
  /** Reads up to the last stable offset. */
  readonly committedOnly: boolean;
  pause(tp: TopicPartition): void;
  resume(tp: TopicPartition): void;
  isPaused(tp: TopicPartition): boolean;
  seek(tp: TopicPartition, to: SeekTarget): Observable<number>;
}

/**
 * One partition as a grouped Observable. Cold: delivery starts with the subscription and stops with it. Subscribing again
 * (`retry`, `repeat`) goes back to the first unsettled record, without a rebalance. Completes when the partition is revoked,
 * lost or drained; never fails because of a rebalance.
 */
export class PartitionFeed<K, V> {
  readonly stream: PartitionStream<K, V>;
  readonly held: HeldPartition;
  readonly #revoking: ReplaySubject<{ readonly deadline: number }> = new ReplaySubject(1);
  readonly #ended: ReplaySubject<'revoked' | 'lost' | 'drained'> = new ReplaySubject(1);
  #subscriber: Subscriber<ConsumerRecord<K, V>> | null = null;
  #subscribedBefore = false;
  #over = false;
  /** Offsets that are acknowledged instead of delivered when they come again. */
  readonly #skips: Set<number> = new Set<number>();

  constructor(held: HeldPartition, host: StreamHost) {
    this.held = held;
    const { topic, partition, epoch, cursor } = held;
    const records$ = new Observable<ConsumerRecord<K, V>>((subscriber) => this.#subscribe(subscriber));
    const tp: TopicPartition = Object.freeze({ topic, partition });
    const own: Omit<PartitionStream<K, V>, keyof Observable<unknown>> & {
      runtime: unknown;
      [partitionPort]: PartitionPort;
    } = {
      key: tp,
      // for forEachPartition: time and chance of its restarts
      runtime: cursor.runtime,
      [partitionPort]: {
        owner: cursor,
        get delivering() {
          return cursor.reader.delivering ? cursor.tracker.lastOffset : -1;
        },
        get unsettled() {
          return cursor.commitValue?.offset ?? -1;
        },
        skip: (offset) => {
          this.#skips.add(offset);
        },
      },
      topic,
      partition,
      epoch,
      get position() {
        return cursor.position;
      },
      get highWatermark() {
        return cursor.highWatermark;
      },
      get lastStableOffset() {
        return cursor.lastStableOffset;
      },
      get lastFetchedAt() {
        return cursor.lastFetchedAt;
      },
      get lag() {
        const end = host.committedOnly ? cursor.lastStableOffset : cursor.highWatermark;
        return end < 0 || cursor.position < 0 ? 0 : Math.max(0, end - cursor.position);
      },
      get paused() {
        return host.isPaused(tp);
      },
      pause: () => {
        host.pause(tp);
      },
      resume: () => {
        host.resume(tp);
      },
      seek: (to) => host.seek(tp, to),
      revoking$: this.#revoking.asObservable(),
      ended$: this.#ended.asObservable(),
    };
    this.stream = Object.defineProperties(records$, Object.getOwnPropertyDescriptors(own)) as PartitionStream<K, V>;
  }

  /** Nothing more is delivered: the stream completes now, what it delivered may settle until the deadline. */
  revoking(deadline: number): void {
    this.#revoking.next({ deadline });
    this.#revoking.complete();
    this.#finish();
  }

  ended(why: 'revoked' | 'lost' | 'drained'): void {
    this.#finish();
    this.#revoking.complete();
    this.#ended.next(why);
    this.#ended.complete();
  }

  #finish(): void {
    this.#over = true;
    const subscriber = this.#subscriber;
    this.#subscriber = null;
    subscriber?.complete();
  }

  #subscribe(subscriber: Subscriber<ConsumerRecord<K, V>>): (() => void) | undefined {
    if (this.#over) {
      subscriber.complete();
      return undefined;
    }
    if (this.#subscriber !== null) {
      subscriber.error(
        new UsageError('This partition stream has a subscriber already, give every arm each record with fanOut(...)'),
      );
      return undefined;
    }
    const { cursor } = this.held;
    this.#subscriber = subscriber;
    if (this.#subscribedBefore) {
      const value = cursor.commitValue;
      if (value !== null) cursor.moveTo(value.offset, value.leaderEpoch);
    }
    this.#subscribedBefore = true;
    cursor.attachRecords(this.#skips.size > 0 ? this.#skipping(subscriber) : receiverOf(subscriber));
    return () => {
      if (this.#subscriber !== subscriber) return;
      this.#subscriber = null;
      if (this.held.state === 'ended') return;
      cursor.detach();
      cursor.fenceUntaken();
    };
  }

  #skipping(subscriber: Subscriber<ConsumerRecord<K, V>>): RecordReceiver {
    return {
      next: (record) => {
        if (this.#skips.delete(record.offset)) record.lease.ack();
        else subscriber.next(record as unknown as ConsumerRecord<K, V>);
      },
    };
  }
}

function receiverOf<K, V>(subscriber: Subscriber<ConsumerRecord<K, V>>): RecordReceiver {
  return {
    next: (record) => {
      subscriber.next(record as unknown as ConsumerRecord<K, V>);
    },
  };
}
