import { ErrorCode } from '../errors/broker-error-codes.js';

/**
 * What a partition's error in a Fetch answer asks for:
 * - `refresh`: leader, epoch or topic id of the metadata are old; ask again after a refresh,
 * - `retry`: the broker is busy with itself; ask again,
 * - `position`: the offset is not in the log,
 * - `fatal`: asking again cannot help.
 *
 * Unknown codes are retried: a consumer that stands still for a new code would be worse than one that asks again.
 */
export type FetchTrouble = 'refresh' | 'retry' | 'position' | 'fatal';

const troubles: Readonly<Partial<Record<number, FetchTrouble>>> = {
  [ErrorCode.OFFSET_OUT_OF_RANGE]: 'position',
  [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]: 'refresh',
  [ErrorCode.LEADER_NOT_AVAILABLE]: 'refresh',
  [ErrorCode.NOT_LEADER_OR_FOLLOWER]: 'refresh',
  [ErrorCode.REPLICA_NOT_AVAILABLE]: 'refresh',
  [ErrorCode.KAFKA_STORAGE_ERROR]: 'refresh',
  [ErrorCode.FENCED_LEADER_EPOCH]: 'refresh',
  [ErrorCode.UNKNOWN_TOPIC_ID]: 'refresh',
  [ErrorCode.INCONSISTENT_TOPIC_ID]: 'refresh',
  // the broker is behind our metadata
  [ErrorCode.UNKNOWN_LEADER_EPOCH]: 'retry',
  [ErrorCode.OFFSET_NOT_AVAILABLE]: 'retry',
  [ErrorCode.TOPIC_AUTHORIZATION_FAILED]: 'fatal',
  [ErrorCode.UNSUPPORTED_COMPRESSION_TYPE]: 'fatal',
  [ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT]: 'fatal',
  [ErrorCode.UNSUPPORTED_VERSION]: 'fatal',
  [ErrorCode.INVALID_TOPIC_EXCEPTION]: 'fatal',
};

export function fetchTrouble(errorCode: number): FetchTrouble {
  return troubles[errorCode] ?? 'retry';
}

/** Errors of a whole Fetch answer that only end the session; the next request opens another, at once. */
export function isSessionError(errorCode: number): boolean {
  return (
    errorCode === ErrorCode.FETCH_SESSION_ID_NOT_FOUND ||
    errorCode === ErrorCode.INVALID_FETCH_SESSION_EPOCH ||
    errorCode === ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR
  );
}
