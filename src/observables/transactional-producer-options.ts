import {
  checkOptions,
  type ForeignNames,
  integer,
  type OptionTable,
  positiveMs,
  text,
} from '../errors/option-check.js';
import { InvalidOptionError } from '../errors/usage-error.js';
import {
  type GivenOptions,
  producerForeignNames,
  producerTable,
  type ResolvedProducerOptions,
  weighProducerOptions,
} from './producer-options.js';

/** A transactional producer's options with every default filled in. */
export interface ResolvedTransactionalOptions extends ResolvedProducerOptions {
  readonly transactionalId: string;
  readonly transactionTimeoutMs: number;
  readonly slots: number;
}

type Given = GivenOptions & Pick<ResolvedTransactionalOptions, 'transactionalId' | 'transactionTimeoutMs' | 'slots'>;

const table: OptionTable<Given> = Object.freeze({
  ...producerTable,
  transactionalId: { kind: text }, // transactional.id
  transactionTimeoutMs: { kind: positiveMs, default: 10000 }, // transaction.timeout.ms, 60000 there
  slots: { kind: integer(1, 1000, 'a number'), default: 1 }, // how many transactions may be open at once
});

const foreign: ForeignNames = Object.freeze({
  ...producerForeignNames,
  'transactional.id': 'transactionalId',
  transactional_id: 'transactionalId',
  'transaction.timeout.ms': 'transactionTimeoutMs',
  transaction_timeout_ms: 'transactionTimeoutMs',
  transactionTimeout: 'transactionTimeoutMs',
});

/**
 * The options of a transactional producer, checked and with defaults. It is always idempotent.
 * @param requestTimeoutMs - of the `Kafka` instance the producer belongs to
 * @throws InvalidOptionError for an unknown option, a wrong value, or options that contradict each other.
 */
export function resolveTransactionalOptions(options?: unknown, requestTimeoutMs = 30000): ResolvedTransactionalOptions {
  const given = checkOptions('a transactional producer', options, table, foreign);
  const { transactionalId, transactionTimeoutMs, slots } = given;
  if (given.enableIdempotence === false) {
    throw new InvalidOptionError(
      'enableIdempotence',
      false,
      'Option enableIdempotence cannot be false for a transactional producer, which is always idempotent: leave it out',
    );
  }
  const producer = weighProducerOptions({ ...given, enableIdempotence: true }, requestTimeoutMs);
  return Object.freeze({ ...producer, transactionalId, transactionTimeoutMs, slots });
}
