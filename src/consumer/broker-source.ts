import { type BrokerChannel } from '../cluster/channel-pool.js';
import { type Cluster } from '../cluster/cluster.js';
import { ZERO_UUID } from '../bytes/uuid.js';
import { BrokerError } from '../errors/broker-error.js';
import { ErrorCode } from '../errors/broker-error-codes.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type Cancel } from '../model/done.js';
import { fetchApi, type FetchResponse } from '../protocol/messages/fetch.js';
import { backoffMs } from '../runtime/backoff.js';
import { hop, Timer } from '../runtime/timer.js';
import { isSessionError } from './fetch-errors.js';
import { applyAnswer, type AnswerContext } from './fetch-answer.js';
import { planFetch } from './fetch-plan.js';
import { FetchSession, type WantedPartition } from './fetch-session.js';
import { type ConsumerFlowOptions } from './flow-options.js';
import { type FrameBudget } from './frame-budget.js';
import { type PartitionCursor } from './partition-cursor.js';
import { type ReplicaPort } from './read-replica.js';

/** Highest version that names topics instead of ids. */
const lastByName = 12;
/** First version that takes a rack and names a replica. */
const firstWithRacks = 11;

/** What a source shares with its siblings. */
export interface SourcePort extends ReplicaPort {
  readonly cluster: Cluster;
  readonly options: ConsumerFlowOptions;
  readonly budget: FrameBudget;
  /** Sources with partitions: the budget is shared among them. */
  readonly brokers: number;
  nextRequest(): number;
  /** The broker knows nothing of racks (Fetch below version 11). */
  tooOldForRacks(broker: number): void;
}

/**
 * Fetches from one broker: one request in flight, the next as soon as the answer is taken apart, while its records are
 * delivered. Stops when no partition wants anything and starts again when one is woken.
 */
export class BrokerSource {
  readonly broker: number;
  readonly #port: SourcePort;
  readonly #channel: BrokerChannel;
  readonly #session: FetchSession = new FetchSession();
  /** In the order of the next request: who got something goes to the end, so that nobody starves behind a byte limit. */
  readonly #cursors: Set<PartitionCursor> = new Set<PartitionCursor>();
  readonly #timer: Timer;
  #call: Cancel | null = null;
  #hop: Cancel | null = null;
  #reserved = 0;
  #attempt = 0;
  /** In a row: one is answered by a new session at once, more are waited out. */
  #sessionErrors = 0;
  #backingOff = false;
  #closed = false;

