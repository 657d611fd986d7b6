const brand = Symbol.for('rx-kafka.KafkaError');

/** Facts of an error, all optional. @public */
export interface KafkaErrorInit {
  readonly cause?: unknown;
  readonly retriable?: boolean | undefined;
  readonly fatal?: boolean | undefined;
  readonly broker?: number | string | undefined;
  readonly apiKey?: number | undefined;
  readonly topic?: string | undefined;
  readonly partition?: number | undefined;
  readonly offset?: number | undefined;
}

/**
 * Base of everything this library throws or sends down an error channel. `code` is stable; compare it, or use
 * `KafkaError.is`, which also holds across two copies of the package.
 * @public
 */
export abstract class KafkaError extends Error {
  abstract readonly code: string;
  /** The same call may succeed later. */
  readonly retriable: boolean;
  /** Ends the client that raised it. */
  readonly fatal: boolean;
  readonly broker: number | string | undefined;
  readonly apiKey: number | undefined;
  readonly topic: string | undefined;
  readonly partition: number | undefined;
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

  static is(x: unknown): x is KafkaError {
    return typeof x === 'object' && x !== null && (x as Record<symbol, unknown>)[brand] === true;
  }
}
