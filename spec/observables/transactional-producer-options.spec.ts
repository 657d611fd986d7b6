import { Kafka } from '../../src/kafka.js';
import { resolveTransactionalOptions } from '../../src/observables/transactional-producer-options.js';
import { InvalidOptionError } from '../../src/errors/usage-error.js';

const given = { transactionalId: 'a' };
const refusal = (options: object): InvalidOptionError => {
  try {
    resolveTransactionalOptions(options);
  } catch (error) {
    return error as InvalidOptionError;
  }
  throw new Error('accepted');
};

describe('the options of a transactional producer', () => {
  it('[PO20, PO21] have the defaults of a producer and their own, and are always idempotent', () => {
    expect(resolveTransactionalOptions(given)).toMatchObject({
      transactionalId: 'a',
      transactionTimeoutMs: 10_000,
      slots: 1,
      acks: 'all',
      enableIdempotence: true,
      batchSize: 262144,
    });
    expect(resolveTransactionalOptions({ ...given, transactionTimeoutMs: undefined, slots: undefined }).slots).toBe(1);
  });

  it.each([
    [{}, 'transactionalId', /is required/u],
    [{ transactionalId: '' }, 'transactionalId', /non-empty string/u],
    [{ ...given, transactionTimeoutMs: 0 }, 'transactionTimeoutMs', /milliseconds/u],
    [{ ...given, slots: 0 }, 'slots', /from 1 to 1000/u],
    [{ ...given, enableIdempotence: false }, 'enableIdempotence', /always idempotent/u],
    [{ ...given, acks: 1 }, 'acks', /acks: 'all'/u],
    [{ ...given, retries: 0 }, 'retries', /retries above 0/u],
    [{ 'transactional.id': 'a' }, 'transactional.id', /did you mean transactionalId/u],
    [{ transactional_id: 'a' }, 'transactional_id', /did you mean transactionalId/u],
    [{ ...given, 'transaction.timeout.ms': 1 }, 'transaction.timeout.ms', /did you mean transactionTimeoutMs/u],
    [{ ...given, transaction_timeout_ms: 1 }, 'transaction_timeout_ms', /did you mean transactionTimeoutMs/u],
    [{ ...given, transactionTimeout: 1 }, 'transactionTimeout', /did you mean transactionTimeoutMs/u],
    [{ ...given, linger_ms: 1 }, 'linger_ms', /did you mean lingerMs/u],
    [{ ...given, brokers: [] }, 'brokers', /bootstrapServers/u],
  ])('[PO20] refuses %j for its %s', (options, option, message) => {
    const error = refusal(options);
    expect([error.name, error.option]).toEqual(['InvalidOptionError', option]);
    expect(error.message).toMatch(message);
  });

  it('[B100, PO20, G2] belong to a factory of their own: a plain producer has no transactions, and takes no id', async () => {
    const kafka = new Kafka();
    expect(() => kafka.producer({ transactionalId: 'a' } as never)).toThrow(/kafka\.transactionalProducer/u);
    const plain = kafka.producer();
    expect(['transaction', 'beginTransaction'].filter((name) => name in plain)).toEqual([]);
    const transactional = kafka.transactionalProducer(given);
    expect(['write', 'send', 'sendAndWait', 'onReady'].filter((name) => name in transactional)).toEqual([]);
    expect(() => kafka.transactionalProducer({} as never)).toThrow(InvalidOptionError);
    await kafka.close();
  });
});
