import type { Observer, Subscriber, Subscription } from 'rxjs';
import { UsageError } from '../../src/errors/usage-error.js';
import type { Lease } from '../../src/model/lease.js';
import {
  type Delivery,
  type DeliveryReceiver,
  type FastSink,
  type ProducerRecord,
  type RecordSink,
  type WrittenBatch,
  fastSink,
} from '../../src/model/record-sink.js';
import { type OnFailure, decide } from '../failure-policy.js';
import { DELIVERED, type DeliveryRing, FAILED, GONE, PENDING } from './delivery-ring.js';
import { blame } from './blame.js';
import { forkLease, shareOf } from './forked-lease.js';
import { leaseOf, take } from './leases.js';
import { park } from './parking.js';
import type { ProduceResult } from './produce-result.js';
import { RefQueue } from './ref-queue.js';
import { giveRing, takeRing } from './spare-rings.js';
import { warn } from './warn.js';

export interface ProduceSettings<T> {
  readonly maxInFlight: number;
  readonly onError: OnFailure<T>;
  readonly overflow: 'buffer' | 'error' | 'dropNewest' | 'dropOldest';
}

/** Elements without a lease that may wait for the sink before `overflow` is asked. */
export const OVERFLOW_AT = 10_000;

/** An element, or one share of it, whose record could not be written, set aside. */
interface Parked<T> {
  readonly item: T;
  readonly lease: Lease;
  work: Subscription | null;
}

/** Where elements come from when nobody pushes them: called while the sink has room. */
export interface PullSource {
  /** False when there is nothing right now; the source calls `refill` when there is again. */
  pull(): boolean;
}

/** One subscription of `produce` or `produceFrom`. An element moves: queue -> written (ring) -> emitted. */
export class ProduceRun<T, K, V> implements Observer<T>, DeliveryReceiver {
  readonly #sink: RecordSink<K, V> & FastSink<K, V>;
  readonly #toRecord: (item: T) => ProduceResult<K, V> | undefined;
  readonly #settings: ProduceSettings<T>;
  readonly #downstream: Subscriber<Delivery<T>>;
  readonly #fast: boolean;
  #ring: DeliveryRing<T> = takeRing<T>();
  readonly #queue = new RefQueue<T>();
  readonly #errors = new Map<number, unknown>();
  readonly #policies = new Set<Subscription>();
  readonly #parked = new Set<Parked<T>>();
  /** Parked ones that are to be written again. */
  readonly #again = new RefQueue<Parked<T>>();
  #source: PullSource | null = null;
  #unlisten: (() => void) | null = null;
  #readies = 0;
  #blocked = false;
  /** A record has failed for good: nothing more is written, and the error waits its turn in the ring. */
  #stopped = false;
  #filling = false;
  #emitting = false;
  #completed = false;
  #closed = false;
  #warned = false;

  constructor(
    sink: RecordSink<K, V>,
    toRecord: (item: T) => ProduceResult<K, V>,
    settings: ProduceSettings<T>,
    downstream: Subscriber<Delivery<T>>,
  ) {
    this.#sink = sink;
    this.#toRecord = toRecord;
    this.#settings = settings;
    this.#downstream = downstream;
    this.#fast = this.#sink[fastSink] !== undefined;
  }

