import { type Metadata } from '../cluster/metadata.js';
import { DeliveryError } from '../errors/client-errors.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type Runtime } from '../model/runtime.js';
import { Timer } from '../runtime/timer.js';
import { type Accumulator } from './accumulator.js';
import { type BatchOutcome } from './batch-outcome.js';
import { type ProducerCoreOptions } from './core-options.js';
import { type PartitionQueue } from './partition-queue.js';
import { type TopicState } from './topic-state.js';
import { type WaitingRecord } from './waiting-record.js';

/** What giving up needs of the producer. */
export interface ExpiryHost {
  readonly metadata: Pick<Metadata, 'topic' | 'unreached'>;
  /** The record fails; its receiver is told later in this turn. */
  refused(record: WaitingRecord, error: unknown): void;
  /** Batches were given up: tell their receivers the end of it, use the room. */
  gaveUp(): void;
}

/**
 * Gives up what took too long: batches after deliveryTimeoutMs, records that wait for room or metadata after maxBlockMs. Two
 * timers per producer, armed only while there is something to watch; never one per record.
 */
export class Expiry {
  readonly #runtime: Runtime;
  readonly #options: ProducerCoreOptions;
  readonly #accumulator: Accumulator;
  readonly #outcome: BatchOutcome;
  readonly #host: ExpiryHost;
  readonly #batchTimer: Timer;
  readonly #waitTimer: Timer;

  constructor(
    runtime: Runtime,
    options: ProducerCoreOptions,
    accumulator: Accumulator,
    outcome: BatchOutcome,
    host: ExpiryHost,
  ) {
    this.#runtime = runtime;
    this.#options = options;
    this.#accumulator = accumulator;
    this.#outcome = outcome;
    this.#host = host;
    this.#batchTimer = new Timer(runtime, () => {
      this.#expireBatches();
    });
    this.#waitTimer = new Timer(runtime, () => {
      this.#expireWaiting();
    });
  }

  /** Something is pending from now on. All timeouts of a kind are equal, so an armed timer is early enough for it. */
  watch(): void {
    if (!this.#batchTimer.armed && this.#accumulator.batches > 0) {
      this.#batchTimer.set(this.#options.deliveryTimeoutMs);
    }
    if (!this.#waitTimer.armed && this.#accumulator.waiting > 0) this.#waitTimer.set(this.#options.maxBlockMs);
  }

  /** Records of the topic that wait for its partitions fail: it cannot be written to. */
  failTopic(topic: TopicState, cause: KafkaError): void {
    for (const record of topic.waiting.splice(0)) {
      const init = { cause, topic: topic.name, mayHaveBeenWritten: false };
      this.#fail(record, new DeliveryError(`Topic ${topic.name} cannot be written to: ${cause.message}`, init));
    }
  }

  /** Everything pending fails. */
  failAll(why: string, cause: KafkaError): void {
    for (const queue of this.#queues()) {
      for (const batch of [...queue.batches]) this.#outcome.giveUp(batch, why, cause);
    }
    for (const record of this.#waiting()) {
      const init = { cause, topic: record.topic, mayHaveBeenWritten: false };
      this.#fail(record, new DeliveryError(`Record was not sent, ${why}: ${cause.message}`, init));
    }
  }

  /**
   * What is not on its way to a broker fails with that error, as it is; what is in flight goes on. A batch that waited for its next
   * try had its sequence: with nothing in flight no answer follows that would settle what becomes of the partition.
   */
  dropUnsent(error: KafkaError): void {
    for (const queue of this.#queues()) {
      for (const batch of [...queue.batches]) {
        if (batch.state !== 'inFlight') this.#outcome.fail(batch, error.message, error, () => error);
      }
      this.#outcome.settleSequence(queue);
    }
    for (const record of this.#waiting()) this.#fail(record, error);
  }

  close(): void {
    this.#batchTimer.clear();
    this.#waitTimer.clear();
  }

  #expireBatches(): void {
    const { deliveryTimeoutMs } = this.#options;
    const born = this.#runtime.now() - deliveryTimeoutMs;
    let oldest = Infinity;
    let gaveUp = false;
    for (const queue of this.#queues()) {
      for (const batch of [...queue.batches]) {
        if (batch.expired) continue;
        if (batch.createdAt > born) {
          oldest = Math.min(oldest, batch.createdAt);
          continue;
        }
        this.#outcome.giveUp(batch, `deliveryTimeoutMs (${deliveryTimeoutMs}) is over`, null);
        gaveUp = true;
      }
      this.#outcome.settleSequence(queue);
    }
    if (oldest < Infinity) this.#batchTimer.set(oldest - born);
    if (gaveUp) this.#host.gaveUp();
  }

  #expireWaiting(): void {
    const now = this.#runtime.now();
    for (const topic of this.#accumulator.topics.values()) {
      this.#expireList(topic.waiting, now, this.#reason(topic));
    }
    this.#expireList(this.#accumulator.blocked, now, null);
    let next = Infinity;
    for (const topic of this.#accumulator.topics.values()) {
      for (const record of topic.waiting) next = Math.min(next, record.deadline);
    }
    for (const record of this.#accumulator.blocked) next = Math.min(next, record.deadline);
    if (next < Infinity) this.#waitTimer.set(next - now);
  }

  /** Of a topic that no answer has named yet only the connections can tell: that it is unknown would be a guess. */
  #reason(topic: TopicState): KafkaError | null {
    const { metadata } = this.#host;
    const unnamed = metadata.topic(topic.name) === undefined;
    return (unnamed ? metadata.unreached : null) ?? topic.lastError;
  }

  #expireList(list: WaitingRecord[], now: number, cause: KafkaError | null): void {
    let kept = 0;
    for (const record of list) {
      if (record.settled) continue;
      if (record.deadline > now) list[kept++] = record;
      else this.#fail(record, this.#waitedTooLong(record, list, cause));
    }
    list.length = kept;
  }

  #waitedTooLong(record: WaitingRecord, list: readonly WaitingRecord[], cause: KafkaError | null): DeliveryError {
    const blocked = list === this.#accumulator.blocked;
    const what = blocked
      ? 'room in bufferMemory'
      : record.partition < 0
        ? `the partitions of ${record.topic}`
        : `partition ${record.partition} of ${record.topic}`;
    const reason = cause === null ? '' : `: ${cause.message}`;
    return new DeliveryError(`Record waited maxBlockMs (${this.#options.maxBlockMs}) for ${what}${reason}`, {
      cause: cause ?? undefined,
      topic: record.topic,
      retriable: true,
      mayHaveBeenWritten: false,
    });
  }

  #fail(record: WaitingRecord, error: KafkaError): void {
    if (record.settled) return;
    this.#accumulator.drop(record);
    this.#host.refused(record, error);
  }

  /** Takes out what is in no batch. */
  #waiting(): WaitingRecord[] {
    const waiting = [...this.#accumulator.topics.values()].flatMap((topic) => topic.waiting.splice(0));
    return [...waiting, ...this.#accumulator.blocked.splice(0)];
  }

  *#queues(): Generator<PartitionQueue> {
    for (const topic of this.#accumulator.topics.values()) yield* topic.partitions;
  }
}
