import type { ConnectionOptions } from 'node:tls';
import type { Logger, Runtime } from './runtime.js';

/**
 * Options of `Kafka`, shared by its clients. Defaults are those of the Java client's property of the same name; times in
 * milliseconds.
 * @public
 */
export interface KafkaOptions {
  /** `host:port`, several separated by commas or as a list; one live server is enough. @defaultValue 'localhost:9092' */
  readonly bootstrapServers?: string | readonly string[] | undefined;
  /** Shown in the brokers' logs, quotas and metrics. @defaultValue 'rx-kafka' */
  readonly clientId?: string | undefined;
  /** true = TLS with the system's CAs, verification and host name check; or the options of `tls.connect`. @defaultValue false */
  readonly tls?: boolean | ConnectionOptions | undefined;
  /** Longest wait for an answer; then the connection is destroyed. @defaultValue 30000 (request.timeout.ms) */
  readonly requestTimeoutMs?: number | undefined;
  /** Bounds each attempt to connect. @defaultValue 10000 (socket.connection.setup.timeout.ms) */
  readonly connectTimeoutMs?: number | undefined;
  /** Pause before the first new try, doubled with each further one. @defaultValue 100 (retry.backoff.ms) */
  readonly retryBackoffMs?: number | undefined;
  /** The longest pause before another try. @defaultValue 1000 (retry.backoff.max.ms) */
  readonly retryBackoffMaxMs?: number | undefined;
  /** The same between attempts to connect to one broker. @defaultValue 50 (reconnect.backoff.ms) */
  readonly reconnectBackoffMs?: number | undefined;
  /** The longest pause between attempts to connect to one broker. @defaultValue 1000 (reconnect.backoff.max.ms) */
  readonly reconnectBackoffMaxMs?: number | undefined;
  /** Longest time until topics and leaders are asked for again. @defaultValue 300000 (metadata.max.age.ms) */
  readonly metadataMaxAgeMs?: number | undefined;
  /** A connection without traffic is closed after so long. @defaultValue 540000 (connections.max.idle.ms) */
  readonly connectionsMaxIdleMs?: number | undefined;
  /** Where the client's own messages go. @defaultValue silent */
  readonly logger?: Logger | undefined;
  /** Time, chance and sockets; for tests in virtual time. @defaultValue Node's own */
  readonly runtime?: Runtime | undefined;
}
