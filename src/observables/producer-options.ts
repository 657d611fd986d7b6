import {
  boolean,
  callable,
  checkOptions,
  type ForeignNames,
  integer,
  matching,
  memoryBytes,
  milliseconds,
  nonNegativeInt,
  nullable,
  object,
  oneOf,
  type OptionTable,
  positiveBytes,
  positiveMs,
} from '../errors/option-check.js';
import { InvalidOptionError } from '../errors/usage-error.js';
import { type Partitioner } from '../model/producer.js';
import { type Serializer } from '../model/serde.js';

/** Compression of a producer's batches after its options were checked. */
export interface ResolvedCompression {
  readonly type: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  readonly level: number | undefined;
}

/** A producer's options with every default filled in. */
export interface ResolvedProducerOptions {
  readonly keySerializer: Serializer<never> | null;
  readonly valueSerializer: Serializer<never> | null;
  readonly acks: 0 | 1 | 'all';
  readonly enableIdempotence: boolean;
  readonly compression: ResolvedCompression;
  readonly partitioner: Partitioner | null;
  readonly lingerMs: number;
  readonly batchSize: number;
  readonly bufferMemory: number;
  readonly maxBlockMs: number;
  readonly maxRequestSize: number;
  readonly maxInFlightRequests: number;
  readonly deliveryTimeoutMs: number;
  readonly retries: number;
}

/** As they are given, defaults filled in, not yet weighed against each other. */
export type GivenOptions = Omit<ResolvedProducerOptions, 'compression' | 'enableIdempotence' | 'deliveryTimeoutMs'> & {
  readonly compression: ResolvedCompression['type'] | ResolvedCompression;
  readonly enableIdempotence: boolean | null;
  readonly deliveryTimeoutMs: number | null;
};

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
/** Levels that the codecs know; snappy has none. */
const levels: Readonly<Record<string, readonly [min: number, max: number]>> = {
  gzip: [1, 9],
  lz4: [1, 17],
  zstd: [1, 22],
};

/** Java 4.3 defaults of the property of the same name, except batchSize: buffers grow on demand here. */
export const producerTable: OptionTable<GivenOptions> = Object.freeze({
  keySerializer: { kind: nullable(object<Serializer<never>>('serialize')), default: null }, // key.serializer
  valueSerializer: { kind: nullable(object<Serializer<never>>('serialize')), default: null }, // value.serializer
  acks: { kind: oneOf('all', 1, 0), default: 'all' }, // acks
  enableIdempotence: { kind: nullable(boolean), default: null }, // enable.idempotence, true unless acks or retries forbid it
  compression: { kind: matching<GivenOptions['compression']>(compressionText(), isCompression), default: 'none' }, // compression.type
  partitioner: { kind: nullable(callable<Partitioner>()), default: null }, // partitioner.class
  lingerMs: { kind: milliseconds, default: 5 }, // linger.ms
  batchSize: { kind: integer(1, 67108864, 'bytes'), default: 262144 }, // batch.size, 16384 there
  bufferMemory: { kind: memoryBytes, default: 33554432 }, // buffer.memory
  maxBlockMs: { kind: milliseconds, default: 60000 }, // max.block.ms
  maxRequestSize: { kind: positiveBytes, default: 1048576 }, // max.request.size
  maxInFlightRequests: { kind: integer(1, 5), default: 5 }, // max.in.flight.requests.per.connection
  deliveryTimeoutMs: { kind: nullable(positiveMs), default: null }, // delivery.timeout.ms, 120000
  retries: { kind: nonNegativeInt, default: 2147483647 }, // retries
} as const);

const ofKafka = (name: string): string => `it belongs to new Kafka({ ${name} })`;
const transactional = 'transactions have their own factory, kafka.transactionalProducer({ transactionalId })';

