import { KafkaError, type KafkaErrorInit } from './kafka-error.js';

/** The API was used in a way that cannot work; the text says what to do instead. @public */
export class UsageError extends KafkaError {
  readonly code: string = 'ERR_KAFKA_USAGE';
  constructor(message: string, init?: KafkaErrorInit) {
    super(message, init);
  }
}

/** A bad, unknown or contradicting option; thrown synchronously, before any I/O. @public */
export class InvalidOptionError extends UsageError {
  override readonly code: string = 'ERR_KAFKA_INVALID_OPTION';
  /** Its name. */
  readonly option: string;
  /** What was given. */
  readonly value: unknown;
  constructor(option: string, value: unknown, message: string) {
    super(message);
    this.option = option;
    this.value = value;
  }
}

/** The client was closed; aliases of the seed: `ProducerClosed`, `ConsumerStoppedError`. @public */
export class ClientClosedError extends UsageError {
  override readonly code: string = 'ERR_KAFKA_CLIENT_CLOSED';
  constructor(message = 'The client is closed, create a new one') {
    super(message);
  }
}
