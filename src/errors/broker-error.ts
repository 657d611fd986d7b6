import { KafkaError, type KafkaErrorInit } from './kafka-error.js';
import { brokerErrorCodes, type BrokerErrorEntry } from './broker-error-codes.js';

const unknown: BrokerErrorEntry = {
  name: 'UNKNOWN_SERVER_ERROR',
  retriable: false,
  message: 'Unexpected broker error',
};

/** Name, retriability and text of a broker error code; unknown codes read as UNKNOWN_SERVER_ERROR. */
export function brokerErrorEntry(errorCode: number): BrokerErrorEntry {
  return brokerErrorCodes[errorCode] ?? unknown;
}

/** An error code that a broker answered, with its name from Kafka's own table. @public */
export class BrokerError extends KafkaError {
  readonly code: string = 'ERR_KAFKA_BROKER';
  /** Its number in the protocol guide. */
  readonly errorCode: number;
  /** Kafka's name in upper snake case, `NOT_LEADER_OR_FOLLOWER`. */
  readonly errorName: string;
  constructor(errorCode: number, context?: string, init: KafkaErrorInit = {}) {
    const entry = brokerErrorEntry(errorCode);
    super(`${context === undefined ? '' : `${context}: `}${entry.name} (${String(errorCode)}), ${entry.message}`, {
      retriable: entry.retriable,
      ...init,
    });
    this.errorCode = errorCode;
    this.errorName = entry.name;
  }
}
