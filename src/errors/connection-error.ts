import { KafkaError, type KafkaErrorInit } from './kafka-error.js';

/** The bytes could not be exchanged with a broker. Retriable: another try may reach it. @public */
export class ConnectionError extends KafkaError {
  readonly code: string = 'ERR_KAFKA_CONNECTION';
  constructor(message: string, init: KafkaErrorInit = {}) {
    super(message, { retriable: true, ...init });
  }
}

/** No connection within `connectTimeoutMs`. @public */
export class ConnectTimeoutError extends ConnectionError {
  override readonly code: string = 'ERR_KAFKA_CONNECT_TIMEOUT';
}

/** No answer within the request's deadline; the connection was destroyed. Whether the broker acted is unknown. @public */
export class RequestTimeoutError extends ConnectionError {
  override readonly code: string = 'ERR_KAFKA_REQUEST_TIMEOUT';
}

/** The connection ended while a request was waiting. @public */
export class ConnectionClosedError extends ConnectionError {
  override readonly code: string = 'ERR_KAFKA_CONNECTION_CLOSED';
}
