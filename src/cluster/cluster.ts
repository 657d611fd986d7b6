import type { ConnectionOptions } from 'node:tls';
import { BrokerError } from '../errors/broker-error.js';
import { ErrorCode } from '../errors/broker-error-codes.js';
import { ConnectionError } from '../errors/connection-error.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { ClientClosedError } from '../errors/usage-error.js';
import { type ClientEvent } from '../model/client-event.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Logger, type Runtime } from '../model/runtime.js';
import { type BrokerVersions } from '../network/broker-versions.js';
import { type ConnectionTarget } from '../network/connection.js';
import { type Api } from '../protocol/api.js';
import { findCoordinatorApi } from '../protocol/messages/find-coordinator.js';
import { metadataApi, type MetadataResponse } from '../protocol/messages/metadata.js';
import { hop } from '../runtime/timer.js';
import { AnyBrokerCall } from './any-broker-call.js';
import { type Body, type CallOptions, type ChannelPool } from './channel-pool.js';
import { type ChannelHost } from './channel.js';
import { type CoordinatorType } from './coordinator-lookup.js';
import { Coordinators } from './coordinators.js';
import { Metadata } from './metadata.js';
import { NodePool } from './node-pool.js';
import { type TopicQuestion } from './topic-interest.js';

/** Mechanisms come with an issue of their own; until then a cluster has none. */
export interface SaslOptions {
  readonly mechanism: string;
}

/** Times in milliseconds. */
export interface ClusterOptions {
  readonly bootstrapServers: readonly { readonly host: string; readonly port: number }[];
  readonly clientId: string;
  readonly tls: ConnectionOptions | null;
  readonly sasl: SaslOptions | null;
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  readonly reconnectBackoffMs: number;
  readonly reconnectBackoffMaxMs: number;
  readonly metadataMaxAgeMs: number;
  readonly connectionsMaxIdleMs: number;
  readonly brokerVersionFallback: string | null;
  readonly logger: Logger;
}

/**
 * What the clients of one `Kafka` share: who the brokers are and what they speak, metadata, coordinators, and the control
 * connections. Bootstrap servers are nodes with negative ids, asked while no broker is known or when all of them fail.
 */
export class Cluster {
  readonly runtime: Runtime;
  readonly options: ClusterOptions;
  readonly logger: Logger;
  readonly metadata: Metadata;
  readonly control: ChannelPool;
  readonly #events: (event: ClientEvent) => void;
  readonly #control: NodePool;
  readonly #pools: Set<NodePool> = new Set<NodePool>();
  readonly #calls: Set<{ fail(error: ClientClosedError): void }> = new Set<{ fail(error: ClientClosedError): void }>();
  readonly #coordinators: Coordinators;
  readonly #versions: Map<number, BrokerVersions> = new Map<number, BrokerVersions>();
  #features: BrokerVersions | null = null;
  /** Where the next call for any broker begins to look. */
  #turn: number;
  #closed = false;

