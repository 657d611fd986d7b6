import { type EncodedHeaders } from '../codecs/lazy-headers.js';
import { accelerateCrc32c } from '../codecs/native-crc32c.js';
import { type Cluster } from '../cluster/cluster.js';
import { type Metadata } from '../cluster/metadata.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { ClientClosedError } from '../errors/usage-error.js';
import { type Cancel } from '../model/done.js';
import { type DeliveryReceiver } from '../model/record-sink.js';
import { type ProduceResponse } from '../protocol/messages/produce.js';
import { Listeners } from '../runtime/listeners.js';
import { hop, Timer } from '../runtime/timer.js';
import { Accumulator, type AccumulatorHost, type Refused } from './accumulator.js';
import { BatchFinisher, type FinisherHost } from './batch-finisher.js';
import { BatchOutcome, type OutcomeHost } from './batch-outcome.js';
import { BatchSplitter } from './batch-splitter.js';
import { type BrokerSink, type SinkHost } from './broker-sink.js';
import { BurstClock } from './burst-clock.js';
import { type ProducerCoreOptions } from './core-options.js';
import { Dispatcher } from './dispatcher.js';
import { Expiry, type ExpiryHost } from './expiry.js';
import { flush } from './flush.js';
import { type Identity, type TransactionGate } from './identity.js';
import { type PackedBatch } from './packed-batch.js';
import { type PartitionQueue } from './partition-queue.js';
import { endFlushWaiters, type ProduceBatch } from './produce-batch.js';
import { type AnswersHost, ProduceAnswers } from './produce-answers.js';
import { type ProduceCall } from './produce-request.js';
import { newCounters, type ProducerCounters } from './producer-counters.js';
import { type IdentityListener, ProducerIdentity } from './producer-identity.js';
import { Refusals } from './refusals.js';
import { type TopicState } from './topic-state.js';
import { type Part, type WaitingRecord } from './waiting-record.js';

type Hosts = AccumulatorHost & SinkHost & FinisherHost & OutcomeHost & AnswersHost & IdentityListener & ExpiryHost;

/**
 * A producer below the streams: takes serialized records, answers each of them once through its receiver. Wires the parts;
 * what they do is in their files.
 */
export class ProducerCore implements Hosts {
  readonly metadata: Metadata;
  readonly idempotent: boolean;
  readonly transaction: TransactionGate | null;
  readonly acks: number;
  readonly lingerMs: number;
  readonly maxInFlightRequests: number;
  readonly maxRequestSize: number;
  readonly requestTimeoutMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  readonly counters: ProducerCounters = newCounters();
  readonly #cluster: Cluster;
  readonly #accumulator: Accumulator;
  readonly #dispatcher: Dispatcher;
  readonly #identity: Identity | null;
  readonly #finisher: BatchFinisher;
  readonly #outcome: BatchOutcome;
  readonly #answers: ProduceAnswers;
  readonly #expiry: Expiry;
  readonly #stopMetadata: Cancel;
  readonly #readyListeners: Listeners = new Listeners();
  readonly #refusals: Refusals;
  readonly #clock: BurstClock;
  readonly #idleWaiters: (() => void)[] = [];
  #sinkWasFull = false;
  #keepAlive: (() => void) | null = null;
  #state: 'open' | 'closing' | 'closed' = 'open';

