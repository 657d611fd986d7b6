import type { ConnectionOptions } from 'node:tls';
import {
  ConnectionClosedError,
  ConnectionError,
  ConnectTimeoutError,
  RequestTimeoutError,
} from '../errors/connection-error.js';
import { KafkaError } from '../errors/kafka-error.js';
import { ProtocolDecodeError, UnsupportedVersionError } from '../errors/protocol-error.js';
import { type Runtime, type Transport } from '../model/runtime.js';
import { type Bytes } from '../model/topic-partition.js';
import { type Api, type Input } from '../protocol/api.js';
import { decodeResponse, encodeRequest, readCorrelationId } from '../protocol/headers.js';
import { apiVersionsApi, type ApiVersionsResponse } from '../protocol/messages/api-versions.js';
import { Timer } from '../runtime/timer.js';
import { BrokerVersions } from './broker-versions.js';
import { FrameReader } from './frame-reader.js';
import { foreignPeer } from './peer-hint.js';
import { PendingCalls } from './pending-calls.js';

/** Where a connection goes and how long it may take; times in milliseconds. */
export interface ConnectionTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: ConnectionOptions | null;
  readonly clientId: string;
  readonly connectTimeoutMs: number;
  readonly idleMs: number;
}

/** Broken by the other side or by damage, closed for want of traffic, or ended by its owner. */
export type CloseReason = 'failed' | 'idle' | 'ended';

/** What a connection tells its channel; only `closed` may come in the stack of a call of the channel, of `destroy`. */
export interface ConnectionListener {
  ready(versions: BrokerVersions): void;
  /** The broker wants nothing to be sent for so long (KIP-219). */
  throttled(throttleTimeMs: number): void;
  /** Once; every unanswered call has failed by then. */
  closed(error: KafkaError, reason: CloseReason): void;
}

/**
 * dialing: TCP and TLS, until the first answer. negotiating: versions are being agreed on. (authenticating: SASL will have its
 * place here, between the versions and the first call.) ready: calls may be sent. draining: no more calls, the last answers
 * are awaited. closed: for ever.
 */
export type ConnectionState = 'dialing' | 'ready' | 'draining' | 'closed';

/**
 * One connection to one broker: dial, agree on versions, then requests and their answers in order. SASL belongs between the
 * two, after ApiVersions. A connection that failed in any way is never used again: after a timeout nobody knows which answer
 * the next bytes belong to.
 */
export class Connection {
  state: ConnectionState = 'dialing';
  versions: BrokerVersions | null = null;
  readonly #runtime: Runtime;
  readonly #target: ConnectionTarget;
  readonly #listener: ConnectionListener;
  readonly #transport: Transport;
  readonly #frames: FrameReader;
  readonly #calls: PendingCalls = new PendingCalls();
  readonly #deadline: Timer;
  readonly #idle: Timer;
  #armedFor = Number.POSITIVE_INFINITY;
  #correlationId = 0;
  #lastUsed: number;
  #answered = false;
  #cause: KafkaError | null = null;

