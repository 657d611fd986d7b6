import { type EncodedHeaders } from '../codecs/lazy-headers.js';
import { BatchBufferPool } from '../codecs/record-batch-writer.js';
import { UsageError } from '../errors/usage-error.js';
import { type DeliveryReceiver } from '../model/record-sink.js';
import { type Runtime } from '../model/runtime.js';
import { BatchFiller } from './batch-filler.js';
import { type ProducerCoreOptions } from './core-options.js';
import { DeliveryList } from './delivery-list.js';
import { type PackedBatch } from './packed-batch.js';
import { type PartitionQueue } from './partition-queue.js';
import { endFlushWaiters, type FlushWaiter, ProduceBatch } from './produce-batch.js';
import { TopicState } from './topic-state.js';
import { type Part, WaitingRecord } from './waiting-record.js';

/** What the accumulator asks of the rest of the producer. */
export interface AccumulatorHost {
  /** A topic was written to for the first time: learn its partitions. */
  interested(topic: TopicState): void;
  /** A record waits for metadata. */
  missing(): void;
  /** The queue has something that may be sent. */
  touched(queue: PartitionQueue): void;
  /** The record was refused; its receiver is told later, never in the stack of the call. */
  refused(record: WaitingRecord | Refused, error: unknown): void;
  /** Something is pending from now on. */
  busy(): void;
}

/** A record that never got anywhere. */
export interface Refused {
  readonly receiver: DeliveryReceiver;
  readonly token: number;
  flushWaiters?: FlushWaiter[] | null;
}

/** Buffers kept for the next batch, per client. */
const pooledLists = 64;
/** What `write` may have in the accumulator: two to three times what five requests in flight need (bytes). */
const sinkShareBytes = 8 * 1024 * 1024;

/**
 * Puts records into the open batch of their partition. Encodes at once: nothing of a record stays but its bytes in the batch
 * and a row in the batch's delivery list.
 */
export class Accumulator {
  readonly topics: Map<string, TopicState> = new Map<string, TopicState>();
  /** Bytes of everything that is not answered, and the part of it that came through `write`. */
  buffered = 0;
  sinkBytes = 0;
  /** Batches not answered. */
  batches = 0;
  /** Records that are in no batch yet. */
  waiting = 0;
  /** Those that wait for room, in the order of their calls. */
  readonly blocked: WaitingRecord[] = [];
  readonly #options: ProducerCoreOptions;
  readonly #host: AccumulatorHost;
  readonly #runtime: Runtime;
  readonly #sinkShare: number;
  readonly #filler: BatchFiller;
  readonly #buffers: BatchBufferPool = new BatchBufferPool();
  readonly #lists: DeliveryList[] = [];
  #lastTopic: TopicState | null = null;

  constructor(options: ProducerCoreOptions, runtime: Runtime, host: AccumulatorHost) {
    this.#options = options;
    this.#runtime = runtime;
    this.#host = host;
    this.#sinkShare = Math.min(options.bufferMemory, Math.max(sinkShareBytes, 4 * options.batchSize));
    this.#filler = new BatchFiller(options.partitioner);
  }

  get full(): boolean {
    return this.buffered >= this.#options.bufferMemory;
  }

  /** May a sink that was told "full" go on? */
  get sinkReady(): boolean {
    return this.sinkBytes < this.#sinkShare && this.buffered < this.#options.bufferMemory;
  }

