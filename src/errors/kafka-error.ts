const brand = Symbol.for('rx-kafka.KafkaError');

/** Facts of an error, all optional. @public */
export interface KafkaErrorInit {
  /** What led to it. */
  readonly cause?: unknown;
  /** The same call may succeed later. */
  readonly retriable?: boolean | undefined;
  /** Ends the client that raised it. */
  readonly fatal?: boolean | undefined;
  /** Node id, or `host:port`, of a broker. */
  readonly broker?: number | string | undefined;
  /** Number of a request in the protocol guide. */
  readonly apiKey?: number | undefined;
  /** Name of a topic. */
  readonly topic?: string | undefined;
  /** Counted from 0. */
  readonly partition?: number | undefined;
  /** Offset of a record. */
  readonly offset?: number | undefined;
}

/**
 * Base of everything this library throws or sends down an error channel. `code` is stable; compare it, or use
 * `KafkaError.is`, which also holds across two copies of the package.
 * @public
 */
export abstract class KafkaError extends Error {
  /** The kind of error, `ERR_KAFKA_` and a name. */
  abstract readonly code: string;
  /** The same call may succeed later. */
  readonly retriable: boolean;
  /** Ends the client that raised it. */
  readonly fatal: boolean;
  /** Node id, or `host:port` before that is known, of the broker it is about. */
  readonly broker: number | string | undefined;
  /** Number of the request in the protocol guide. */
  readonly apiKey: number | undefined;
  /** The topic it is about. */
  readonly topic: string | undefined;
  /** The partition it is about. */
  readonly partition: number | undefined;
  /** The record it is about. */
  readonly offset: number | undefined;

  protected constructor(message: string, init: KafkaErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.retriable = init.retriable ?? false;
    this.fatal = init.fatal ?? false;
    this.broker = init.broker;
    this.apiKey = init.apiKey;
    this.topic = init.topic;
    this.partition = init.partition;
    this.offset = init.offset;
    this.name = new.target.name;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Whether it is an error of this library, of any copy of it. */
  static is(x: unknown): x is KafkaError {
    return typeof x === 'object' && x !== null && (x as Record<symbol, unknown>)[brand] === true;
  }
}
