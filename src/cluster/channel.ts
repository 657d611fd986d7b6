import { ConnectionError, ConnectTimeoutError } from '../errors/connection-error.js';
import { KafkaError } from '../errors/kafka-error.js';
import { UnsupportedVersionError } from '../errors/protocol-error.js';
import { ClientClosedError, UsageError } from '../errors/usage-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { type BrokerVersions } from '../network/broker-versions.js';
import { type CloseReason, Connection, type ConnectionTarget } from '../network/connection.js';
import { type Api } from '../protocol/api.js';
import { backoffMs } from '../runtime/backoff.js';
import { hop, Timer } from '../runtime/timer.js';
import { type Body, type BrokerChannel, type CallOptions } from './channel-pool.js';
import { type AnyBody, ChannelCall, WaitingCalls } from './waiting-calls.js';

/** What a channel needs to know of its cluster, and tells it. */
export interface ChannelHost {
  readonly runtime: Runtime;
  readonly requestTimeoutMs: number;
  readonly reconnectBackoffMs: number;
  readonly reconnectBackoffMaxMs: number;
  /** Where the node is now; null when nobody knows such a node. */
  target(nodeId: number): ConnectionTarget | null;
  /** Versions that another connection to the same node has learned. */
  versions(nodeId: number): BrokerVersions | null;
  unknownNode(nodeId: number): void;
  connected(nodeId: number, target: ConnectionTarget, versions: BrokerVersions): void;
  /** @param error - null when it was closed on purpose: it was idle, or its owner is gone */
  disconnected(nodeId: number, target: ConnectionTarget, error: KafkaError | null): void;
  throttled(nodeId: number, throttleTimeMs: number): void;
}

/** One connection at a time to one broker, for calls that may wait for it. */
export class Channel implements BrokerChannel {
  readonly nodeId: number;
  readonly #host: ChannelHost;
  readonly #waiting: WaitingCalls = new WaitingCalls();
  /** Next thing to do for waiting calls: dial, send after throttling, or fail what is overdue. */
  readonly #wake: Timer;
  #connection: Connection | null = null;
  #target: ConnectionTarget | null = null;
  #failures = 0;
  /** Why the last dial failed, for those who run out of time while the next one is under way. */
  #dialError: KafkaError | null = null;
  #dialAfter = Number.NEGATIVE_INFINITY;
  #mutedUntil = Number.NEGATIVE_INFINITY;
  /** Not settled and not cancelled; those that keep the process alive. */
  #open = 0;
  #holding = 0;
  #release: Cancel | null = null;
  #closed = false;

