import { ProtocolDecodeError } from '../../../errors/protocol-error.js';
import { Timer } from '../../../runtime/timer.js';
import { apiVersionsApi } from '../../../protocol/messages/api-versions.js';
import { saslHandshakeApi } from '../../../protocol/messages/sasl-handshake.js';
import { saslAuthenticateApi } from '../../../protocol/messages/sasl-authenticate.js';
import { type Input } from '../../../protocol/api.js';
import { type BrokerNode } from '../broker-node.js';
import { type ApiHandler, type Call, type Caller } from '../call.js';
import { type ClusterState } from '../cluster-state.js';
import { code } from '../codes.js';
import { type Interception } from '../controls/control-table.js';
import { checkPlain } from '../plain-users.js';
import { FrameCutter } from './frame-cutter.js';
import { readHead, readRequest, type RequestHead, writeAnswer } from './request-frame.js';
import { type ServerPort } from './server-port.js';

const beforeAuthentication: ReadonlySet<number> = new Set([
  apiVersionsApi.key,
  saslHandshakeApi.key,
  saslAuthenticateApi.key,
]);

/**
 * One connection of a client, handled serially: the next request is looked at when the one before was answered, as a broker
 * does with its muted channels. A long poll or a held JoinGroup holds everything behind it. @internal
 */
export class BrokerConnection implements Caller {
  readonly clientHost: string;
  principal: string | null;
  saslMechanism: string | null = null;
  readonly #cluster: ClusterState;
  readonly #broker: BrokerNode;
  readonly #handlers: ReadonlyMap<number, ApiHandler>;
  readonly #port: ServerPort;
  readonly #cutter: FrameCutter;
  readonly #waiting: Uint8Array[] = [];
  readonly #endListeners = new Set<() => void>();
  /** Answers of a paused broker, sent when it runs again. */
  #held: (readonly Uint8Array[])[] = [];
  #busy = false;
  #pumping = false;
  #ended = false;
  #plainToken = false;

