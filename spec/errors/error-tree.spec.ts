import * as entry from '../../src/index.js';
import { TransactionError } from '../../src/errors/client-errors.js';
import { Kafka } from '../../src/index.js';

type Facts = Record<string, unknown>;
type ErrorClass = new (...args: never[]) => entry.KafkaError;

const isErrorClass = (value: unknown): value is ErrorClass =>
  typeof value === 'function' && value.prototype instanceof entry.KafkaError;
/** Every concrete class of the entry, with arguments for its constructor. */
const args: Readonly<Record<string, readonly unknown[]>> = {
  InvalidOptionError: ['groupId', undefined, 'Option groupId is bad'],
  ClientClosedError: [],
  MissingCodecError: ['zstd', '@mongodb-js/zstd'],
  BrokerError: [7],
  DeliveryError: ['It failed', { mayHaveBeenWritten: false }],
  RecordTooLargeError: ['It failed', { mayHaveBeenWritten: false }],
  TransactionError: ['It failed', { abortable: true }],
  DeserializationError: ['It failed', { part: 'key', keyBytes: null, valueBytes: null }],
};
const classes: [string, ErrorClass][] = Object.entries(entry).flatMap(([name, value]) =>
  isErrorClass(value) ? [[name, value]] : [],
);
const made = (name: string, Class: ErrorClass): entry.KafkaError =>
  new Class(...((args[name] ?? ['It failed']) as never[]));

describe('[G8, ER1] every exported error', () => {
  it('is there', () => {
    expect(classes.length).toBeGreaterThan(17);
  });

  it.each(classes)('%s is a KafkaError with its own name and a stable code', (name, Class) => {
    const error = made(name, Class);
    expect(error).toBeInstanceOf(entry.KafkaError);
    expect(error).toBeInstanceOf(Error);
    expect(entry.KafkaError.is(error)).toBe(true);
    expect(error.name).toBe(name);
    expect(error.code).toMatch(/^ERR_KAFKA_[A-Z_]+$/u);
    expect([typeof error.retriable, typeof error.fatal]).toEqual(['boolean', 'boolean']);
  });

  it('has a code that no other class has', () => {
    const codes = classes.map(([name, Class]) => made(name, Class).code);
    expect(new Set(codes).size).toBe(codes.length);
  });
});

it('[ER1] KafkaError.is knows the error of another copy of the package, and nothing else', () => {
  const foreign = Object.assign(new Error('of another copy'), { [Symbol.for('rx-kafka.KafkaError')]: true });
  expect(entry.KafkaError.is(foreign)).toBe(true);
  for (const other of [new Error('x'), null, undefined, 'text', { code: 'ERR_KAFKA_USAGE' }]) {
    expect(entry.KafkaError.is(other)).toBe(false);
  }
});

it('keeps cause and facts as fields', () => {
  const cause = new Error('below');
  const facts = { cause, retriable: true, broker: 3, apiKey: 1, topic: 't', partition: 4, offset: 5 };
  expect(new entry.ConnectionClosedError('It broke', facts)).toMatchObject(facts);
});

// the class of aiokafka, the class here, and what else must be true of it
it.each<[string, entry.KafkaError, string, Facts]>([
  ['[ER2] KafkaTimeoutError', new entry.TimeoutExpiredError('x'), 'ERR_KAFKA_TIMEOUT', { fatal: false }],
  ['[ER3] IllegalStateError', new entry.UsageError('x'), 'ERR_KAFKA_USAGE', { retriable: false }],
  ['[ER4] IllegalOperation', new entry.UsageError('x'), 'ERR_KAFKA_USAGE', { retriable: false }],
  [
    '[ER5] UnsupportedVersionError',
    new entry.UnsupportedVersionError('x'),
    'ERR_KAFKA_UNSUPPORTED_VERSION',
    { fatal: true },
  ],
  ['[ER7] ConsumerStoppedError', new entry.ClientClosedError(), 'ERR_KAFKA_CLIENT_CLOSED', { retriable: false }],
  ['[ER8] NoOffsetForPartitionError', new entry.OffsetResetError('x'), 'ERR_KAFKA_OFFSET_RESET', { fatal: true }],
  [
    '[ER9] RecordTooLargeError',
    new entry.RecordTooLargeError('x', { mayHaveBeenWritten: false }),
    'ERR_KAFKA_RECORD_TOO_LARGE',
    { mayHaveBeenWritten: false },
  ],
  ['[ER10] ProducerClosed', new entry.ClientClosedError(), 'ERR_KAFKA_CLIENT_CLOSED', { retriable: false }],
  ['[ER11] ProducerFenced', new TransactionError('x', { abortable: false }), 'ERR_KAFKA_TRANSACTION', { fatal: true }],
  ['[ER12] RequestTimedOutError', new entry.RequestTimeoutError('x'), 'ERR_KAFKA_REQUEST_TIMEOUT', { retriable: true }],
  [
    '[ER16] OffsetOutOfRangeError',
    new entry.OffsetResetError('x', { topic: 't', partition: 1, offset: 9 }),
    'ERR_KAFKA_OFFSET_RESET',
    { topic: 't', partition: 1, offset: 9 },
  ],
  ['[ER18] InvalidMessageError', new entry.CrcMismatchError('x'), 'ERR_KAFKA_CRC_MISMATCH', { fatal: false }],
  ['[ER38] a refused login', new entry.AuthenticationError('x'), 'ERR_KAFKA_AUTHENTICATION', { fatal: true }],
  ['[N18] KafkaConnectionError', new entry.ConnectionError('x'), 'ERR_KAFKA_CONNECTION', { retriable: true }],
  [
    '[N18] UnsupportedCodecError',
    new entry.MissingCodecError('zstd', 'p'),
    'ERR_KAFKA_MISSING_CODEC',
    { codec: 'zstd' },
  ],
  ['[N18] KafkaProtocolError', new entry.ProtocolDecodeError('x'), 'ERR_KAFKA_PROTOCOL_DECODE', { retriable: false }],
])('%s is here %s with the code %s', (_, error, code, facts) => {
  expect(error).toMatchObject({ code, ...facts });
});

it('[G8] bad arguments are KafkaErrors too, thrown at the call', () => {
  const calls: (() => unknown)[] = [
    () => new Kafka({ bootstrapServers: 5 as never }),
    () => new Kafka().consumer({} as never),
    () => new Kafka().producer({ acks: 7 } as never),
  ];
  for (const call of calls) {
    let thrown: unknown = null;
    try {
      call();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(entry.InvalidOptionError);
    expect(entry.KafkaError.is(thrown)).toBe(true);
  }
});
