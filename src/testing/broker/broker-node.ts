import { FetchSessions } from './fetch-session.js';
import { type BrokerConnection } from './wire/broker-connection.js';

/** Running; stopped without closing anything (SIGSTOP); gone. @public */
export type BrokerState = 'running' | 'paused' | 'down';

/** One broker of the cluster. @internal */
export class BrokerNode {
  readonly id: number;
  readonly host: string;
  port: number;
  readonly rack: string | null;
  readonly sessions: FetchSessions = new FetchSessions();
  readonly connections: Set<BrokerConnection> = new Set<BrokerConnection>();
  /** Cut off: bytes to and from clients are lost, and the other brokers do not reach it. */
  isolated = false;
  #state: BrokerState = 'running';
  readonly #listeners = new Set<(state: BrokerState) => void>();

  constructor(id: number, host: string, port: number, rack: string | null) {
    this.id = id;
    this.host = host;
    this.port = port;
    this.rack = rack;
  }

  get state(): BrokerState {
    return this.#state;
  }

  /** The other brokers reach it. */
  get reachable(): boolean {
    return this.#state === 'running' && !this.isolated;
  }

  set(state: BrokerState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  onState(listener: (state: BrokerState) => void): void {
    this.#listeners.add(listener);
  }
}
