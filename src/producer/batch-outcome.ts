import { ErrorCode } from '../errors/broker-error-codes.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type DeliveryReceiver } from '../model/record-sink.js';
import { type Runtime } from '../model/runtime.js';
import { backoffMs } from '../runtime/backoff.js';
import { type Accumulator } from './accumulator.js';
import { type ProducerCoreOptions } from './core-options.js';
import { type Identity, markersMs, type TransactionGate } from './identity.js';
import { type PartitionQueue } from './partition-queue.js';
import { endFlushWaiters, type ProduceBatch } from './produce-batch.js';
import { deliveryFailure, isRetriableProduce, isSequenceRefusal, leaderMissing } from './produce-failure.js';
import { type ProducerCounters } from './producer-counters.js';

/** What settling batches needs of the producer. */
export interface OutcomeHost {
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  /** The queue may send again, at once or after its back-off. */
  touched(queue: PartitionQueue): void;
  /** Something a receiver threw; it must not disturb the others. */
  threw(error: unknown): void;
}

/** What comes of a batch: delivered, tried again, or failed; and what that means for the sequence of its partition. */
export class BatchOutcome {
  readonly #options: ProducerCoreOptions;
  readonly #runtime: Runtime;
  readonly #accumulator: Accumulator;
  readonly #identity: Identity | null;
  readonly #gate: TransactionGate | null;
  readonly #counters: ProducerCounters;
  readonly #host: OutcomeHost;
  readonly #threw: (error: unknown) => void;
  /** Told something since the last `flush`. */
  readonly #receivers: DeliveryReceiver[] = [];