  /** @param transactional - the identity of one slot of a transactional producer */
  constructor(cluster: Cluster, options: ProducerCoreOptions, transactional: Identity | null = null) {
    const { runtime } = cluster;
    this.#cluster = cluster;
    this.metadata = cluster.metadata;
    this.idempotent = options.enableIdempotence;
    this.acks = options.acks === 'all' ? -1 : options.acks;
    this.lingerMs = options.lingerMs;
    this.maxInFlightRequests = options.maxInFlightRequests;
    this.maxRequestSize = options.maxRequestSize;
    this.requestTimeoutMs = cluster.options.requestTimeoutMs;
    this.retryBackoffMs = cluster.options.retryBackoffMs;
    this.retryBackoffMaxMs = cluster.options.retryBackoffMaxMs;
    this.#identity = transactional ?? (this.idempotent ? new ProducerIdentity(cluster, this) : null);
    this.transaction = this.#identity?.transaction ?? null;
    this.#accumulator = new Accumulator(options, runtime, this);
    this.#outcome = new BatchOutcome(options, runtime, this.#accumulator, this.#identity, this.counters, this);
    this.#finisher = new BatchFinisher(options, runtime, this.#identity, this);
    const splitter = new BatchSplitter(this.#accumulator, this.#outcome);
    this.#answers = new ProduceAnswers(this.#outcome, splitter, this);
    this.#dispatcher = new Dispatcher(
      cluster,
      this,
      () => {
        this.#afterTurn();
      },
      () => {
        this.#searchAgain();
      },
    );
    this.#clock = new BurstClock(runtime, () => this.#dispatcher.passPending);
    this.#refusals = new Refusals(
      runtime,
      () => {
        if (this.#state !== 'closed') this.#afterTurn();
      },
      (error) => {
        this.threw(error);
      },
    );
    this.#expiry = new Expiry(runtime, options, this.#accumulator, this.#outcome, this);
    this.#stopMetadata = this.metadata.onUpdate(() => {
      this.leadersChanged();
    });
  }

  /** Requests without an answer. */
  get requestsInFlight(): number {
    return this.#dispatcher.inFlight;
  }

  get bufferedBytes(): number {
    return this.#state === 'closed' ? 0 : this.#accumulator.buffered;
  }

  /** The time of a record that names none. */
  wallClock(): number {
    return this.#clock.wallClock();
  }

  /** Takes the record; false when the sink is full now. */
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
    if (this.#state !== 'open') {
      this.refused({ receiver, token }, new ClientClosedError('The producer is closed, create a new one'));
      return true;
    }
    const roomy = this.#accumulator.write(topic, partition, key, value, timestamp, headers, receiver, token);
    if (!roomy) {
      this.#sinkWasFull = true;
      this.#dispatcher.passSoon();
    }
    return roomy;
  }

  /** Takes the record when there is room, else returns it as one that waits, at most maxBlockMs, and can be cancelled. */
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
    if (this.#state !== 'open') {
      this.refused({ receiver, token }, new ClientClosedError('The producer is closed, create a new one'));
      return null;
    }
    return this.#accumulator.send(topic, partition, key, value, timestamp, headers, receiver, token);
  }

  /** The same for a batch that was packed by hand; each batch is queued once. */
  sendBatch(
    topic: string,
    partition: number,
    packed: PackedBatch,
    receiver: DeliveryReceiver,
    token: number,
  ): WaitingRecord | null {
    const refusal =
      this.#state === 'open'
        ? packed.refusal(topic, this.maxRequestSize)
        : new ClientClosedError('The producer is closed, create a new one');
    if (refusal === null) return this.#accumulator.sendBatch(topic, partition, packed, receiver, token);
    this.refused({ receiver, token }, refusal);
    return null;
  }

  /** The record is not sent, unless it is in a batch by now; its receiver hears nothing more of it. */
  cancel(record: WaitingRecord): void {
    this.#accumulator.drop(record);
    endFlushWaiters(record);
    this.#dispatcher.passSoon();
  }

  /** Calls the listener each time a sink that was told "full" may go on. */
  onReady(listener: () => void): Cancel {
    return this.#readyListeners.add(listener);
  }

  /** Whatever held batches back may be over. */
  wake(): void {
    this.#dispatcher.drainAll();
  }

  /** `done` when everything taken so far is delivered or failed; never in the stack of the call. */
  flush(done: () => void): void {
    flush(this.#cluster.runtime, this.#accumulator, this.#dispatcher, done);
  }

  /** What is not on its way to a broker fails with that error. */
  dropUnsent(error: KafkaError): void {
    this.#expiry.dropUnsent(error);
    this.gaveUp();
  }

  /** `done` when nothing is queued or in flight; may come in the stack of this call. */
  whenIdle(done: () => void): void {
    if (this.#state === 'closed' || (this.requestsInFlight === 0 && this.#accumulator.batches === 0)) done();
    else this.#idleWaiters.push(done);
  }

  /** No new records; `done` when the rest is answered, at the latest after `timeoutMs`, when what is left has failed. */
  close(timeoutMs: number, done: () => void): void {
    this.#state = 'closing';
    let ended = false;
    const finish = (): void => {
      if (ended) return;
      ended = true;
      timer.clear();
      this.#end(timeoutMs);
      done();
    };
    const timer = new Timer(this.#cluster.runtime, finish);
    timer.set(timeoutMs);
    this.flush(finish);
    this.#dispatcher.drainAll();
  }

  // ---- AccumulatorHost

  interested(topic: TopicState): void {
    // while metadata is asked for, so that it is there by the first batch
    accelerateCrc32c();
    topic.release = this.metadata.retain([topic.name], { autoCreate: true });
    this.#identity?.acquire();
    this.#dispatcher.update(topic);
  }

  missing(): void {
    this.#dispatcher.search();
  }

  touched(queue: PartitionQueue): void {
    this.#dispatcher.touch(queue);
  }

  refused(record: Refused, error: unknown): void {
    this.#refusals.add(record, error);
    // a transaction is committed with all of its records or not at all
    this.transaction?.failed(error, false);
  }

  /** Refused, and nobody else has to know. */
  refuse(record: Refused, error: KafkaError): void {
    this.#refusals.add(record, error);
  }

  busy(): void {
    this.#keepAlive ??= this.#cluster.runtime.keepAlive?.() ?? null;
    this.#expiry.watch();
    this.#dispatcher.passSoon();
  }

  // ---- SinkHost, FinisherHost, OutcomeHost

  now(): number {
    return this.#cluster.runtime.now();
  }

  hurried(): boolean {
    return this.#accumulator.full || this.#accumulator.blocked.length > 0 || this.#state !== 'open';
  }

  prepare(batch: ProduceBatch): boolean {
    return this.#finisher.prepare(batch);
  }

  wakeAt(time: number): void {
    this.#dispatcher.wakeAt(time);
  }

  answered(sink: BrokerSink, call: ProduceCall, error: KafkaError | null, response: ProduceResponse | null): void {
    if (this.#state === 'closed') return;
    if (this.transaction?.answered(sink.nodeId, error) === true) this.#dispatcher.drainAll();
    this.counters.requests++;
    for (const batch of call.batches) {
      this.counters.batches++;
      this.counters.bytes += batch.wireSize;
    }
    this.#answers.read(sink.nodeId, call, error, response);
    for (const { queue } of call.batches) if (queue.batches.length > 0) this.#dispatcher.touch(queue);
    this.#dispatcher.touchSink(sink);
    this.#afterTurn();
  }

  finished(batch: ProduceBatch): void {
    this.#dispatcher.touch(batch.queue);
  }

  finishFailed(batch: ProduceBatch, error: KafkaError): void {
    this.#outcome.fail(batch, 'they cannot be compressed', error);
    this.#outcome.settleSequence(batch.queue);
    this.#afterTurn();
  }

  threw(error: unknown): void {
    // as RxJS does: out of the way of everybody else, into the process's uncaught exception
    hop(this.#cluster.runtime, () => {
      throw error;
    });
  }

  // ---- AnswersHost, IdentityListener

  leadersChanged(): void {
    for (const topic of this.#accumulator.topics.values()) {
      this.#dispatcher.update(topic);
      this.#accumulator.known(topic);
      if (topic.lastError !== null && !topic.lastError.retriable) this.#expiry.failTopic(topic, topic.lastError);
    }
    this.#searchAgain();
  }

  identityReady(): void {
    for (const topic of this.#accumulator.topics.values()) {
      for (const queue of topic.partitions) if (queue.restart) this.#outcome.settleSequence(queue);
    }
    this.#dispatcher.drainAll();
  }

  identityFailed(error: KafkaError): void {
    this.#expiry.failAll('no producer id for idempotence', error);
    this.#afterTurn();
  }

  // ---- ExpiryHost

  gaveUp(): void {
    this.#dispatcher.drainAll();
    this.#afterTurn();
  }

  // ----

  /** What is due once batches were answered or given up. */
  #afterTurn(): void {
    this.#outcome.flushReceivers();
    if (this.#accumulator.blocked.length > 0) this.#accumulator.unblock();
    if (this.#sinkWasFull && this.#accumulator.sinkReady) {
      this.#sinkWasFull = false;
      this.#readyListeners.tell(undefined, (error) => {
        this.threw(error);
      });
    }
    if (this.#idleWaiters.length > 0 && this.requestsInFlight + this.#accumulator.batches === 0) {
      for (const done of this.#idleWaiters.splice(0)) done();
    }
    if (this.#keepAlive !== null && this.#accumulator.batches + this.#accumulator.waiting === 0) {
      this.#keepAlive();
      this.#keepAlive = null;
      this.#dispatcher.rest();
    }
  }

  #searchAgain(): void {
    for (const topic of this.#accumulator.topics.values()) {
      if (topic.waiting.length > 0 || topic.partitions.some((queue) => queue.sink === null && queue.queueLength > 0)) {
        this.#dispatcher.search();
        return;
      }
    }
  }

  #end(timeoutMs: number): void {
    this.#state = 'closed';
    const cause = new ClientClosedError(`The producer was closed and did not get it done in ${timeoutMs} ms`);
    this.#expiry.failAll('the producer was closed', cause);
    this.#refusals.tell();
    this.#afterTurn();
    this.#expiry.close();
    this.#identity?.close();
    this.#dispatcher.close();
    this.#stopMetadata();
    for (const topic of this.#accumulator.topics.values()) topic.release?.();
    this.#keepAlive?.();
    this.#keepAlive = null;
    this.#readyListeners.clear();
    for (const done of this.#idleWaiters.splice(0)) done();
  }
}
