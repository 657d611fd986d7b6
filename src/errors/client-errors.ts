import { KafkaError, type KafkaErrorInit } from './kafka-error.js';

/** The broker refused the credentials or the TLS handshake; never retried. @public */
export class AuthenticationError extends KafkaError {
  readonly code: string = 'ERR_KAFKA_AUTHENTICATION';
  constructor(message: string, init: KafkaErrorInit = {}) {
    super(message, { fatal: true, ...init });
  }
}

/** A record that was not delivered. @public */
export class DeliveryError extends KafkaError {
  readonly code: string = 'ERR_KAFKA_DELIVERY';
  /** True when the broker may hold the record all the same: sending it again can duplicate it. */
  readonly mayHaveBeenWritten: boolean;
  constructor(message: string, init: KafkaErrorInit & { readonly mayHaveBeenWritten: boolean }) {
    super(init.mayHaveBeenWritten ? `${message}; it may have been written` : message, init);
    this.mayHaveBeenWritten = init.mayHaveBeenWritten;
  }
}

/** A record that can never fit; both sizes and the limit are in the text. @public */
export class RecordTooLargeError extends DeliveryError {
  override readonly code: string = 'ERR_KAFKA_RECORD_TOO_LARGE';
}

/** Group membership failed for good. @public */
export class GroupError extends KafkaError {
  readonly code: string = 'ERR_KAFKA_GROUP';
  constructor(message: string, init?: KafkaErrorInit) {
    super(message, init);
  }
}

/** No committed offset, or an offset out of range, under `autoOffsetReset: 'none'`. @public */
export class OffsetResetError extends KafkaError {
  readonly code: string = 'ERR_KAFKA_OFFSET_RESET';
  constructor(message: string, init: KafkaErrorInit = {}) {
    super(message, { fatal: true, ...init });
  }
}

/** The user's `offsetStore` failed; what it threw is the cause. @public */
export class OffsetStoreError extends KafkaError {
  readonly code: string = 'ERR_KAFKA_OFFSET_STORE';
  constructor(message: string, init: KafkaErrorInit = {}) {
    super(message, { fatal: true, ...init });
  }
}

/** A transaction failed: `abortable` ends the transaction, otherwise the producer was fenced and is finished. @public */
export class TransactionError extends KafkaError {
  readonly code: string = 'ERR_KAFKA_TRANSACTION';
  /** Only the transaction is over; else the producer is. */
  readonly abortable: boolean;
  constructor(message: string, init: KafkaErrorInit & { readonly abortable: boolean }) {
    super(message, { fatal: !init.abortable, ...init });
    this.abortable = init.abortable;
  }
}

/** A deserializer failed. Keeps what is needed to look at the record, or to park it. @public */
export class DeserializationError extends KafkaError {
  readonly code: string = 'ERR_KAFKA_DESERIALIZATION';
  /** Which of the two failed. */
  readonly part: 'key' | 'value';
  /** Undecoded bytes of the key, null for none. */
  readonly keyBytes: Uint8Array | null;
  /** Undecoded bytes of the value, null for a tombstone. */
  readonly valueBytes: Uint8Array | null;
  constructor(
    message: string,
    init: KafkaErrorInit & {
      readonly part: 'key' | 'value';
      readonly keyBytes: Uint8Array | null;
      readonly valueBytes: Uint8Array | null;
    },
  ) {
    super(message, init);
    this.part = init.part;
    this.keyBytes = init.keyBytes;
    this.valueBytes = init.valueBytes;
  }
}

/** A handler or a drain did not end in time. @public */
export class TimeoutExpiredError extends KafkaError {
  readonly code: string = 'ERR_KAFKA_TIMEOUT';
  constructor(message: string, init?: KafkaErrorInit) {
    super(message, init);
  }
}
