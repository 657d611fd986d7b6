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
import { hop, Timer } from '../runtime/timer.js';
import { BrokerVersions } from './broker-versions.js';
import { FrameReader } from './frame-reader.js';
import { dialFailure, foreignPeer, textOf } from './peer-hint.js';
import { type PendingCall, PendingCalls } from './pending-calls.js';
import { VersionExchange } from './version-exchange.js';

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
 * dialing: TCP and TLS, then the agreement on versions. (SASL will be a state of its own here: after the versions, before the
 * first call.) ready: calls may be sent. draining: no more calls, the last answers are awaited. closed: for ever.
 */
export type ConnectionState = 'dialing' | 'ready' | 'draining' | 'closed';

type Answer = (error: KafkaError | null, body: unknown) => void;

/**
 * One connection to one broker: dial, agree on versions, then requests and their answers in order. A connection that failed
 * in any way is never used again: after a timeout nobody knows which answer the next bytes belong to.
 */
export class Connection {
  readonly #runtime: Runtime;
  readonly #target: ConnectionTarget;
  readonly #listener: ConnectionListener;
  readonly #transport: Transport;
  readonly #frames: FrameReader;
  readonly #calls: PendingCalls = new PendingCalls();
  readonly #exchange: VersionExchange = new VersionExchange();
  /** One for all calls; it fires at or before the earliest deadline and then looks. */
  readonly #deadline: Timer;
  readonly #idle: Timer;
  readonly #dialDeadline: number;
  /** Requests without an answer that the socket has not taken yet. */
  #unsent: ((error: KafkaError | null) => void)[] = [];
  #full = false;
  #state: ConnectionState = 'dialing';
  #versions: BrokerVersions | null = null;
  #armedFor = Number.POSITIVE_INFINITY;
  #correlationId = 0;
  #lastUsed: number;
  #answered = false;