  constructor(broker: number, channel: BrokerChannel, port: SourcePort) {
    this.broker = broker;
    this.#channel = channel;
    this.#port = port;
    this.#timer = new Timer(port.cluster.runtime, () => {
      this.#backingOff = false;
      this.#run();
    });
  }

  get size(): number {
    return this.#cursors.size;
  }

  add(cursor: PartitionCursor): void {
    this.#cursors.add(cursor);
    cursor.fetch.broker = this.broker;
    this.wake();
  }

  remove(cursor: PartitionCursor): void {
    if (!this.#cursors.delete(cursor)) return;
    cursor.fetch.broker = -1;
    cursor.fetch.askedBy = -1;
  }

  /** Something may be worth fetching. Several wakes in a turn make one look. */
  wake(): void {
    if (this.#hop !== null || this.#call !== null || this.#backingOff || this.#closed || this.#cursors.size === 0)
      return;
    this.#hop = hop(this.#port.cluster.runtime, () => {
      this.#hop = null;
      this.#run();
    });
  }

  close(): void {
    this.#closed = true;
    this.#timer.clear();
    this.#hop?.();
    this.#call?.();
    this.#hop = this.#call = null;
    this.#unreserve();
  }

  #run(): void {
    if (this.#call !== null || this.#closed || this.#backingOff) return;
    const { cluster, options, budget, brokers } = this.#port;
    const now = cluster.runtime.now();
    this.#sendAway((cursor) => cursor.fetch.preferredUntil <= now, 'replicaExpired');
    const plan = planFetch(this.#cursors, options, budget, brokers, now);
    if (plan.cursors.length === 0) {
      if (plan.nextTryMs !== null) this.#timer.set(plan.nextTryMs);
      return;
    }
    const request = this.#port.nextRequest();
    const wanted: WantedPartition[] = [];
    let byId = true;
    for (const { topic, partition, fetch } of plan.cursors) {
      fetch.askedBy = request;
      fetch.askedOffset = fetch.offset;
      // not what metadata says now: a topic that is being deleted has no id there, and by its name the next one would be read
      const topicId = fetch.topicId ?? ZERO_UUID;
      if (topicId === ZERO_UUID) byId = false;
      wanted.push({
        topic,
        topicId,
        partition,
        currentLeaderEpoch: fetch.leaderEpoch,
        fetchOffset: fetch.offset,
        partitionMaxBytes: Math.min(fetch.maxBytes, plan.partitionBytes),
      });
    }
    this.#reserved = plan.maxBytes;
    budget.reserve(this.#reserved);
    this.#call = this.#channel.call(
      fetchApi,
      {
        maxWaitMs: plan.maxWaitMs,
        minBytes: options.fetchMinBytes,
        maxBytes: plan.maxBytes,
        isolationLevel: options.isolationLevel,
        rackId: plan.cursors.some(({ fetch }) => fetch.leaderOnlyUntil > now) ? '' : options.clientRack,
        ...this.#session.request(wanted, byId),
      },
      {
        timeoutMs: cluster.options.requestTimeoutMs + plan.maxWaitMs,
        ...(byId ? {} : { maxVersion: lastByName }),
      },
      (error, response) => {
        this.#call = null;
        if (error !== null) this.#lost(error);
        else this.#answered(request, response!);
      },
    );
  }

  #answered(request: number, response: FetchResponse): void {
    if (response.errorCode !== 0) {
      this.#refused(response.errorCode);
      return;
    }
    this.#attempt = 0;
    this.#sessionErrors = 0;
    this.#session.answered(response.sessionId);
    const { cluster, options, budget } = this.#port;
    const context: AnswerContext = { cluster, options, budget, broker: this.broker, request, replicas: this.#port };
    if (options.clientRack !== '' && (this.#channel.version(fetchApi) ?? firstWithRacks) < firstWithRacks) {
      this.#port.tooOldForRacks(this.broker);
    }
    applyAnswer(response, this.#cursors, context, (cursor) => {
      this.#moveBack(cursor);
    });
    // after the answer's bytes are counted: siblings that wait for room are woken by this
    this.#unreserve();
    this.#run();
  }

  #refused(errorCode: number): void {
    this.#unreserve();
    this.#session.refused(errorCode);
    if (isSessionError(errorCode) && this.#sessionErrors++ === 0) {
      if (errorCode === ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR) {
        this.#port.cluster.metadata.refresh('a fetch session mixed topic ids and names');
      }
      this.wake();
      return;
    }
    const error = new BrokerError(errorCode, `Fetch from broker ${this.broker}`, { broker: this.broker, apiKey: 1 });
    this.#backOff(error);
  }

  #lost(error: KafkaError): void {
    this.#unreserve();
    this.#session.lost();
    this.#backOff(error);
  }

  /** Connection trouble: where the partitions are led may have changed with it. */
  #backOff(error: KafkaError): void {
    if (this.#closed) return;
    const { cluster } = this.#port;
    const { runtime, options, metadata, logger } = cluster;
    logger.debug({ broker: this.broker, code: error.code }, `Fetch failed: ${error.message}`);
    metadata.refresh(`a fetch from broker ${this.broker} failed`);
    this.#sendAway((cursor) => cursor.fetch.preferred === this.broker, 'replicaRefused');
    this.#backingOff = true;
    this.#timer.set(
      backoffMs(this.#attempt++, options.retryBackoffMs, options.retryBackoffMaxMs, () => runtime.random()),
    );
  }

  /** To the leader: those that are read here only because it is closer. */
  #sendAway(which: (cursor: PartitionCursor) => boolean, why: 'replicaRefused' | 'replicaExpired'): void {
    if (this.#port.options.clientRack === '') return;
    for (const cursor of [...this.#cursors].filter(which)) this.#port[why](cursor);
  }

  #moveBack(cursor: PartitionCursor): void {
    if (this.#cursors.delete(cursor)) this.#cursors.add(cursor);
  }

  #unreserve(): void {
    const reserved = this.#reserved;
    this.#reserved = 0;
    if (reserved > 0) this.#port.budget.unreserve(reserved);
  }
}