  /** Takes the record whatever the room; false when the sink is full now. */
  write(
    topic: string,
    partition: number,
    key: Part,
    value: Part,
    timestamp: number,
    headers: EncodedHeaders | null,
    receiver: DeliveryReceiver,
    token: number,
  ): boolean {
    const state = this.#lastTopic?.name === topic ? this.#lastTopic : this.#topic(topic);
    if (state.known && partition < state.partitions.length) {
      this.#place(state, partition, key, value, timestamp, headers, receiver, token, true);
    } else {
      const deadline = this.#runtime.now() + this.#options.maxBlockMs;
      this.waiting++;
      this.#wait(
        state,
        new WaitingRecord(topic, partition, key, value, timestamp, headers, receiver, token, deadline, true),
      );
    }
    return this.sinkBytes < this.#sinkShare && this.buffered < this.#options.bufferMemory;
  }

  /** Takes the record when there is room and its partition is known, else returns it as a waiting one. */
  send(
    topic: string,
    partition: number,
    key: Part,
    value: Part,
    timestamp: number,
    headers: EncodedHeaders | null,
    receiver: DeliveryReceiver,
    token: number,
  ): WaitingRecord | null {
    const state = this.#lastTopic?.name === topic ? this.#lastTopic : this.#topic(topic);
    const roomy = this.blocked.length === 0 && this.buffered < this.#options.bufferMemory;
    if (roomy && state.known && partition < state.partitions.length) {
      this.#place(state, partition, key, value, timestamp, headers, receiver, token, false);
      return null;
    }
    const deadline = this.#runtime.now() + this.#options.maxBlockMs;
    const record = new WaitingRecord(
      topic,
      partition,
      key,
      value,
      timestamp,
      headers,
      receiver,
      token,
      deadline,
      false,
    );
    this.waiting++;
    if (roomy) {
      this.#wait(state, record);
    } else {
      this.blocked.push(record);
      this.#host.busy();
    }
    return record;
  }

  /** The same for a batch that was packed by hand. */
  sendBatch(
    topic: string,
    partition: number,
    packed: PackedBatch,
    receiver: DeliveryReceiver,
    token: number,
  ): WaitingRecord | null {
    const state = this.#topic(topic);
    const deadline = this.#runtime.now() + this.#options.maxBlockMs;
    const waiting = new WaitingRecord(topic, partition, null, null, 0, null, receiver, token, deadline, false);
    waiting.packed = packed;
    packed.state = 'waiting';
    this.waiting++;
    if (this.blocked.length > 0 || this.full) {
      this.blocked.push(waiting);
      this.#host.busy();
    } else if (state.known && partition < state.partitions.length) this.#placeWaiting(state, waiting);
    else this.#wait(state, waiting);
    return waiting.settled ? null : waiting;
  }

  /** Moves on what waited for room, as far as there is room. */
  unblock(): void {
    let taken = 0;
    while (taken < this.blocked.length && this.buffered < this.#options.bufferMemory) {
      const record = this.blocked[taken++]!;
      if (record.settled) continue;
      const state = this.#topic(record.topic);
      if (state.known && record.partition < state.partitions.length) this.#placeWaiting(state, record);
      else this.#wait(state, record);
    }
    if (taken > 0) this.blocked.splice(0, taken);
  }

  /** Moves on what waited for the partitions of this topic; what waits for a partition that does not exist stays. */
  known(state: TopicState): void {
    if (!state.known || state.waiting.length === 0) return;
    const waiting = state.waiting.splice(0);
    for (const record of waiting) {
      if (record.settled) continue;
      if (record.partition >= state.partitions.length) {
        state.waiting.push(record);
        continue;
      }
      this.#unaccount(record);
      this.#placeWaiting(state, record);
    }
  }

  /** The record is out of the race: cancelled, expired, or its topic cannot be written to. Its flush waiters still wait. */
  drop(record: WaitingRecord): void {
    if (record.settled) return;
    record.settled = true;
    if (record.packed !== null) record.packed.state = 'packing';
    this.waiting--;
    this.#unaccount(record);
  }

  /** A batch that continues part of another one, with room for everything. */
  emptyBatch(queue: PartitionQueue, limit: number, createdAt: number): ProduceBatch {
    this.batches++;
    this.#host.busy();
    return new ProduceBatch(queue, this.#buffers.take(limit), this.#lists.pop() ?? new DeliveryList(), createdAt);
  }

  /** Counts bytes of a batch that came from another one. */
  account(batch: ProduceBatch, bytes: number, sinkBytes: number): void {
    batch.accounted += bytes;
    batch.sinkBytes += sinkBytes;
    this.buffered += bytes;
    this.sinkBytes += sinkBytes;
  }

  /** The batch left its queue: its room is free, its buffers serve again. */
  release(batch: ProduceBatch): void {
    this.batches--;
    this.buffered -= batch.accounted;
    this.sinkBytes -= batch.sinkBytes;
    batch.state = 'settled';
    batch.deliveries.clear();
    if (this.#lists.length < pooledLists) this.#lists.push(batch.deliveries);
    // acks 0 is answered when the request is handed to the socket, which may still read the buffer
    if (this.#options.acks !== 0) this.#buffers.give(batch.buffer);
  }

  #topic(name: string): TopicState {
    let state = this.topics.get(name);
    if (state === undefined) {
      state = new TopicState(name, Math.min(this.#options.batchSize, this.#options.maxRequestSize));
      this.topics.set(name, state);
      this.#host.interested(state);
    }
    this.#lastTopic = state;
    return state;
  }

  #wait(state: TopicState, record: WaitingRecord): void {
    record.accounted = record.packed?.size ?? this.#filler.sizeOf(record.key, record.value, record.headers);
    this.buffered += record.accounted;
    if (record.fromSink) this.sinkBytes += record.accounted;
    state.waiting.push(record);
    this.#host.busy();
    this.#host.missing();
  }

  #unaccount(record: WaitingRecord): void {
    this.buffered -= record.accounted;
    if (record.fromSink) this.sinkBytes -= record.accounted;
    record.accounted = 0;
  }

  #placeWaiting(state: TopicState, record: WaitingRecord): void {
    const { key, value, timestamp, headers, receiver, token } = record;
    record.settled = true;
    this.waiting--;
    const { partition, fromSink, packed } = record;
    const batch =
      packed === null
        ? this.#place(state, partition, key, value, timestamp, headers, receiver, token, fromSink)
        : this.#placePacked(state.partitions[partition]!, packed, receiver, token);
    if (batch === null) endFlushWaiters(record);
    else for (const waiter of record.flushWaiters ?? []) batch.addFlushWaiter(waiter);
  }

  /** Behind everything the partition has; what it had open is closed, so that no record overtakes the batch or is overtaken. */
  #placePacked(queue: PartitionQueue, packed: PackedBatch, receiver: DeliveryReceiver, token: number): ProduceBatch {
    if (queue.open !== null) this.#close(queue, queue.open);
    const batch = packed.enqueue(queue, this.#runtime.now(), receiver, token);
    this.batches++;
    this.account(batch, packed.size, 0);
    this.#host.busy();
    this.#host.touched(queue);
    return batch;
  }

  /** The hot path: no allocation unless a batch starts. Null when the record was refused. */
  #place(
    state: TopicState,
    partition: number,
    key: Part,
    value: Part,
    timestamp: number,
    headers: EncodedHeaders | null,
    receiver: DeliveryReceiver,
    token: number,
    fromSink: boolean,
  ): ProduceBatch | null {
    const filler = this.#filler;
    let queue: PartitionQueue | null;
    let keyless = false;
    if (partition >= 0) queue = state.partitions[partition]!;
    else {
      const chosen = filler.choose(state, key);
      keyless = chosen === -1;
      queue = keyless ? state.sticky : (state.partitions[chosen] ?? null);
      if (queue === null && !keyless) {
        this.#host.refused({ receiver, token }, filler.partitionerError ?? noSuchPartition(state.name, chosen));
        return null;
      }
    }
    let batch = queue === null ? null : queue.open;
    let size = batch === null ? -1 : filler.append(batch.buffer, timestamp, key, value, headers);
    if (size < 0) {
      const needed = filler.sizeOf(key, value, headers);
      const { maxRequestSize } = this.#options;
      const error = filler.tooLarge(state.name, needed, key, value, maxRequestSize);
      if (error !== null) {
        this.#host.refused({ receiver, token }, error);
        return null;
      }
      if (batch !== null) this.#close(queue!, batch);
      if (keyless || queue === null) queue = state.stickAt(needed, this.#options.batchSize, this.#runtime.random());
      batch = queue.open;
      size = batch === null ? -1 : filler.append(batch.buffer, timestamp, key, value, headers);
      if (batch === null || size < 0) {
        if (batch !== null) this.#close(queue, batch);
        batch = this.#start(queue, Math.max(state.batchLimit, needed));
        size = filler.append(batch.buffer, timestamp, key, value, headers);
      }
    }
    batch!.deliveries.push(receiver, token, timestamp, filler.keySize, filler.valueSize);
    if (keyless) state.stickyBytes += size;
    batch!.accounted += size;
    this.buffered += size;
    if (fromSink) {
      batch!.sinkBytes += size;
      this.sinkBytes += size;
    }
    return batch;
  }

  #start(queue: PartitionQueue, limit: number): ProduceBatch {
    const batch = this.emptyBatch(queue, limit, this.#runtime.now());
    queue.batches.push(batch);
    queue.open = batch;
    this.#host.touched(queue);
    return batch;
  }

  #close(queue: PartitionQueue, batch: ProduceBatch): void {
    batch.state = 'closed';
    queue.open = null;
    this.#host.touched(queue);
  }
}

function noSuchPartition(topic: string, chosen: number): UsageError {
  return new UsageError(`The partitioner chose partition ${chosen} of ${topic}, which does not exist`, { topic });
}