  constructor(options: ClusterOptions, runtime: Runtime, events: (event: ClientEvent) => void) {
    this.options = options;
    this.runtime = runtime;
    this.logger = options.logger;
    this.#events = events;
    this.#turn = Math.floor(runtime.random() * 1024);
    this.#control = this.#pool();
    this.control = this.#control;
    this.metadata = new Metadata(runtime, options.logger, options, (question, done) =>
      this.#askMetadata(question, done),
    );
    const { retryBackoffMs, retryBackoffMaxMs } = options;
    this.#coordinators = new Coordinators({
      runtime,
      retryBackoffMs,
      retryBackoffMaxMs,
      ask: (body, minVersion, done) => this.callAny(findCoordinatorApi, body, { minVersion }, done),
      learnBroker: (id, host, port) => {
        this.metadata.learnBroker(id, host, port);
      },
    });
  }

  /** A new pool of connections, which belongs to the caller. The purpose appears in log lines. */
  channels(purpose: string): ChannelPool {
    this.logger.debug({ purpose }, 'New connections');
    return this.#pool();
  }

  /** Any broker will do: goes on to the next one on connection trouble, until its time is up. */
  callAny<Req, Res>(api: Api<Req, Res>, body: Body<Req>, options: CallOptions, done: Done<Res>): Cancel {
    if (this.#closed) {
      return hop(this.runtime, () => {
        done(new ClientClosedError(), null);
      });
    }
    const turn = this.#turn++;
    const candidates = {
      known: () => rotate([...this.metadata.brokers.keys()], turn).map((id) => this.#control.broker(id)),
      seeds: () =>
        rotate(
          this.options.bootstrapServers.map((_, index) => -1 - index),
          turn,
        ).map((id) => this.#control.broker(id)),
    };
    const call = new AnyBrokerCall<Req, Res>(
      this.runtime,
      candidates,
      this.options,
      api,
      body,
      options,
      (error, value) => {
        this.#calls.delete(call);
        done(error, value);
      },
    );
    this.#calls.add(call);
    return () => {
      this.#calls.delete(call);
      call.cancel();
    };
  }

  /** Node id of the coordinator if it is known, else null. */
  knownCoordinator(type: CoordinatorType, key: string): number | null {
    return this.#coordinators.known(type, key);
  }

  /** Node id of the coordinator; tries on until it is found, refused for good, or nobody waits. */
  coordinator(type: CoordinatorType, key: string, done: Done<number>): Cancel {
    return this.#coordinators.find(type, key, done);
  }

  /** Why a look-up that is under way has not found it yet. */
  coordinatorError(type: CoordinatorType, key: string): KafkaError | null {
    return this.#coordinators.lastError(type, key);
  }

  forgetCoordinator(type: CoordinatorType, key: string, nodeId?: number): void {
    this.#coordinators.forget(type, key, nodeId);
  }

  /** Level that the cluster has finalized (KIP-584), 0 when it knows no such feature. */
  finalizedFeature(name: string): number {
    return this.#features?.finalizedFeatures.get(name) ?? 0;
  }

  /** Ends every connection; what is not settled fails with ClientClosedError. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.metadata.close();
    this.#coordinators.close();
    const calls = [...this.#calls];
    this.#calls.clear();
    for (const call of calls) call.fail(new ClientClosedError());
    for (const pool of [...this.#pools]) pool.close();
  }

  #pool(): NodePool {
    const pool = new NodePool(this.#host, (closed) => {
      this.#pools.delete(closed);
    });
    if (this.#closed) pool.close();
    else this.#pools.add(pool);
    return pool;
  }

  get #host(): ChannelHost {
    const { requestTimeoutMs, reconnectBackoffMs, reconnectBackoffMaxMs } = this.options;
    return {
      runtime: this.runtime,
      requestTimeoutMs,
      reconnectBackoffMs,
      reconnectBackoffMaxMs,
      target: (nodeId) => this.#target(nodeId),
      versions: (nodeId) => this.#versions.get(nodeId) ?? null,
      unknownNode: (nodeId) => {
        this.metadata.markStale(`broker ${nodeId} is unknown`);
      },
      connected: (nodeId, { host, port }, versions) => {
        this.#learn(nodeId, versions);
        this.logger.info({ broker: nodeId, host, port }, 'Connected');
        this.#events({ type: 'connected', broker: Math.max(nodeId, -1), host, port });
      },
      disconnected: (nodeId, { host, port }, error) => {
        if (error !== null) {
          this.logger.warn({ broker: nodeId, host, port, error: error.message }, 'Disconnected');
          this.metadata.notReached(error);
          // a bootstrap server that fails says nothing about the brokers
          if (nodeId >= 0) this.metadata.markStale(`connection to ${host}:${port} failed`);
        }
        this.#events({ type: 'disconnected', broker: Math.max(nodeId, -1), host, port, error });
      },
      throttled: (nodeId, throttleTimeMs) => {
        this.logger.debug({ broker: nodeId, throttleTimeMs }, 'Throttled');
        this.#events({ type: 'throttled', broker: Math.max(nodeId, -1), throttleTimeMs });
      },
    };
  }

  #target(nodeId: number): ConnectionTarget | null {
    const { bootstrapServers, clientId, tls, connectTimeoutMs, connectionsMaxIdleMs: idleMs } = this.options;
    const node = nodeId < 0 ? bootstrapServers[-1 - nodeId] : this.metadata.brokers.get(nodeId);
    if (node === undefined) return null;
    return { host: node.host, port: node.port, clientId, tls, connectTimeoutMs, idleMs };
  }

  #learn(nodeId: number, versions: BrokerVersions): void {
    if (nodeId >= 0) this.#versions.set(nodeId, versions);
    if (versions.finalizedFeaturesEpoch >= (this.#features?.finalizedFeaturesEpoch ?? -1)) this.#features = versions;
  }

  #askMetadata({ topics, autoCreate }: TopicQuestion, done: Done<MetadataResponse>): Cancel {
    // null means all topics from v1 on, in v0 the empty list does
    const all = (version: number): null | never[] => (version === 0 ? [] : null);
    return this.callAny(
      metadataApi,
      (version) => ({
        topics: topics === null ? all(version) : topics.map((name) => ({ name })),
        allowAutoTopicCreation: autoCreate || version < 4,
      }),
      { background: true },
      (error, response) => {
        if (response === null) done(error, null);
        else if (response.errorCode !== 0) this.#refusedMetadata(response.errorCode, done);
        else if (response.brokers.length === 0) {
          done(new ConnectionError('A broker that is starting answered metadata without brokers'), null);
        } else {
          done(null, response);
          this.#restSeeds();
        }
      },
    );
  }

  /** Version 13 can tell a client that it knows the wrong cluster (KIP-1102): back to the bootstrap servers. */
  #refusedMetadata(errorCode: number, done: Done<MetadataResponse>): void {
    if (errorCode === ErrorCode.REBOOTSTRAP_REQUIRED) this.metadata.forgetBrokers();
    done(new BrokerError(errorCode, 'Metadata', { apiKey: metadataApi.key, retriable: true }), null);
  }

  /** Brokers are known by id from here on. */
  #restSeeds(): void {
    for (const [index] of this.options.bootstrapServers.entries()) this.#control.peek(-1 - index)?.rest();
  }
}

function rotate<T>(list: readonly T[], by: number): T[] {
  const at = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
