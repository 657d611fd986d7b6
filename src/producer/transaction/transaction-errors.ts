import { BrokerError, brokerErrorEntry } from '../../errors/broker-error.js';
import { ErrorCode } from '../../errors/broker-error-codes.js';
import { TransactionError } from '../../errors/client-errors.js';
import { UnsupportedVersionError } from '../../errors/protocol-error.js';
import { KafkaError } from '../../errors/kafka-error.js';
import { ClientClosedError } from '../../errors/usage-error.js';

/**
 * What an error code of a transactional request asks for. again: the same request, later. moved: again, at the coordinator
 * that a look-up finds. abort: the transaction can only be aborted. resync: the same, and the coordinator does not know this
 * producer any more, so the abort is a new InitProducerId. fatal: nothing more can be done under this id.
 */
export type Verdict = 'done' | 'again' | 'moved' | 'abort' | 'resync' | 'fatal';

const movedCodes: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  // Kafka 3.7 answers TxnOffsetCommit with 13 when it is about 15 (KAFKA-16439)
  ErrorCode.NETWORK_EXCEPTION,
  ErrorCode.REQUEST_TIMED_OUT,
]);

const fatalCodes: ReadonlySet<number> = new Set([
  ErrorCode.PRODUCER_FENCED,
  ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  ErrorCode.UNSUPPORTED_VERSION,
  ErrorCode.INVALID_TRANSACTION_TIMEOUT,
]);

/** The coordinator has forgotten the transactional id (transactional.id.expiration.ms), or knows another producer id for it. */
const forgottenCodes: ReadonlySet<number> = new Set([
  ErrorCode.INVALID_PRODUCER_ID_MAPPING,
  ErrorCode.UNKNOWN_PRODUCER_ID,
]);

/**
 * Judges an answer. Codes that nobody expects abort: a newer broker may answer anything, and an abort is always safe.
 *
 * INVALID_PRODUCER_EPOCH has two meanings. From a partition's leader or a group coordinator: the transaction coordinator has
 * raised the epoch, because the transaction timed out or because another producer took over; they cannot tell, EndTxn can. From
 * the transaction coordinator itself (which says so up to EndTxn v1 and AddPartitionsToTxn v1): fenced.
 */
export function judge(errorCode: number, by: 'transaction' | 'group' | 'leader'): Verdict {
  if (errorCode === 0) return 'done';
  if (movedCodes.has(errorCode)) return 'moved';
  if (fatalCodes.has(errorCode)) return 'fatal';
  if (errorCode === ErrorCode.INVALID_PRODUCER_EPOCH) return by === 'transaction' ? 'fatal' : 'abort';
  // UNKNOWN_PRODUCER_ID of a leader: its log has lost the producer, the coordinator knows it all the same
  if (errorCode === ErrorCode.UNKNOWN_PRODUCER_ID && by === 'leader') return 'abort';
  if (forgottenCodes.has(errorCode)) return 'resync';
  return brokerErrorEntry(errorCode).retriable ? 'again' : 'abort';
}

/** The same for a failure that is no answer of a broker to this request. */
export function judgeFailure(error: unknown): Verdict {
  if (error instanceof BrokerError) return judge(error.errorCode, 'leader');
  if (error instanceof UnsupportedVersionError || error instanceof ClientClosedError) return 'fatal';
  if (KafkaError.is(error) && error.fatal) return 'fatal';
  return 'abort';
}

/** The transaction can only be aborted, for this reason. */
export function abortable(what: string, cause: unknown): TransactionError {
  return new TransactionError(`${what}${textOf(cause)}; abort the transaction and begin again`, {
    abortable: true,
    cause,
    ...factsOf(cause),
  });
}

/** The producer is finished, for this reason. */
export function finished(transactionalId: string, what: string, cause: unknown): TransactionError {
  const fenced =
    cause instanceof BrokerError &&
    (cause.errorCode === ErrorCode.PRODUCER_FENCED || cause.errorCode === ErrorCode.INVALID_PRODUCER_EPOCH);
  const advice = fenced
    ? `; another producer with transactionalId ${transactionalId} took over, this one is fenced`
    : '; the producer is finished, create a new one';
  return new TransactionError(`${what}${textOf(cause)}${advice}`, { abortable: false, cause, ...factsOf(cause) });
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? `: ${cause.message}` : '';
}

function factsOf(cause: unknown): Partial<Pick<KafkaError, 'broker' | 'apiKey' | 'topic' | 'partition'>> {
  if (!KafkaError.is(cause)) return {};
  const { broker, apiKey, topic, partition } = cause;
  return { broker, apiKey, topic, partition };
}
