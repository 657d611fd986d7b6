import { type BrokerChannel } from '../cluster/channel-pool.js';
import { type Metadata } from '../cluster/metadata.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { produceApi, type ProduceResponse } from '../protocol/messages/produce.js';
import { type TransactionGate } from './identity.js';
import { type PartitionQueue } from './partition-queue.js';
import { type ProduceBatch } from './produce-batch.js';
import { ProduceCall } from './produce-request.js';

/** What the sinks of one producer share. */
export interface SinkHost {
  readonly metadata: Metadata;
  readonly idempotent: boolean;
  readonly transaction: TransactionGate | null;
  /** On the wire: -1 all, 1, 0. */
  readonly acks: number;
  readonly lingerMs: number;
  readonly maxInFlightRequests: number;
  readonly maxRequestSize: number;
  readonly requestTimeoutMs: number;
  now(): number;
  /** Open batches leave now, whatever linger says: the buffer is full or the producer is closing. */
  hurried(): boolean;
  /** Gives the batch its sequence and its bytes; false when it cannot be sent yet. */
  prepare(batch: ProduceBatch): boolean;
  /** Asks for a pass at that time. */
  wakeAt(time: number): void;
  answered(sink: BrokerSink, call: ProduceCall, error: KafkaError | null, response: ProduceResponse | null): void;
}

/** Sends the batches of the partitions that one broker leads: several partitions per request, several requests in flight. */
export class BrokerSink {
  readonly nodeId: number;
  readonly channel: BrokerChannel;
  /** Requests. */
  inFlight = 0;
  /** Waits for the next pass. */
  dirty = false;
  /** Partitions with batches; those that became empty are dropped in passing. */
  readonly #queues: PartitionQueue[] = [];
  readonly #host: SinkHost;
  /** Where the next request starts to look, so that no partition is always last. */
  #cursor = 0;

  constructor(nodeId: number, channel: BrokerChannel, host: SinkHost) {
    this.nodeId = nodeId;
    this.channel = channel;
    this.#host = host;
  }

  list(queue: PartitionQueue): void {
    if (queue.listed) return;
    queue.listed = true;
    this.#queues.push(queue);
  }

  unlist(queue: PartitionQueue): void {
    queue.listed = false;
    const index = this.#queues.indexOf(queue);
    if (index >= 0) this.#queues.splice(index, 1);
  }

  /** Sends whatever may be sent now. */
  drain(): void {
    this.#dropEmpty();
    while (this.inFlight < this.#host.maxInFlightRequests) {
      const batches = this.#collect();
      if (batches.length === 0) return;
      this.#send(batches);
    }
  }

  /**
   * One batch per partition, as many as fit a request. With nothing in flight to this broker open batches go as they are, so
   * a lone record never waits for linger; otherwise they wait to fill up, for linger or for the next answer. While a
   * transaction gathers they wait to fill up, or for its end.
   */
  #collect(): ProduceBatch[] {
    const host = this.#host;
    const now = host.now();
    const hurried = host.hurried();
    const waitUntil = host.transaction?.waitUntil(this.nodeId) ?? 0;
    const gathering = !hurried && host.transaction?.gathering === true;
    const takeOpen = this.inFlight === 0 || hurried;
    const chosen: ProduceBatch[] = [];
    let size = 0;
    const { length } = this.#queues;
    const start = this.#cursor;
    for (let step = 0; step < length; step++) {
      const at = (start + step) % length;
      const batch = this.#queues[at]!.next(host.idempotent);
      if (batch === null) continue;
      if (batch.retryAt > now) {
        host.wakeAt(batch.retryAt);
        continue;
      }
      if (batch.state === 'open' && gathering && !batch.packed) continue;
      if (batch.state === 'open' && !takeOpen && !batch.packed && batch.createdAt + host.lingerMs > now) {
        host.wakeAt(batch.createdAt + host.lingerMs);
        continue;
      }
      if (chosen.length > 0 && size + batch.wireSize > host.maxRequestSize) continue;
      if (waitUntil > now) {
        host.wakeAt(waitUntil);
        break;
      }
      if (!host.prepare(batch)) continue;
      chosen.push(batch);
      size += batch.wireSize;
      this.#cursor = at + 1;
    }
    return chosen;
  }

  #send(batches: readonly ProduceBatch[]): void {
    const host = this.#host;
    for (const batch of batches) {
      const { queue } = batch;
      if (batch.state === 'retry') queue.retrying--;
      batch.state = 'inFlight';
      batch.onWire = false;
      batch.attempts++;
      queue.inFlight++;
      queue.inFlightSink = this;
    }
    this.inFlight++;
    const call = new ProduceCall(batches, host.metadata);
    const gate = host.transaction;
    gate?.sent(this.nodeId, host.now());
    const maxVersion = gate?.maxProduceVersion ?? call.maxVersion;
    this.channel.call(
      produceApi,
      (version: number) => call.body(version, host.acks, host.requestTimeoutMs, gate?.transactionalId ?? null),
      {
        timeoutMs: host.requestTimeoutMs,
        maxVersion,
        minVersion: gate?.minProduceVersion,
        expectResponse: host.acks !== 0,
      },
      (error, response) => {
        this.inFlight--;
        host.answered(this, call, error, response);
      },
    );
  }

  #dropEmpty(): void {
    let kept = 0;
    for (const queue of this.#queues) {
      if (queue.batches.length > 0) this.#queues[kept++] = queue;
      else queue.listed = false;
    }
    // not by its length: setting that takes V8 out of its compiled code
    while (this.#queues.length > kept) this.#queues.pop();
  }
}
