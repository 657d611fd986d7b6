import { type Metadata } from '../cluster/metadata.js';
import { BrokerError } from '../errors/broker-error.js';
import { ErrorCode } from '../errors/broker-error-codes.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { ProtocolDecodeError } from '../errors/protocol-error.js';
import {
  produceApi,
  type ProduceResponse,
  type ProduceResponsePartitionProduceResponse as PartitionAnswer,
} from '../protocol/messages/produce.js';
import { type BatchOutcome } from './batch-outcome.js';
import { type BatchSplitter } from './batch-splitter.js';
import { type PartitionQueue } from './partition-queue.js';
import { type ProduceBatch } from './produce-batch.js';
import { deliveryFailure, isDefiniteRefusal, isLeaderMoved, isTooLarge, neverSent } from './produce-failure.js';
import { type ProduceCall } from './produce-request.js';

/** What the answers change besides their batches. */
export interface AnswersHost {
  readonly metadata: Metadata;
  /** Metadata has learned of a leader: queues move. */
  leadersChanged(): void;
}

/** Reads answers partition by partition: the error of one never touches the batches of another. */
export class ProduceAnswers {
  readonly #outcome: BatchOutcome;
  readonly #splitter: BatchSplitter;
  readonly #host: AnswersHost;

  constructor(outcome: BatchOutcome, splitter: BatchSplitter, host: AnswersHost) {
    this.#outcome = outcome;
    this.#splitter = splitter;
    this.#host = host;
  }

  /** The call was answered, or will not be. */
  read(nodeId: number, call: ProduceCall, error: KafkaError | null, response: ProduceResponse | null): void {
    for (const batch of call.batches) batch.queue.inFlight--;
    if (error !== null) {
      this.#callFailed(call.batches, error);
    } else if (isProduceResponse(response)) {
      this.#callAnswered(nodeId, call, response);
    } else {
      // acks 0: written to the socket, and that is all there is to know
      for (const batch of call.batches) this.#outcome.delivered(batch, -1, -1, -1);
    }
    for (const batch of call.batches) this.#outcome.settleSequence(batch.queue);
  }

  #callFailed(batches: readonly ProduceBatch[], error: KafkaError): void {
    for (const batch of batches) {
      this.#outcome.attemptFailed(batch, error, null, neverSent(error) || !batch.onWire, false);
    }
    this.#host.metadata.refresh('a produce request failed');
  }

  #callAnswered(nodeId: number, call: ProduceCall, response: ProduceResponse): void {
    const open: (ProduceBatch | null)[] = [...call.batches];
    let moved = false;
    for (const topic of response.responses) {
      const name = call.topicName(topic.name, topic.topicId);
      for (const answer of topic.partitionResponses) {
        const batch = takeBatch(open, name, answer.index);
        if (batch !== null && this.#answered(nodeId, batch, answer, response)) moved = true;
      }
    }
    for (const batch of open) {
      if (batch === null) continue;
      const error = new ProtocolDecodeError(`Produce answer without ${batch.queue.topic}-${batch.queue.partition}`, {
        retriable: true,
        broker: nodeId,
      });
      this.#outcome.attemptFailed(batch, error, null, !batch.onWire, false);
    }
    if (moved) this.#host.metadata.refresh('a produce answer said that metadata is stale');
  }

  /** True when metadata turned out to be stale. */
  #answered(nodeId: number, batch: ProduceBatch, answer: PartitionAnswer, response: ProduceResponse): boolean {
    const { errorCode } = answer;
    if (errorCode === 0 || errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
      this.#outcome.delivered(batch, answer.baseOffset, answer.logAppendTimeMs, answer.logStartOffset);
      return false;
    }
    const { queue } = batch;
    const text = answer.errorMessage === null ? '' : ` (${answer.errorMessage})`;
    const error = new BrokerError(errorCode, `Produce to ${queue.topic}-${queue.partition}${text}`, {
      broker: nodeId,
      apiKey: produceApi.key,
      topic: queue.topic,
      partition: queue.partition,
    });
    if (isTooLarge(errorCode) && this.#splitter.split(batch)) return false;
    if (answer.recordErrors.length > 0 && errorCode === ErrorCode.INVALID_RECORD) {
      this.#recordsRefused(batch, answer, error);
      return false;
    }
    const stale = isLeaderMoved(errorCode);
    const known = stale && this.#learn(queue, answer, response);
    this.#outcome.attemptFailed(batch, error, errorCode, isDefiniteRefusal(errorCode), known);
    return stale;
  }

  /** The broker names the new leader in the refusal itself (KIP-951); true when that is news. */
  #learn(queue: PartitionQueue, answer: PartitionAnswer, response: ProduceResponse): boolean {
    const { leaderId, leaderEpoch } = answer.currentLeader;
    if (leaderId < 0 || leaderEpoch <= queue.leaderEpoch) return false;
    this.#host.metadata.learnLeader(queue.topic, queue.partition, leaderId, leaderEpoch, response.nodeEndpoints);
    this.#host.leadersChanged();
    return queue.leader === leaderId;
  }

  /** Some records of the batch are invalid (KIP-467): each of them gets its own text, the others learn that they are not. */
  #recordsRefused(batch: ProduceBatch, answer: PartitionAnswer, error: KafkaError): void {
    const others = deliveryFailure(batch, 'other records of their batch are invalid', error);
    const own = new Map<number, KafkaError>();
    for (const { batchIndex, batchIndexErrorMessage } of answer.recordErrors) {
      const text = batchIndexErrorMessage ?? answer.errorMessage ?? 'no reason given';
      own.set(batchIndex, deliveryFailure(batch, `the broker calls the record invalid (${text})`, error));
    }
    this.#outcome.fail(batch, 'invalid', error, (index) => own.get(index) ?? others);
  }
}

function isProduceResponse(response: unknown): response is ProduceResponse {
  return typeof response === 'object' && response !== null;
}

/** The one of that partition, out of those that have no answer yet. */
function takeBatch(open: (ProduceBatch | null)[], topic: string, partition: number): ProduceBatch | null {
  for (let at = 0; at < open.length; at++) {
    const batch = open[at];
    if (batch?.queue.partition !== partition || batch.queue.topic !== topic) continue;
    open[at] = null;
    return batch;
  }
  return null;
}