  constructor(nodeId: number, host: ChannelHost) {
    this.nodeId = nodeId;
    this.#host = host;
    this.#wake = new Timer(host.runtime, () => {
      this.#pump();
    });
  }

  get connected(): boolean {
    return this.#connection?.state === 'ready';
  }

  get inFlight(): number {
    return this.#open;
  }

  /** A dial has failed and the next one is not due. */
  get backingOff(): boolean {
    return this.#connection === null && this.#dialAfter > this.#host.runtime.now();
  }

  version(api: Api<unknown, unknown>, maxVersion?: number): number | null {
    const versions = this.#connection?.versions ?? this.#host.versions(this.nodeId);
    return versions === null ? null : versions.choose(api, maxVersion);
  }

  call<Req, Res>(api: Api<Req, Res>, body: Body<Req>, options: CallOptions, done: Done<Res>): Cancel {
    const { runtime, requestTimeoutMs } = this.#host;
    const deadline = runtime.now() + (options.timeoutMs ?? requestTimeoutMs);
    const call = new ChannelCall(api, body as AnyBody, options, deadline, (error, value) => {
      this.#ended(options);
      done(error, value as Res | null);
    });
    this.#begun(options);
    if (this.#closed) this.#failSoon(call, new ClientClosedError());
    else if (this.#waiting.size === 0 && this.#canSend()) this.#send(call);
    else {
      this.#waiting.push(call);
      this.#pump();
    }
    return () => {
      if (call.settled) return;
      call.settled = true;
      this.#waiting.remove(call);
      this.#ended(options);
    };
  }

  /** Not needed for now: the connection ends with its last answer; another call dials again. */
  rest(): void {
    this.#connection?.drain();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake.clear();
    const error = new ClientClosedError();
    for (const call of this.#waiting.takeAll()) this.#failSoon(call, error);
    this.#connection?.destroy(error, 'ended');
  }

  #canSend(): boolean {
    return this.connected && this.#mutedUntil <= this.#host.runtime.now();
  }

  /** Does what can be done for waiting calls now, and comes back when more can be. */
  #pump(): void {
    const { runtime } = this.#host;
    const now = runtime.now();
    for (const call of this.#waiting.takeExpired(now)) this.#failSoon(call, this.#overdue());
    if (this.#waiting.size === 0 || this.#closed) return;
    let again = this.#waiting.earliest();
    if (this.#connection === null) {
      if (this.#dialAfter <= now) this.#dial();
      else again = Math.min(again, this.#dialAfter);
    } else if (this.connected) {
      if (this.#mutedUntil <= now) for (const call of this.#waiting.takeAll()) this.#send(call);
      else again = Math.min(again, this.#mutedUntil);
    }
    if (this.#waiting.size > 0) this.#wake.set(Math.max(0, again - now));
    else this.#wake.clear();
  }

  #dial(): void {
    const target = this.#host.target(this.nodeId);
    if (target === null) {
      const error = new ConnectionError(`Broker ${this.nodeId} is not in the cluster's metadata`, {
        broker: this.nodeId,
      });
      for (const call of this.#waiting.takeAll()) this.#failSoon(call, error);
      this.#host.unknownNode(this.nodeId);
      return;
    }
    this.#target = target;
    this.#connection = new Connection(this.#host.runtime, target, {
      ready: (versions) => {
        this.#failures = 0;
        this.#dialError = null;
        this.#host.connected(this.nodeId, target, versions);
        this.#pump();
      },
      throttled: (ms) => {
        this.#mutedUntil = Math.max(this.#mutedUntil, this.#host.runtime.now() + ms);
        this.#host.throttled(this.nodeId, ms);
      },
      closed: (error, reason) => {
        this.#lost(error, reason);
      },
    });
  }

  #lost(error: KafkaError, reason: CloseReason): void {
    const { runtime, reconnectBackoffMs, reconnectBackoffMaxMs } = this.#host;
    const wasReady = (this.#connection?.versions ?? null) !== null;
    this.#connection = null;
    this.#mutedUntil = Number.NEGATIVE_INFINITY;
    if (reason === 'failed') {
      if (!wasReady) this.#dialError = error;
      const wait = backoffMs(this.#failures++, reconnectBackoffMs, reconnectBackoffMaxMs, () => runtime.random());
      this.#dialAfter = runtime.now() + wait;
    }
    // what waited was not sent: after a failed dial its caller may choose another broker, after a break we dial again
    if (!wasReady) for (const call of this.#waiting.takeAll()) this.#failSoon(call, error);
    if (this.#target !== null && (wasReady || reason === 'failed')) {
      this.#host.disconnected(this.nodeId, this.#target, reason === 'failed' ? error : null);
    }
    if (!this.#closed) this.#pump();
  }

  #send(call: ChannelCall): void {
    const connection = this.#connection!;
    const { api, options, body } = call;
    const version = connection.versions!.choose(api, options.maxVersion, options.minVersion);
    if (version < 0) {
      this.#failSoon(call, this.#unsupported(call));
      return;
    }
    try {
      const content = typeof body === 'function' ? body(version) : body;
      if (options.expectResponse === false) {
        connection.sendOnly(api, version, content, (error) => {
          call.settle(error, true);
        });
      } else {
        connection.send(api, version, content, call.deadline, (error, response) => {
          call.settle(error, response);
        });
      }
    } catch (error) {
      const cause = KafkaError.is(error)
        ? error
        : new UsageError(`${api.name} request cannot be written`, { cause: error });
      this.#failSoon(call, cause);
    }
  }

  #unsupported({ api, options }: ChannelCall): KafkaError {
    const wanted = options.minVersion ?? options.maxVersion ?? api.maxVersion;
    return new UnsupportedVersionError(
      `Broker ${this.nodeId} does not support ${api.name} up to version ${wanted} as it is needed here`,
      { broker: this.nodeId, apiKey: api.key },
    );
  }

  #overdue(): KafkaError {
    const { host, port } = this.#target ?? { host: 'broker', port: this.nodeId };
    const last = this.#dialError;
    const reason = last === null ? '' : `, the last try ended with: ${last.message}`;
    const init = { broker: this.nodeId, cause: last ?? undefined };
    return new ConnectTimeoutError(`No connection to ${host}:${port} in time${reason}`, init);
  }

  #failSoon(call: ChannelCall, error: KafkaError): void {
    hop(this.#host.runtime, () => {
      call.settle(error, null);
    });
  }

  #begun({ background }: CallOptions): void {
    this.#open++;
    if (background !== true && this.#holding++ === 0) this.#release = this.#host.runtime.keepAlive?.() ?? null;
  }

  #ended({ background }: CallOptions): void {
    this.#open--;
    if (background === true || --this.#holding > 0) return;
    this.#release?.();
    this.#release = null;
  }
}
