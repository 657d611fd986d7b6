import { ErrorCode } from '../errors/broker-error-codes.js';
import { BrokerError } from '../errors/broker-error.js';
import { DeliveryError, RecordTooLargeError } from '../errors/client-errors.js';
import { ConnectTimeoutError } from '../errors/connection-error.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type PartitionQueue } from './partition-queue.js';
import { type ProduceBatch } from './produce-batch.js';

const leaderCodes: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
]);

const uncertainCodes: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_SERVER_ERROR,
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.NETWORK_EXCEPTION,
  ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  ErrorCode.KAFKA_STORAGE_ERROR,
]);

const sequenceCodes: ReadonlySet<number> = new Set([
  ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ErrorCode.UNKNOWN_PRODUCER_ID,
  ErrorCode.INVALID_PRODUCER_EPOCH,
]);

/** Another broker leads the partition, or the topic is not what metadata said: ask for new metadata. */
export function isLeaderMoved(errorCode: number): boolean {
  return leaderCodes.has(errorCode);
}

/** The broker answered that the batch does not fit the sequence it has seen. Never written. */
export function isSequenceRefusal(errorCode: number): boolean {
  return sequenceCodes.has(errorCode);
}

/** A produce answer after which the records are known not to be in the log. */
export function isDefiniteRefusal(errorCode: number): boolean {
  return !uncertainCodes.has(errorCode);
}

/** A call that failed before anything was written to the broker. */
export function neverSent(error: KafkaError): boolean {
  // a dial that failed; whatever was written fails with one of the subclasses
  return error instanceof ConnectTimeoutError || error.code === 'ERR_KAFKA_CONNECTION';
}

/** May the batch be sent again after this answer? Only the produce path decides so. */
export function isRetriableProduce(error: KafkaError): boolean {
  return error.retriable || (error instanceof BrokerError && isLeaderMoved(error.errorCode));
}

/** What keeps batches of a partition waiting while it has no leader; null when it has one. */
export function leaderMissing(queue: PartitionQueue): BrokerError | null {
  if (queue.hasLeader) return null;
  const { topic, partition } = queue;
  return new BrokerError(ErrorCode.LEADER_NOT_AVAILABLE, `Leader of ${topic}-${partition}`, { topic, partition });
}

/** The batch is larger than the topic or the segment allows. */
export function isTooLarge(errorCode: number): boolean {
  return errorCode === ErrorCode.MESSAGE_TOO_LARGE || errorCode === ErrorCode.RECORD_LIST_TOO_LARGE;
}

/**
 * The error that the records of a batch fail with; authentication and the like stay what they are.
 * @param unanswered - the batch is in flight at this moment
 */
export function deliveryFailure(
  batch: ProduceBatch,
  why: string,
  cause: KafkaError | null,
  unanswered = false,
): KafkaError {
  if (cause?.fatal === true) return cause;
  const { topic, partition } = batch.queue;
  const init = {
    cause: cause ?? undefined,
    topic,
    partition,
    broker: cause?.broker,
    retriable: cause?.retriable ?? false,
    mayHaveBeenWritten: batch.ambiguous || unanswered,
  };
  const reason = cause === null ? '' : `: ${cause.message}`;
  if (cause instanceof BrokerError && isTooLarge(cause.errorCode)) {
    return new RecordTooLargeError(
      `Record of ${batch.wireSize} bytes is larger than max.message.bytes of ${topic} allows${reason}`,
      init,
    );
  }
  return new DeliveryError(`Records of ${topic}-${partition} were not delivered, ${why}${reason}`, init);
}
