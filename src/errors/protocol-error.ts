import { KafkaError, type KafkaErrorInit } from './kafka-error.js';

/** Bytes that are not what the protocol says; the connection they came from is closed. @public */
export class ProtocolDecodeError extends KafkaError {
  readonly code: string = 'ERR_KAFKA_PROTOCOL_DECODE';
  constructor(message: string, init?: KafkaErrorInit) {
    super(message, init);
  }
}

/** A record batch whose CRC-32C does not match its bytes. @public */
export class CrcMismatchError extends ProtocolDecodeError {
  override readonly code: string = 'ERR_KAFKA_CRC_MISMATCH';
}

/** The broker, or the version agreed with it, cannot do what was asked. @public */
export class UnsupportedVersionError extends KafkaError {
  readonly code: string = 'ERR_KAFKA_UNSUPPORTED_VERSION';
  constructor(message: string, init: KafkaErrorInit = {}) {
    super(message, { fatal: true, ...init });
  }
}

/** A batch is compressed with a codec whose package is not installed; `packageName` says which one is missing. @public */
export class MissingCodecError extends KafkaError {
  readonly code: string = 'ERR_KAFKA_MISSING_CODEC';
  /** Name of the codec, `zstd`. */
  readonly codec: string;
  /** What to install. */
  readonly packageName: string;
  constructor(codec: string, packageName: string, init?: KafkaErrorInit) {
    super(
      `Compression codec ${codec} needs the package ${packageName}, install it with npm install ${packageName}`,
      init,
    );
    this.codec = codec;
    this.packageName = packageName;
  }
}