  constructor(runtime: Runtime, target: ConnectionTarget, listener: ConnectionListener) {
    this.#runtime = runtime;
    this.#target = target;
    this.#listener = listener;
    this.#lastUsed = runtime.now();
    this.#deadline = new Timer(runtime, () => {
      this.#checkDeadlines();
    });
    this.#idle = new Timer(runtime, () => {
      this.#checkIdle();
    });
    this.#frames = new FrameReader(
      (frame) => {
        this.#frame(frame);
      },
      (error) => {
        this.destroy(error);
      },
    );
    this.#transport = runtime.connect(target.host, target.port, target.tls);
    this.#receive();
    this.#askVersions(Math.min(apiVersionsFirstTry, apiVersionsApi.maxVersion));
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  /**
   * Writes a request. `done` gets its answer, or the error that ended the connection.
   * @throws KafkaError when the body cannot be written in this version
   */
  send<Req, Res>(
    api: Api<Req, Res>,
    version: number,
    body: Input<Req>,
    timeoutMs: number,
    done: (error: KafkaError | null, body: Res | null) => void,
  ): void {
    const correlationId = this.#write(api, version, body);
    const deadline = this.#runtime.now() + timeoutMs;
    this.#calls.add({ api, version, correlationId, deadline, done: done as (e: KafkaError | null, b: unknown) => void });
    if (deadline < this.#armedFor) this.#arm(deadline);
  }

  /** Writes a request that has no answer (Produce with acks 0). */
  sendOnly<Req>(api: Api<Req, unknown>, version: number, body: Input<Req>): void {
    this.#write(api, version, body);
  }

  /** Ends it; unanswered calls fail with this error. */
  destroy(error: KafkaError): void {
    if (this.state === 'closed') return;
    this.#cause = error;
    this.#transport.close();
    this.#ended(error);
  }

  #receive(): void {
    const transport = this.#transport;
    const frames = this.#frames;
    const direct = transport.readInto?.(
      () => frames.next(),
      (length) => {
        this.#lookAtFirst(() => frames.next(), length);
        frames.filled(length);
      },
    );
    if (direct !== true) {
      transport.onBytes((bytes) => {
        this.#lookAtFirst(() => bytes, bytes.length);
        frames.push(bytes);
      });
    }
    transport.onClosed((error) => {
      this.#ended(this.#cause ?? this.#closedBy(error));
    });
  }

  /** The first bytes tell whether this is a Kafka broker at all; taken for a length they would only be absurd. */
  #lookAtFirst(bytes: () => Bytes, length: number): void {
    if (this.#answered || length === 0) return;
    this.#answered = true;
    const foreign = foreignPeer(bytes().subarray(0, length));
    if (foreign !== null) {
      this.destroy(new ConnectionError(`${this.#name} is not a Kafka listener of this kind: ${foreign}`, this.#facts()));
    }
  }

  #closedBy(cause: unknown): KafkaError {
    if (KafkaError.is(cause)) return cause;
    if (cause !== null && cause !== undefined) {
      const text = cause instanceof Error ? cause.message || (cause as { code?: string }).code : 'unknown error';
      return new ConnectionClosedError(`Connection to ${this.#name} failed: ${text ?? 'unknown error'}`, {
        ...this.#facts(),
        cause,
      });
    }
    const hint = this.#answered ? '' : ' before its first answer, the listener may want TLS or SASL';
    return new ConnectionClosedError(`${this.#name} closed the connection${hint}`, this.#facts());
  }

  #askVersions(version: number): void {
    const body = version >= 3 ? clientSoftware : {};
    this.send(apiVersionsApi, version, body, this.#target.connectTimeoutMs, (error, response) => {
      if (error !== null || response === null) return;
      if (response.errorCode === unsupportedVersion && version > 0) {
        const listed = response.apiKeys.find(({ apiKey }) => apiKey === apiVersionsApi.key);
        this.#askVersions(Math.min(listed?.maxVersion ?? 0, version - 1));
      } else {
        this.#agreed(response);
      }
    });
  }

  #agreed(response: ApiVersionsResponse): void {
    if (response.errorCode !== 0) {
      this.destroy(
        new UnsupportedVersionError(`${this.#name} refused ApiVersions with error ${response.errorCode}`, this.#facts()),
      );
      return;
    }
    this.versions = new BrokerVersions(response);
    this.state = 'ready';
    this.#idle.set(this.#target.idleMs);
    this.#listener.ready(this.versions);
  }

  #write<Req>(api: Api<Req, unknown>, version: number, body: Input<Req>): number {
    const correlationId = this.#correlationId;
    const chunks = encodeRequest(api, version, correlationId, this.#target.clientId, body);
    this.#correlationId = (correlationId + 1) & 0x7fffffff;
    this.#lastUsed = this.#runtime.now();
    this.#transport.write(chunks);
    return correlationId;
  }

  #frame(frame: Bytes): void {
    if (this.state === 'closed') return;
    this.#lastUsed = this.#runtime.now();
    const call = this.#calls.take();
    let body: unknown;
    try {
      const correlationId = readCorrelationId(frame);
      if (call?.correlationId !== correlationId) {
        const expected = call === undefined ? 'nothing' : `correlation id ${call.correlationId}`;
        throw new ProtocolDecodeError(`${this.#name} answered correlation id ${correlationId}, waiting for ${expected}`);
      }
      body = decodeResponse(call.api, call.version, frame).body;
    } catch (error) {
      const damage = KafkaError.is(error) ? error : new ProtocolDecodeError('Cannot read an answer', { cause: error });
      this.destroy(damage);
      call?.done(damage, null);
      return;
    }
    call.done(null, body);
  }

  #arm(deadline: number): void {
    this.#armedFor = deadline;
    this.#deadline.set(Math.max(0, deadline - this.#runtime.now()));
  }

  /** Deadlines move on with the answers; the timer only looks again where it was set to. */
  #checkDeadlines(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const earliest = this.#calls.earliest();
    if (earliest === Number.POSITIVE_INFINITY) return;
    if (earliest > this.#runtime.now()) this.#arm(earliest);
    else if (this.state === 'dialing') {
      const { connectTimeoutMs } = this.#target;
      this.destroy(new ConnectTimeoutError(`No connection to ${this.#name} within ${connectTimeoutMs} ms`, this.#facts()));
    } else this.#timedOut(this.#runtime.now());
  }

  /** The calls whose time is up fail as such; the others fail because their connection had to go. */
  #timedOut(now: number): void {
    const expired: string[] = [];
    const calls = [];
    for (let call = this.#calls.take(); call !== undefined; call = this.#calls.take()) {
      if (call.deadline <= now) expired.push(call.api.name);
      calls.push(call);
    }
    const timeout = new RequestTimeoutError(`${this.#name} did not answer ${expired.join(', ')} in time`, this.#facts());
    this.destroy(timeout);
    const gone = new ConnectionClosedError(`Connection to ${this.#name} was given up after a timeout`, {
      ...this.#facts(),
      cause: timeout,
    });
    for (const call of calls) call.done(call.deadline <= now ? timeout : gone, null);
  }

  /** A request that waits is not idle, however long it waits. */
  #checkIdle(): void {
    const idle = this.#runtime.now() - this.#lastUsed;
    if (this.#calls.size > 0) this.#idle.set(this.#target.idleMs);
    else if (idle < this.#target.idleMs) this.#idle.set(this.#target.idleMs - idle);
    else this.destroy(new ConnectionClosedError(`Connection to ${this.#name} was idle`, this.#facts()));
  }

  #ended(error: KafkaError): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#frames.stop();
    this.#deadline.clear();
    this.#idle.clear();
    for (let call = this.#calls.take(); call !== undefined; call = this.#calls.take()) call.done(error, null);
    this.#listener.closed(error);
  }

  get #name(): string {
    return `${this.#target.host}:${this.#target.port}`;
  }
  #facts(): { readonly broker: string } {
    return { broker: this.#name };
  }
}