/** Names of other clients. */
export const producerForeignNames: ForeignNames = Object.freeze({
  // kafkajs
  createPartitioner: 'partitioner',
  idempotent: 'enableIdempotence',
  transactionTimeout: transactional,
  allowAutoTopicCreation: 'whether a topic is made on first use is up to the broker (auto.create.topics.enable)',
  retry: 'deliveries are retried until deliveryTimeoutMs, see also retries',
  metadataMaxAge: ofKafka('metadataMaxAgeMs'),
  maxBatchSize: 'batchSize',
  brokers: ofKafka('bootstrapServers'),
  // librdkafka and Java
  'request.required.acks': 'acks',
  'queue.buffering.max.ms': 'lingerMs',
  'queue.buffering.max.kbytes': 'did you mean bufferMemory, in bytes',
  'queue.buffering.max.messages': 'the bound is bufferMemory, in bytes',
  'batch.num.messages': 'the bound of a batch is batchSize, in bytes',
  'compression.codec': 'compression',
  'compression.type': 'compression',
  'compression.level': 'the level is part of compression: { type, level }',
  'message.max.bytes': 'maxRequestSize',
  'max.in.flight': 'maxInFlightRequests',
  'max.in.flight.requests.per.connection': 'maxInFlightRequests',
  'message.timeout.ms': 'deliveryTimeoutMs',
  'message.send.max.retries': 'retries',
  'request.timeout.ms': ofKafka('requestTimeoutMs'),
  'transactional.id': transactional,
  'bootstrap.servers': ofKafka('bootstrapServers'),
  'client.id': ofKafka('clientId'),
  'partitioner.class': 'partitioner',
  // aiokafka
  max_batch_size: 'batchSize',
  compression_type: 'compression',
  request_timeout_ms: ofKafka('requestTimeoutMs'),
  client_id: ofKafka('clientId'),
  metadata_max_age_ms: ofKafka('metadataMaxAgeMs'),
  retry_backoff_ms: ofKafka('retryBackoffMs'),
  send_backoff_ms: ofKafka('retryBackoffMs'),
  connections_max_idle_ms: ofKafka('connectionsMaxIdleMs'),
  security_protocol: ofKafka('tls'),
  ssl_context: ofKafka('tls'),
  sasl_mechanism: ofKafka('sasl'),
  sasl_plain_username: ofKafka('sasl'),
  sasl_plain_password: ofKafka('sasl'),
  sasl_kerberos_service_name: ofKafka('sasl'),
  sasl_kerberos_domain_name: ofKafka('sasl'),
  sasl_oauth_token_provider: ofKafka('sasl'),
  api_version: 'versions are negotiated with each broker, there is nothing to set',
  loop: 'there is one event loop, time and chance come from new Kafka({ runtime })',
  transaction_timeout_ms: transactional,
  transactional_id: transactional,
  bootstrap_servers: ofKafka('bootstrapServers'),
  // ours, in the wrong place
  transactionalId: transactional,
  transactionTimeoutMs: transactional,
  requestTimeoutMs: ofKafka('requestTimeoutMs'),
  bootstrapServers: ofKafka('bootstrapServers'),
  clientId: ofKafka('clientId'),
});

/**
 * The options of a producer, checked and with defaults; nothing is dialled before this has passed.
 * @param requestTimeoutMs - of the `Kafka` instance the producer belongs to; deliveryTimeoutMs is checked against it.
 * @throws InvalidOptionError for an unknown option, a wrong value, or options that contradict each other.
 */
export function resolveProducerOptions(options?: unknown, requestTimeoutMs = 30000): ResolvedProducerOptions {
  return weighProducerOptions(
    checkOptions('a producer', options, producerTable, producerForeignNames),
    requestTimeoutMs,
  );
}

/** @throws InvalidOptionError for options that contradict each other. */
export function weighProducerOptions(given: GivenOptions, requestTimeoutMs: number): ResolvedProducerOptions {
  const chosen = given.compression;
  const compression = typeof chosen === 'string' ? { type: chosen, level: undefined } : chosen;
  const shortest = given.lingerMs + requestTimeoutMs;
  if (given.deliveryTimeoutMs !== null && given.deliveryTimeoutMs < shortest) {
    throw new InvalidOptionError(
      'deliveryTimeoutMs',
      given.deliveryTimeoutMs,
      `Option deliveryTimeoutMs must be at least lingerMs + requestTimeoutMs = ${shortest}, got ${given.deliveryTimeoutMs}, or lower requestTimeoutMs of Kafka`,
    );
  }
  if (given.maxRequestSize > given.bufferMemory) {
    throw new InvalidOptionError(
      'bufferMemory',
      given.bufferMemory,
      `Option bufferMemory must be at least maxRequestSize = ${given.maxRequestSize}, or no record of that size would ever fit`,
    );
  }
  return Object.freeze({
    ...given,
    compression: { type: compression.type, level: compression.level },
    enableIdempotence: idempotence(given),
    deliveryTimeoutMs: given.deliveryTimeoutMs ?? Math.max(120000, shortest),
  });
}

/** On unless asked for otherwise, or, when nothing was said of it, unless acks or retries make it impossible (as in Java). */
function idempotence(given: GivenOptions): boolean {
  const possible = given.acks === 'all' && given.retries > 0;
  if (given.enableIdempotence === true && !possible) {
    const [option, value, fix] =
      given.acks === 'all'
        ? (['retries', 0, 'retries above 0'] as const)
        : (['acks', given.acks, "acks: 'all'"] as const);
    throw new InvalidOptionError(
      option,
      value,
      `Option enableIdempotence needs ${fix}, got ${option} ${value}, change one of the two`,
    );
  }
  return given.enableIdempotence ?? possible;
}

function isCompression(value: unknown): boolean {
  if (typeof value === 'string') return codecs.includes(value as ResolvedCompression['type']);
  if (typeof value !== 'object' || value === null) return false;
  const { type, level } = value as Partial<ResolvedCompression>;
  if (type === undefined || type === 'none' || !codecs.includes(type)) return false;
  const range = levels[type];
  return (
    level === undefined || (range !== undefined && Number.isInteger(level) && level >= range[0] && level <= range[1])
  );
}

function compressionText(): string {
  const ranges = Object.entries(levels).map(([type, [min, max]]) => `${type} ${min} to ${max}`);
  return `one of ${codecs.map((name) => JSON.stringify(name)).join(', ')}, or { type, level } with a level of ${ranges.join(', ')}`;
}