  open(source: PullSource | null): void {
    this.#source = source;
    this.#unlisten = this.#sink.onReady(() => {
      this.#readies += 1;
      this.#blocked = false;
      this.refill();
    });
  }

  next(item: T): void {
    const lease = leaseOf(item);
    if (lease !== null) take(lease);
    if (this.#closed) {
      lease?.release();
    } else if (this.#filling || this.#queue.length > 0 || !this.#hasRoom()) {
      this.#enqueue(item, lease);
    } else {
      // as in refill: what the function or the sink pushes back into the source has to queue up
      this.#filling = true;
      this.write(item);
      this.#filling = false;
      if (this.#queue.length > 0) this.refill();
      else this.#finishIfIdle();
    }
  }

  error(error: unknown): void {
    this.#downstream.error(error);
  }

  complete(): void {
    this.#completed = true;
    this.#finishIfIdle();
  }

  /** Nobody listens any more: what was written stays written, and its elements count as not done. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unlisten?.();
    for (const policy of this.#policies) policy.unsubscribe();
    this.#policies.clear();
    for (const parked of this.#parked) {
      parked.work?.unsubscribe();
      parked.lease.release();
    }
    this.#parked.clear();
    while (this.#ring.length > 0) {
      const token = this.#ring.headToken;
      const lease = this.#ring.lease(token);
      this.#ring.pop();
      lease?.release();
    }
    this.#ring = giveRing(this.#ring);
    while (this.#queue.length > 0) leaseOf(this.#queue.take())?.release();
  }

  delivered(
    token: number,
    batch: WrittenBatch,
    offset: number,
    timestamp: number,
    keySize: number,
    valueSize: number,
  ): void {
    if (this.#ring.isPending(token)) this.#ring.setDelivered(token, batch, offset, timestamp, keySize, valueSize);
  }

  failed(token: number, error: unknown): void {
    if (!this.#ring.isPending(token)) return;
    const policy = this.#settings.onError;
    if (policy === 'fail' || error instanceof UsageError) {
      this.#failFor(token, error);
    } else if (policy === 'skip') {
      this.#settleSlot(token);
    } else if (policy === 'park') {
      this.#park(token, error);
    } else {
      const work = decide(policy, this.#ring.source(token), error, 1, (outcome) => {
        // unsubscribed or errored meanwhile: the slot was given up with the ring
        if (this.#closed) return;
        if (outcome === null) this.#settleSlot(token);
        else this.#failFor(token, outcome.error);
        this.flushed();
      });
      if (work.closed) return;
      this.#policies.add(work);
      work.add(() => this.#policies.delete(work));
    }
  }

  /** Hands on what is due, in input order, then writes what waited for room. */
  flushed(): void {
    if (this.#emitting || this.#closed) return;
    this.#emitting = true;
    // whoever hears of one may end the run: its ring is somebody else's from then on
    for (let state = this.#ring.headState; state !== PENDING; state = this.#ring.headState) {
      const ring = this.#ring;
      if (state === DELIVERED) {
        const delivery = ring.headDelivery();
        ring.pop();
        this.#downstream.next(delivery as Delivery<T>);
      } else if (state === FAILED) {
        const token = ring.headToken;
        const error = this.#errors.get(token);
        const lease = ring.lease(token);
        blame(error, ring.source(token));
        ring.pop();
        lease?.release(error);
        this.#downstream.error(error);
      } else {
        ring.pop();
      }
    }
    this.#emitting = false;
    this.refill();
  }

  /** Writes from the queue, then from the pulled source, for as long as there is room. */
  refill(): void {
    if (this.#filling || this.#closed) return;
    this.#filling = true;
    while (this.#hasRoom()) {
      if (this.#again.length > 0) this.#writeAgain(this.#again.take());
      else if (this.#queue.length > 0) this.write(this.#queue.take());
      else if (this.#source === null || this.#completed || !this.#source.pull()) break;
    }
    this.#filling = false;
    this.#finishIfIdle();
  }

  #hasRoom(): boolean {
    return !this.#blocked && !this.#stopped && !this.#closed && this.#ring.length < this.#settings.maxInFlight;
  }

  #enqueue(item: T, lease: Lease | null): void {
    // a leased source is bounded by its window; any other can only be watched
    if (lease === null && this.#queue.length >= OVERFLOW_AT) {
      const text = `produce: ${OVERFLOW_AT} elements wait for the sink and their source cannot be slowed down; use produceFrom for iterables, a leased source, or the option overflow`;
      switch (this.#settings.overflow) {
        case 'error':
          this.error(new UsageError(text));
          return;
        case 'dropNewest':
          return;
        case 'dropOldest':
          leaseOf(this.#queue.take())?.release();
          break;
        case 'buffer':
          if (!this.#warned) warn('RX_KAFKA_PRODUCE_OVERFLOW', text);
          this.#warned = true;
      }
    }
    this.#queue.push(item);
  }

  /** Only where room was found: a pulled element, or one from the queue. */
  write(item: T): void {
    const lease = leaseOf(item);
    // the partition went away while the element waited: its new owner writes it
    if (lease !== null && lease.state === 'fenced') return;
    let result: ProduceResult<K, V> | undefined;
    try {
      result = this.#toRecord(item);
      if (result === undefined)
        throw new UsageError('produce: toRecord returned undefined, return null to write nothing');
    } catch (error) {
      if (this.#closed) lease?.release(error);
      else this.#failUnwritten(this.#ring.push(item, lease), error);
      return;
    }
    if (this.#closed) {
      // toRecord has unsubscribed the stream
      lease?.release();
    } else if (result === null) {
      lease?.ack();
    } else if (!isList(result)) {
      this.#writeOne(item, lease, result);
    } else if (result.length === 1) {
      this.#writeOne(item, lease, result[0]!);
    } else if (result.length === 0) {
      lease?.ack();
    } else {
      this.#writeSeveral(item, lease, result);
    }
  }

  /** All slots exist before the first write, so that closing in the middle releases every share. */
  #writeSeveral(item: T, lease: Lease | null, records: readonly ProducerRecord<K, V>[]): void {
    const shares = lease === null ? null : forkLease(lease, records.length);
    const tokens = records.map((_, index) => this.#ring.push(item, shares?.[index] ?? null));
    for (let index = 0; index < records.length && !this.#closed; index += 1) {
      this.#writeTo(tokens[index]!, records[index]!);
    }
  }

  #writeOne(item: T, lease: Lease | null, record: ProducerRecord<K, V>): void {
    this.#writeTo(this.#ring.push(item, lease), record);
  }

  #writeTo(token: number, record: ProducerRecord<K, V>): void {
    const readies = this.#readies;
    let room: boolean;
    try {
      room = this.#fast
        ? this.#sink[fastSink]!(record, this, token)
        : this.#sink.write(record, (error, metadata) => {
            this.#answered(token, error, metadata);
          });
    } catch (error) {
      this.#failUnwritten(token, error);
      return;
    }
    // a sink that becomes ready inside `write` would otherwise never be heard again
    if (!room && readies === this.#readies) this.#blocked = true;
  }

  #answered(token: number, error: unknown, metadata: Parameters<Parameters<RecordSink<K, V>['write']>[1]>[1]): void {
    if (this.#closed) return;
    if (metadata === null) {
      this.failed(token, error);
    } else {
      const { offset, timestamp, serializedKeySize, serializedValueSize } = metadata;
      this.delivered(token, metadata, offset, timestamp, serializedKeySize, serializedValueSize);
    }
    this.flushed();
  }

  #failUnwritten(token: number, error: unknown): void {
    this.failed(token, error);
    this.flushed();
  }

  /** Out of the order of deliveries: those behind it were written already, and are handed on. */
  #park(token: number, error: unknown): void {
    const lease = this.#ring.lease(token);
    const item = this.#ring.source(token);
    const parked: Parked<T> | null = lease === null ? null : { item, lease, work: null };
    const work =
      parked === null
        ? null
        : park(item, parked.lease, error, false, {
            retry: () => {
              this.#again.push(parked);
              this.refill();
            },
            skip: () => {
              this.#parked.delete(parked);
              parked.lease.ack();
              this.#finishIfIdle();
            },
            abandoned: () => {
              this.#parked.delete(parked);
              parked.lease.release(error);
              this.#finishIfIdle();
            },
          });
    if (parked === null || work === null) {
      this.#failFor(token, error);
      return;
    }
    this.#ring.setState(token, GONE);
    if (work.closed) return;
    parked.work = work;
    this.#parked.add(parked);
  }

  /** Of an element with several records, only the one that could not be written. */
  #writeAgain(parked: Parked<T>): void {
    const { item, lease } = parked;
    this.#parked.delete(parked);
    if (lease.state === 'fenced') return;
    let result: ProduceResult<K, V> | undefined;
    try {
      result = this.#toRecord(item);
    } catch (error) {
      if (this.#closed) lease.release(error);
      else this.#failUnwritten(this.#ring.push(item, lease), error);
      return;
    }
    const list = result === null || result === undefined || isList(result) ? (result ?? []) : [result];
    const record = list[lease === leaseOf(item) ? 0 : shareOf(lease)];
    if (this.#closed) lease.release();
    else if (record === undefined) lease.ack();
    else this.#writeTo(this.#ring.push(item, lease), record);
  }

  #failFor(token: number, error: unknown): void {
    this.#stopped = true;
    this.#errors.set(token, error);
    this.#ring.setState(token, FAILED);
  }

  #settleSlot(token: number): void {
    this.#ring.lease(token)?.ack();
    this.#ring.setState(token, GONE);
  }

  #finishIfIdle(): void {
    if (!this.#completed || this.#filling || this.#emitting || this.#closed) return;
    if (this.#queue.length === 0 && this.#ring.length === 0 && this.#parked.size === 0) this.#downstream.complete();
  }
}

function isList<K, V>(result: ProduceResult<K, V>): result is readonly ProducerRecord<K, V>[] {
  return Array.isArray(result);
}