  constructor(runtime: Runtime, target: ConnectionTarget, listener: ConnectionListener) {
    this.#runtime = runtime;
    this.#target = target;
    this.#listener = listener;
    this.#lastUsed = runtime.now();
    this.#dialDeadline = this.#lastUsed + target.connectTimeoutMs;
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
        this.#damaged(error);
      },
    );
    this.#transport = runtime.connect(target.host, target.port, target.tls);
    this.#listen();
    this.#askVersions();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Known once it is ready. */
  get versions(): BrokerVersions | null {
    return this.#versions;
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  /**
   * Writes a request. `done` gets its answer, or the error that ended the connection.
   * @param deadline - Runtime.now() by which the answer must be there; passing it ends the connection
   * @throws KafkaError when the body cannot be written in this version
   */
  send<Req, Res>(
    api: Api<Req, Res>,
    version: number,
    body: Input<Req>,
    deadline: number,
    done: (error: KafkaError | null, body: Res | null) => void,
  ): void {
    const correlationId = this.#write(api, version, body);
    this.#calls.add({ api, version, correlationId, deadline, done: done as Answer });
    if (deadline < this.#armedFor) this.#arm(deadline);
  }

  /**
   * Writes a request that has no answer (Produce with acks 0). `done` in a later turn, once the socket has room again: so a
   * caller that waits for it cannot fill the memory.
   * @throws KafkaError when the body cannot be written in this version
   */
  sendOnly<Req>(
    api: Api<Req, unknown>,
    version: number,
    body: Input<Req>,
    done: (error: KafkaError | null) => void,
  ): void {
    this.#write(api, version, body);
    this.#unsent.push(done);
    if (!this.#full && this.#unsent.length === 1) {
      hop(this.#runtime, () => {
        if (!this.#full) this.#taken();
      });
    }
  }

  /** No more calls; it ends when the last answer is there. */
  drain(): void {
    if (this.#state !== 'ready') return;
    this.#state = 'draining';
    this.#endIfDrained();
  }

  /** Ends it now; unanswered calls fail with this error. */
  destroy(error: KafkaError, reason: CloseReason): void {
    if (this.#state === 'closed') return;
    this.#transport.close();
    this.#ended(error, reason);
  }

  #listen(): void {
    const transport = this.#transport;
    const frames = this.#frames;
    const next = (): Bytes => frames.next();
    const direct = transport.readInto?.(next, (length) => {
      if (!this.#answered) this.#lookAtFirst(frames.next().subarray(0, length));
      frames.filled(length);
    });
    if (direct !== true) {
      transport.onBytes((bytes) => {
        if (!this.#answered) this.#lookAtFirst(bytes);
        frames.push(bytes);
      });
    }
    transport.onDrain(() => {
      this.#full = false;
      this.#taken();
    });
    transport.onClosed((error) => {
      this.#ended(this.#closedBy(error), 'failed');
    });
  }

  /** The first bytes tell whether this is a Kafka broker at all; taken for a length they would only be absurd. */
  #lookAtFirst(bytes: Bytes): void {
    this.#answered = true;
    const foreign = foreignPeer(bytes);
    if (foreign === null) return;
    this.destroy(
      new ConnectionError(`${this.#name} is not the Kafka listener we need: ${foreign}`, this.#facts),
      'failed',
    );
  }

  #closedBy(cause: unknown): KafkaError {
    if (this.#versions === null) return dialFailure(this.#name, this.#target.tls !== null, this.#answered, cause);
    const init = { ...this.#facts, cause: cause ?? undefined };
    if (cause === null || cause === undefined)
      return new ConnectionClosedError(`${this.#name} closed the connection`, init);
    return new ConnectionClosedError(`Connection to ${this.#name} failed: ${textOf(cause)}`, init);
  }

  #askVersions(): void {
    const { version, body } = this.#exchange;
    this.send(apiVersionsApi, version, body, this.#dialDeadline, (error, response) => {
      if (error !== null || response === null) return;
      if (this.#exchange.accept(response)) this.#agreed(response);
      else this.#askVersions();
    });
  }

  #agreed(response: ApiVersionsResponse): void {
    if (response.errorCode !== 0) {
      const text = `${this.#name} refused ApiVersions with error ${response.errorCode}`;
      this.destroy(new UnsupportedVersionError(text, this.#facts), 'failed');
      return;
    }
    this.#versions = new BrokerVersions(response);
    this.#state = 'ready';
    this.#idle.set(this.#target.idleMs);
    this.#listener.ready(this.#versions);
  }

  #write<Req>(api: Api<Req, unknown>, version: number, body: Input<Req>): number {
    const correlationId = this.#correlationId;
    const chunks = encodeRequest(api, version, correlationId, this.#target.clientId, body as NoInfer<Input<Req>>);
    this.#correlationId = (correlationId + 1) & 0x7fffffff;
    this.#lastUsed = this.#runtime.now();
    if (!this.#transport.write(chunks)) this.#full = true;
    return correlationId;
  }

  #taken(): void {
    const taken = this.#unsent;
    this.#unsent = [];
    for (const done of taken) done(null);
    this.#endIfDrained();
  }

  #frame(frame: Bytes): void {
    if (this.#state === 'closed') return;
    this.#lastUsed = this.#runtime.now();
    const call = this.#calls.peek();
    let body: unknown;
    try {
      const correlationId = readCorrelationId(frame);
      if (call?.correlationId !== correlationId) {
        this.#mixedUp(correlationId, call);
        return;
      }
      body = decodeResponse(call.api, call.version, frame).body;
    } catch (error) {
      const damage = KafkaError.is(error) ? error : new ProtocolDecodeError('Cannot read an answer', { cause: error });
      this.destroy(damage, 'failed');
      return;
    }
    this.#calls.take();
    this.#throttle(call, body);
    call.done(null, body);
    this.#endIfDrained();
  }

  /** Nobody knows whose answers these are. */
  #mixedUp(correlationId: number, call: PendingCall | undefined): void {
    const expected = call === undefined ? 'none' : call.correlationId;
    const text = `${this.#name} answered correlation id ${correlationId} where ${expected} is due`;
    this.#damaged(new ProtocolDecodeError(text, this.#facts));
  }

  /** A broker that has agreed on versions speaks Kafka: its bytes were damaged on their way, another connection is worth a try. */
  #damaged(error: KafkaError): void {
    this.destroy(this.#versions === null ? error : this.#closedBy(error), 'failed');
  }

  /** A broker before 2.0 has waited itself, which ApiVersions v2 tells apart (KIP-219), also in the answer to ApiVersions itself. */
  #throttle(call: PendingCall, body: unknown): void {
    const { throttleTimeMs } = body as { readonly throttleTimeMs?: number };
    if (throttleTimeMs === undefined || throttleTimeMs <= 0) return;
    const version = this.#versions?.choose(apiVersionsApi) ?? call.version;
    if (version >= 2) this.#listener.throttled(throttleTimeMs);
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
    const now = this.#runtime.now();
    if (earliest > now) this.#arm(earliest);
    else if (this.#versions === null) {
      const text = `No connection to ${this.#name} within ${this.#target.connectTimeoutMs} ms`;
      this.destroy(new ConnectTimeoutError(text, this.#facts), 'failed');
    } else this.#timedOut(now);
  }

  /** The calls whose time is up fail as such; the others fail because their connection had to go. */
  #timedOut(now: number): void {
    const expired = this.#calls.expired(now);
    const names = [...new Set(expired.map(({ api }) => api.name))].join(', ');
    const timeout = new RequestTimeoutError(`${this.#name} did not answer ${names} in time`, this.#facts);
    const init = { ...this.#facts, cause: timeout };
    const gone = new ConnectionClosedError(`Connection to ${this.#name} was given up after a timeout`, init);
    this.#transport.close();
    this.#ended(gone, 'failed', (call) => (call.deadline <= now ? timeout : gone));
  }

  /** A request that waits is not idle, however long it waits. */
  #checkIdle(): void {
    const idle = this.#runtime.now() - this.#lastUsed;
    const { idleMs } = this.#target;
    if (this.#calls.size > 0 || this.#unsent.length > 0) this.#idle.set(idleMs);
    else if (idle < idleMs) this.#idle.set(idleMs - idle);
    else this.destroy(new ConnectionClosedError(`Connection to ${this.#name} was idle`, this.#facts), 'idle');
  }

  #endIfDrained(): void {
    if (this.#state !== 'draining' || this.#calls.size > 0 || this.#unsent.length > 0) return;
    this.destroy(new ConnectionClosedError(`Connection to ${this.#name} is not needed any more`, this.#facts), 'ended');
  }

  #ended(error: KafkaError, reason: CloseReason, errorOf?: (call: PendingCall) => KafkaError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#frames.stop();
    this.#deadline.clear();
    this.#idle.clear();
    for (let call = this.#calls.take(); call !== undefined; call = this.#calls.take()) {
      call.done(errorOf?.(call) ?? error, null);
    }
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const done of unsent) done(error);
    this.#listener.closed(error, reason);
  }

  get #name(): string {
    return `${this.#target.host}:${this.#target.port}`;
  }

  get #facts(): { readonly broker: string } {
    return { broker: this.#name };
  }
}