  constructor(
    options: ProducerCoreOptions,
    runtime: Runtime,
    accumulator: Accumulator,
    identity: Identity | null,
    counters: ProducerCounters,
    host: OutcomeHost,
  ) {
    this.#options = options;
    this.#runtime = runtime;
    this.#accumulator = accumulator;
    this.#identity = identity;
    this.#gate = identity?.transaction ?? null;
    this.#counters = counters;
    this.#host = host;
    this.#threw = (error) => {
      host.threw(error);
    };
  }

  /** Written at that offset, -1 when the broker did not say. */
  delivered(batch: ProduceBatch, baseOffset: number, logAppendTime: number, logStartOffset: number): void {
    const { queue } = batch;
    if (this.#identity !== null) queue.acknowledged(batch, this.#runtime.now());
    queue.remove(batch);
    if (!batch.expired) {
      this.#counters.recordsDelivered += batch.count;
      queue.timestampType = logAppendTime < 0 ? 'createTime' : 'logAppendTime';
      queue.logStartOffset = logStartOffset;
      batch.deliveries.delivered(queue, baseOffset, logAppendTime, this.#threw);
    }
    this.#leave(batch);
  }

  /**
   * An attempt failed.
   * @param errorCode - of the broker's answer, null when there was none
   * @param notWritten - the broker cannot hold the records because of this attempt
   * @param leaderKnown - the answer named the new leader: no back-off
   */
  attemptFailed(
    batch: ProduceBatch,
    error: KafkaError,
    errorCode: number | null,
    notWritten: boolean,
    leaderKnown: boolean,
  ): void {
    const { queue } = batch;
    if (this.#identity !== null && errorCode !== null && isSequenceRefusal(errorCode) && !batch.expired) {
      this.#sequenceRefused(batch, error, errorCode);
      return;
    }
    if (!notWritten) batch.ambiguous = true;
    batch.lastError = error;
    const again =
      isRetriableProduce(error) && batch.attempts <= this.#options.retries && !batch.expired && this.#mayRetry;
    if (!again) {
      this.fail(batch, 'the error is not retried or retries are used up', error);
      return;
    }
    const soon = errorCode === ErrorCode.CONCURRENT_TRANSACTIONS;
    this.retry(batch, leaderKnown ? 0 : soon ? markersMs : this.#backoff(batch));
    this.#host.touched(queue);
  }

  /** Back into line, at the place it has: with its sequence and its bytes. */
  retry(batch: ProduceBatch, delayMs: number): void {
    batch.state = 'retry';
    batch.retryAt = this.#runtime.now() + delayMs;
    batch.queue.retrying++;
    this.#counters.retries++;
  }

  /** Not delivered; whether it may have been written is in the error. */
  fail(batch: ProduceBatch, why: string, cause: KafkaError | null, errorAt?: (index: number) => unknown): void {
    const { queue } = batch;
    if (batch.state === 'retry' || (batch.state === 'finishing' && batch.attempts > 0)) queue.retrying--;
    queue.remove(batch);
    if (this.#identity !== null && batch.sequenced) queue.givenUp(batch.ambiguous);
    if (!batch.expired) this.#tellFailure(batch, deliveryFailure(batch, why, cause), errorAt);
    this.#leave(batch);
  }

  /**
   * Too late, or the producer ends. A batch in flight stays until it is answered: its sequence has to be accounted for, and
   * its bytes belong to the connection. While its request still waits for a connection, it is known not to be written: the
   * request leaves without it.
   */
  giveUp(batch: ProduceBatch, why: string, cause: KafkaError | null): void {
    if (batch.expired) return;
    const reason = cause ?? batch.lastError ?? leaderMissing(batch.queue) ?? this.#identity?.lastError ?? null;
    if (batch.state !== 'inFlight') {
      this.fail(batch, why, reason);
      return;
    }
    this.#tellFailure(batch, deliveryFailure(batch, why, reason, batch.onWire));
    batch.deliveries.collectReceivers(this.#receivers);
    batch.expired = true;
    if (this.#identity !== null) batch.queue.givenUp(batch.onWire || batch.ambiguous);
    endFlushWaiters(batch);
  }

  /** What comes of a partition once one of its batches was answered or given up. */
  settleSequence(queue: PartitionQueue): void {
    const identity = this.#identity;
    if (identity === null) return;
    queue.resolveGap();
    if (!queue.restart || queue.inFlight > 0) return;
    identity.leaveBehind(queue.producerId, queue.producerEpoch);
    // else: identityReady comes back here
    if (identity.known) queue.startEpoch(identity.producerId, identity.epoch);
  }

  /** After the last batch of one answer: receivers that were told something emit what is due. */
  flushReceivers(): void {
    for (const receiver of this.#receivers.splice(0)) {
      try {
        receiver.flushed();
      } catch (error) {
        this.#host.threw(error);
      }
    }
  }

  /**
   * Not the next sequence the broker expects. Behind an unanswered batch that is no wonder: it was refused because that one
   * was. The lowest one, however, proves that the broker has not the state we think: known not to be written, and with it
   * everything behind it, so the partition starts anew under the next epoch. Events that lead here: the broker lost the
   * producer's state; a batch that was given up was not written; a batch in front was refused for good.
   *
   * One exception: an earlier try of the lowest batch went unanswered. Its bytes may lie in a buffer on the way to the broker, behind
   * those of the batch in front of it that was given up meanwhile. If they arrive now, that batch fills the gap, this one follows
   * it, and a copy under the next epoch would be a second one. Nobody can know, so it fails as perhaps written.
   *
   * In a transaction there is no new epoch before its end: the batch fails, which leaves nothing but to abort.
   */
  #sequenceRefused(batch: ProduceBatch, error: KafkaError, errorCode: number): void {
    const { queue } = batch;
    batch.lastError = error;
    const lowest = queue.batches[0] === batch;
    if (!lowest && this.#mayRetry) {
      batch.attempts--;
      this.retry(batch, 0);
      return;
    }
    if (this.#gate !== null) {
      this.fail(batch, 'the broker does not go on with the transaction', error);
      return;
    }
    if (batch.attempts > this.#options.retries) {
      this.fail(batch, 'retries are used up', error);
      return;
    }
    if (batch.ambiguous) {
      this.fail(batch, 'the broker does not know the batch before it, and an earlier try may still arrive', error);
      return;
    }
    queue.restart = true;
    this.retry(batch, errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER ? 0 : this.#backoff(batch));
    this.#host.touched(queue);
  }

  get #mayRetry(): boolean {
    return this.#gate === null || this.#gate.retries;
  }

  #backoff(batch: ProduceBatch): number {
    const { retryBackoffMs, retryBackoffMaxMs } = this.#host;
    return backoffMs(batch.attempts - 1, retryBackoffMs, retryBackoffMaxMs, () => this.#runtime.random());
  }

  #tellFailure(batch: ProduceBatch, error: KafkaError, errorAt?: (index: number) => unknown): void {
    this.#counters.recordsFailed += batch.count;
    batch.deliveries.failed(errorAt ?? (() => error), this.#threw);
    this.#gate?.failed(error, batch.sequenced);
  }

  #leave(batch: ProduceBatch): void {
    if (!batch.expired) batch.deliveries.collectReceivers(this.#receivers);
    this.#accumulator.release(batch);
    endFlushWaiters(batch);
  }
}
