import type { ConnectionOptions } from 'node:tls';
import { type ClusterOptions } from '../cluster/cluster.js';
import {
  checkOptions,
  type ForeignNames,
  matching,
  milliseconds,
  nullable,
  object,
  type OptionTable,
  positiveMs,
  text,
} from '../errors/option-check.js';
import { InvalidOptionError } from '../errors/usage-error.js';
import { type KafkaOptions } from '../model/kafka-options.js';
import { type Logger, type Runtime } from '../model/runtime.js';

interface GivenOptions {
  readonly bootstrapServers: string | readonly string[];
  readonly clientId: string;
  readonly tls: boolean | ConnectionOptions;
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  readonly reconnectBackoffMs: number;
  readonly reconnectBackoffMaxMs: number;
  readonly metadataMaxAgeMs: number;
  readonly connectionsMaxIdleMs: number;
  readonly logger: Logger | null;
  readonly runtime: Runtime | null;
}

const servers = matching<string | readonly string[]>(
  "'host:port', a comma-separated text or a list of them",
  (value) => (typeof value === 'string' ? value.trim() !== '' : isServerList(value)),
);
const tls = matching<boolean | ConnectionOptions>(
  'true, false or the options of tls.connect',
  (value) => typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value)),
);

/** Java 4.3 defaults of the property of the same name unless the comment says otherwise. */
const table: OptionTable<GivenOptions> = Object.freeze({
  bootstrapServers: { kind: servers, default: 'localhost:9092' }, // bootstrap.servers, required there
  clientId: { kind: text, default: 'rx-kafka' }, // client.id
  tls: { kind: tls, default: false }, // security.protocol
  requestTimeoutMs: { kind: positiveMs, default: 30000 }, // request.timeout.ms
  connectTimeoutMs: { kind: positiveMs, default: 10000 }, // socket.connection.setup.timeout.ms
  retryBackoffMs: { kind: milliseconds, default: 100 }, // retry.backoff.ms
  retryBackoffMaxMs: { kind: milliseconds, default: 1000 }, // retry.backoff.max.ms
  reconnectBackoffMs: { kind: milliseconds, default: 50 }, // reconnect.backoff.ms
  reconnectBackoffMaxMs: { kind: milliseconds, default: 1000 }, // reconnect.backoff.max.ms
  metadataMaxAgeMs: { kind: positiveMs, default: 300000 }, // metadata.max.age.ms
  connectionsMaxIdleMs: { kind: positiveMs, default: 540000 }, // connections.max.idle.ms
  logger: { kind: nullable(object<Logger>('debug', 'info', 'warn', 'error')), default: null },
  runtime: { kind: nullable(object<Runtime>('now', 'wallClock', 'random', 'connect')), default: null },
} as const);

const noSasl = 'SASL is not part of this version yet, use a listener without it';

const foreign: ForeignNames = Object.freeze({
  brokers: 'bootstrapServers',
  'bootstrap.servers': 'bootstrapServers',
  bootstrapBrokers: 'bootstrapServers',
  bootstrap_servers: 'bootstrapServers',
  'metadata.broker.list': 'bootstrapServers',
  'client.id': 'clientId',
  client_id: 'clientId',
  ssl: 'tls',
  ssl_context: 'use tls: { ca, cert, key }',
  security_protocol: 'use tls: true',
  'security.protocol': 'use tls: true',
  requestTimeout: 'requestTimeoutMs',
  'request.timeout.ms': 'requestTimeoutMs',
  request_timeout_ms: 'requestTimeoutMs',
  connectionTimeout: 'connectTimeoutMs',
  'socket.connection.setup.timeout.ms': 'connectTimeoutMs',
  retry: 'retries follow retryBackoffMs and retryBackoffMaxMs until the deadline of the call',
  'retry.backoff.ms': 'retryBackoffMs',
  retry_backoff_ms: 'retryBackoffMs',
  metadataMaxAge: 'metadataMaxAgeMs',
  'metadata.max.age.ms': 'metadataMaxAgeMs',
  metadata_max_age_ms: 'metadataMaxAgeMs',
  connections_max_idle_ms: 'connectionsMaxIdleMs',
  'connections.max.idle.ms': 'connectionsMaxIdleMs',
  logLevel: 'pass a logger with its own level',
  logCreator: 'logger',
  groupId: 'it belongs to kafka.consumer({ groupId })',
  sasl: noSasl,
  sasl_mechanism: noSasl,
  sasl_plain_username: noSasl,
  sasl_plain_password: noSasl,
  sasl_kerberos_service_name: noSasl,
  sasl_kerberos_domain_name: noSasl,
  sasl_oauth_token_provider: noSasl,
  api_version: 'versions are negotiated with each broker, there is nothing to set',
  loop: 'there is one event loop, time and chance come from runtime',
});

const silent: Logger = Object.freeze({
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
});

/**
 * The options of `Kafka`, checked and with defaults.
 * @throws InvalidOptionError
 */
export function resolveKafkaOptions(options?: KafkaOptions): { cluster: ClusterOptions; runtime: Runtime | null } {
  const given = checkOptions('Kafka', options ?? {}, table, foreign);
  const { runtime, logger, bootstrapServers, tls: secure, ...rest } = given;
  if (rest.retryBackoffMaxMs < rest.retryBackoffMs) {
    throw new InvalidOptionError(
      'retryBackoffMaxMs',
      rest.retryBackoffMaxMs,
      `Option retryBackoffMaxMs must be at least retryBackoffMs = ${rest.retryBackoffMs}, got ${rest.retryBackoffMaxMs}`,
    );
  }
  return {
    runtime,
    cluster: Object.freeze({
      ...rest,
      bootstrapServers: parseServers(bootstrapServers),
      tls: secure === false ? null : secure === true ? {} : secure,
      sasl: null,
      brokerVersionFallback: null,
      logger: logger ?? silent,
    }),
  };
}

/** `host:port`, `host` (port 9092), `[v6]:port`; several separated by commas. */
export function parseServers(given: string | readonly string[]): { host: string; port: number }[] {
  const list = (typeof given === 'string' ? given.split(',') : given.flatMap((entry) => entry.split(',')))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  return list.map((entry) => {
    const match = /^(?:[a-z_]+:\/\/)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/iu.exec(entry);
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3] ?? 9092);
    if (host === undefined || port < 1 || port > 65535) {
      throw new InvalidOptionError(
        'bootstrapServers',
        entry,
        `Option bootstrapServers has an entry that is not host:port, got ${JSON.stringify(entry)}`,
      );
    }
    return { host, port };
  });
}

function isServerList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === 'string' && entry !== '');
}