  constructor(
    cluster: ClusterState,
    broker: BrokerNode,
    handlers: ReadonlyMap<number, ApiHandler>,
    port: ServerPort,
    clientHost: string,
  ) {
    this.#cluster = cluster;
    this.#broker = broker;
    this.#handlers = handlers;
    this.#port = port;
    this.clientHost = clientHost;
    this.principal = cluster.settings.users === null ? 'ANONYMOUS' : null;
    this.#cutter = new FrameCutter(
      (frame) => {
        this.#waiting.push(frame);
      },
      () => {
        this.cut();
      },
    );
    broker.connections.add(this);
  }

  get ended(): boolean {
    return this.#ended;
  }

  onEnd(listener: () => void): () => void {
    this.#endListeners.add(listener);
    return () => {
      this.#endListeners.delete(listener);
    };
  }

  /** Bytes of the client arrived. */
  received(bytes: Uint8Array): void {
    // what is sent to a broker that is cut off is lost on the way
    if (this.#ended || this.#broker.isolated) return;
    this.#cutter.push(bytes);
    this.pump();
  }

  /** The client's end is gone, or ours was closed. */
  closed(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cutter.stop();
    this.#waiting.length = 0;
    this.#broker.connections.delete(this);
    for (const listener of [...this.#endListeners]) listener();
  }

  /** Breaks the connection. */
  cut(): void {
    if (this.#ended) return;
    this.#port.reset();
    this.closed();
  }

  /** Closes it behind what was answered. */
  end(): void {
    if (this.#ended) return;
    this.#port.end();
    this.closed();
  }

  /** The broker runs again after a pause. */
  resumed(): void {
    const held = this.#held;
    this.#held = [];
    for (const chunks of held) this.#port.send(chunks);
    this.pump();
  }

  /** Takes the next requests as long as each is answered at once. */
  pump(): void {
    // an answer at once comes back here: the loop goes on, a stack of thousands of requests that were sent ahead would not
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.#busy && !this.#ended && this.#broker.state === 'running') {
        const frame = this.#waiting.shift();
        if (frame === undefined) return;
        this.#busy = true;
        if (this.#plainToken) this.#rawToken(frame);
        else this.#request(frame);
      }
    } finally {
      this.#pumping = false;
    }
  }

  #request(frame: Uint8Array): void {
    try {
      const head = readHead(frame);
      const handler = this.#handlers.get(head.apiKey);
      const range = handler === undefined ? undefined : this.#cluster.lists(handler.api);
      if (handler === undefined || range === undefined || this.#isUnauthenticated(head)) {
        this.cut();
        return;
      }
      if (head.apiVersion < range.min || head.apiVersion > range.max || this.#isRetired(head)) {
        this.#unsupported(handler, head, range);
        return;
      }
      const { clientId, body } = readRequest(handler.api, head.apiVersion, frame);
      const call: Call = {
        api: handler.api,
        version: head.apiVersion,
        clientId,
        body,
        broker: this.#broker,
        cluster: this.#cluster,
        caller: this,
      };
      this.#intercepted(handler, head, call, this.#cluster.controls.decide(call));
    } catch (error) {
      // a broker closes the connection on what it cannot read
      if (!(error instanceof ProtocolDecodeError)) throw error;
      this.cut();
    }
  }

  /** 4.x lists Produce 0 to 2 for the sake of old librdkafka, and refuses them all the same (KIP-896). */
  #isRetired({ apiKey, apiVersion }: RequestHead): boolean {
    return apiKey === 0 && apiVersion < 3 && this.#cluster.settings.brokerVersion.startsWith('4.');
  }

  #isUnauthenticated({ apiKey }: RequestHead): boolean {
    return this.principal === null && !beforeAuthentication.has(apiKey);
  }

  /** ApiVersions of an unknown version is answered with error 35 in v0; anything else ends the connection (KIP-511). */
  #unsupported(handler: ApiHandler, head: RequestHead, { min, max }: { min: number; max: number }): void {
    if (head.apiKey !== apiVersionsApi.key) {
      this.cut();
      return;
    }
    const body = {
      errorCode: code('UNSUPPORTED_VERSION'),
      apiKeys: [{ apiKey: 18, minVersion: min, maxVersion: max }],
    };
    this.#finish(writeAnswer(handler.api, 0, head.correlationId, body), 0);
  }

  #intercepted(handler: ApiHandler, head: RequestHead, call: Call, decision: Interception | null): void {
    if (decision === null) {
      this.#handle(handler, head, call, null);
      return;
    }
    switch (decision.type) {
      case 'answer':
        this.#answer(handler, head, call, decision.body, null);
        return;
      case 'error': {
        const { error } = decision;
        const body = handler.refuse(call.body, typeof error === 'number' ? error : code(error)) as object;
        this.#answer(handler, head, call, body, null);
        return;
      }
      case 'delay':
        if (decision.when === 'after') this.#handle(handler, head, call, decision);
        else {
          this.#later(decision.ms, () => {
            this.#handle(handler, head, call, null);
          });
        }
        return;
      case 'drop':
        if (decision.when === 'after') this.#handle(handler, head, call, decision);
        return;
      case 'cut':
        if (decision.when === 'after') this.#handle(handler, head, call, decision);
        else this.cut();
        return;
      case 'corrupt':
        this.#handle(handler, head, call, decision);
    }
  }

  #handle(handler: ApiHandler, head: RequestHead, call: Call, fate: Interception | null): void {
    let answered = false;
    handler.handle(call, (body) => {
      if (answered) throw new TypeError(`${handler.api.name} was answered twice`);
      answered = true;
      this.#answer(handler, head, call, body as object | null, fate);
    });
  }

  #answer(handler: ApiHandler, head: RequestHead, call: Call, body: object | null, fate: Interception | null): void {
    if (this.#ended) return;
    if (fate?.type === 'drop') return;
    if (fate?.type === 'cut') {
      this.cut();
      return;
    }
    const throttleMs = body === null ? 0 : this.#cluster.controls.throttleMs(handler.api.name);
    const told = throttleMs > 0 ? { ...body, throttleTimeMs: throttleMs } : body;
    const chunks =
      told === null ? null : writeAnswer(handler.api, call.version, head.correlationId, told as Input<unknown>);
    if (fate?.type === 'delay') {
      this.#later(fate.ms, () => {
        this.#finish(chunks, throttleMs);
      });
      return;
    }
    if (fate?.type === 'corrupt' && chunks !== null) {
      const frame = Uint8Array.from(Buffer.concat(chunks));
      this.#cluster.controls.damage(frame);
      this.#finish([frame], throttleMs);
      return;
    }
    this.#finish(chunks, throttleMs);
  }

  #finish(chunks: readonly Uint8Array[] | null, muteMs: number): void {
    if (this.#ended) return;
    if (chunks !== null && !this.#broker.isolated) {
      if (this.#broker.state === 'paused') this.#held.push(chunks);
      else this.#port.send(chunks);
    }
    if (muteMs > 0) {
      this.#later(muteMs, () => {
        this.#next();
      });
    } else this.#next();
  }

  #next(): void {
    this.#busy = false;
    this.pump();
  }

  #later(ms: number, work: () => void): void {
    new Timer(this.#cluster.runtime, () => {
      if (!this.#ended) work();
    }).set(ms);
  }

  /** SaslHandshake v0 was answered: what follows are bare tokens (KIP-43). */
  expectToken(): void {
    this.#plainToken = true;
  }

  #rawToken(frame: Uint8Array): void {
    const user = checkPlain(this.#cluster.settings.users, frame);
    if (user === null) {
      this.cut();
      return;
    }
    this.#plainToken = false;
    this.principal = user;
    this.#finish([new Uint8Array(4)], 0);
  }
}
