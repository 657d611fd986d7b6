import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchTrouble } from '../../src/consumer/fetch-errors.js';
import { brokerErrorCodes, ErrorCode } from '../../src/errors/broker-error-codes.js';
import { BrokerError } from '../../src/errors/broker-error.js';
import { isLeaderMoved } from '../../src/producer/produce-failure.js';
import { projectRoot } from '../support/project-root.js';

/** What the Java client 4.3 says of every code, see scripts/errors/WriteErrors.java. */
const java = JSON.parse(
  readFileSync(join(projectRoot(), 'spec', 'goldens', 'errors', 'java-errors.json'), 'utf8'),
) as readonly (readonly [code: number, name: string, retriable: boolean, oldMetadata: boolean])[];

it('[ER54] has every code of the Java client by its name, and no other', () => {
  expect(java.length).toBeGreaterThan(130);
  const ours = Object.entries(brokerErrorCodes).map(([code, { name }]) => [Number(code), name]);
  expect(ours.sort(([a], [b]) => Number(a) - Number(b))).toEqual(java.map(([code, name]) => [code, name]));
  expect(Object.entries(ErrorCode).map(([name, code]) => [code, name])).toEqual(
    expect.arrayContaining(java.filter(([code]) => code > 0).map(([code, name]) => [code, name])),
  );
});

it('[ER53] calls retriable what the Java client retries', () => {
  for (const [code, name, retriable] of java)
    expect([name, brokerErrorCodes[code]!.retriable]).toEqual([name, retriable]);
});

it('[ER53] takes metadata for old where the Java client does, when producing and when fetching', () => {
  // answers to ElectLeaders, and what the Java client says of itself: no partition answers them
  const elsewhere = new Set([13, 72, 80, 83, 84]);
  for (const [code, name, , oldMetadata] of java) {
    if (!oldMetadata || elsewhere.has(code)) continue;
    // a replica is asked for fetches alone
    if (name !== 'REPLICA_NOT_AVAILABLE') expect([name, isLeaderMoved(code)]).toEqual([name, true]);
    expect([name, fetchTrouble(code)]).toEqual([name, 'refresh']);
  }
});

it('[ER53] reads an unknown code as UNKNOWN_SERVER_ERROR, keeps its number, and does not call it retriable', () => {
  expect(new BrokerError(4711, 'Fetch')).toMatchObject({
    errorCode: 4711,
    errorName: 'UNKNOWN_SERVER_ERROR',
    retriable: false,
    message: 'Fetch: UNKNOWN_SERVER_ERROR (4711), Unexpected broker error',
  });
});

// the class name of aiokafka, the code, and what it is called here
it.each([
  ['[ER5] UnsupportedVersionError', 35, 'UNSUPPORTED_VERSION'],
  ['[ER12] RequestTimedOutError', 7, 'REQUEST_TIMED_OUT'],
  ['[ER13] NotEnoughReplicasError', 19, 'NOT_ENOUGH_REPLICAS'],
  ['[ER14] NotEnoughReplicasAfterAppendError', 20, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'],
  ['[ER15] TopicAuthorizationFailedError', 29, 'TOPIC_AUTHORIZATION_FAILED'],
  ['[ER16] OffsetOutOfRangeError', 1, 'OFFSET_OUT_OF_RANGE'],
  ['[ER17] CorruptRecordException', 2, 'CORRUPT_MESSAGE'],
  ['[ER18] InvalidMessageError', 2, 'CORRUPT_MESSAGE'],
  ['[ER19] CoordinatorLoadInProgressError', 14, 'COORDINATOR_LOAD_IN_PROGRESS'],
  ['[ER20] GroupLoadInProgressError', 14, 'COORDINATOR_LOAD_IN_PROGRESS'],
  ['[ER21] CoordinatorNotAvailableError', 15, 'COORDINATOR_NOT_AVAILABLE'],
  ['[ER22] GroupCoordinatorNotAvailableError', 15, 'COORDINATOR_NOT_AVAILABLE'],
  ['[ER23] NotCoordinatorError', 16, 'NOT_COORDINATOR'],
  ['[ER24] NotCoordinatorForGroupError', 16, 'NOT_COORDINATOR'],
  ['[ER25] OutOfOrderSequenceNumber', 45, 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
  ['[ER26] DuplicateSequenceNumber', 46, 'DUPLICATE_SEQUENCE_NUMBER'],
  ['[ER27] InvalidProducerEpoch', 47, 'INVALID_PRODUCER_EPOCH'],
  ['[ER28] InvalidTxnState', 48, 'INVALID_TXN_STATE'],
  ['[ER29] InvalidProducerIdMapping', 49, 'INVALID_PRODUCER_ID_MAPPING'],
  ['[ER30] InvalidTransactionTimeout', 50, 'INVALID_TRANSACTION_TIMEOUT'],
  ['[ER31] ConcurrentTransactions', 51, 'CONCURRENT_TRANSACTIONS'],
  ['[ER32] TransactionCoordinatorFenced', 52, 'TRANSACTION_COORDINATOR_FENCED'],
  ['[ER33] TransactionalIdAuthorizationFailed', 53, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'],
  ['[ER34] SecurityDisabled', 54, 'SECURITY_DISABLED'],
  ['[ER35] OperationNotAttempted', 55, 'OPERATION_NOT_ATTEMPTED'],
  ['[ER36] KafkaStorageError', 56, 'KAFKA_STORAGE_ERROR'],
  ['[ER37] LogDirNotFound', 57, 'LOG_DIR_NOT_FOUND'],
  ['[ER38] SaslAuthenticationFailed', 58, 'SASL_AUTHENTICATION_FAILED'],
  ['[ER39] UnknownProducerId', 59, 'UNKNOWN_PRODUCER_ID'],
  ['[ER40] ReassignmentInProgress', 60, 'REASSIGNMENT_IN_PROGRESS'],
  ['[ER41] DelegationTokenAuthDisabled', 61, 'DELEGATION_TOKEN_AUTH_DISABLED'],
  ['[ER42] DelegationTokenNotFound', 62, 'DELEGATION_TOKEN_NOT_FOUND'],
  ['[ER43] DelegationTokenOwnerMismatch', 63, 'DELEGATION_TOKEN_OWNER_MISMATCH'],
  ['[ER44] DelegationTokenRequestNotAllowed', 64, 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED'],
  ['[ER45] DelegationTokenAuthorizationFailed', 65, 'DELEGATION_TOKEN_AUTHORIZATION_FAILED'],
  ['[ER46] DelegationTokenExpired', 66, 'DELEGATION_TOKEN_EXPIRED'],
  ['[ER47] InvalidPrincipalType', 67, 'INVALID_PRINCIPAL_TYPE'],
  ['[ER48] NonEmptyGroup', 68, 'NON_EMPTY_GROUP'],
  ['[ER49] GroupIdNotFound', 69, 'GROUP_ID_NOT_FOUND'],
  ['[ER50] FetchSessionIdNotFound', 70, 'FETCH_SESSION_ID_NOT_FOUND'],
  ['[ER51] InvalidFetchSessionEpoch', 71, 'INVALID_FETCH_SESSION_EPOCH'],
  ['[ER52] ListenerNotFound', 72, 'LISTENER_NOT_FOUND'],
] as const)('%s is a BrokerError with code %i, %s', (_, errorCode, errorName) => {
  expect(new BrokerError(errorCode)).toMatchObject({ code: 'ERR_KAFKA_BROKER', errorCode, errorName });
});
