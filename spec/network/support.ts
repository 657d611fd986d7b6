import type { KafkaError } from '../../src/errors/kafka-error.js';
import { type CloseReason, Connection, type ConnectionTarget } from '../../src/network/connection.js';
import type { Api, Input } from '../../src/protocol/api.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { VirtualRuntime } from '../support/virtual-runtime.js';

/** How a call ended, and when. */
export interface Outcome {
  at: number;
  error: KafkaError | null;
  body: unknown;
}

/** One connection to one scripted broker. */
export class ConnectionBench {
  readonly runtime: VirtualRuntime = new VirtualRuntime();
  readonly broker: ScriptedBroker = new ScriptedBroker(this.runtime, 9092);
  readonly log: string[] = [];
  closedBy: KafkaError | null = null;
  reason: CloseReason | null = null;
  connection!: Connection;

  dial(target: Partial<ConnectionTarget> = {}): this {
    const full = { host: 'broker', port: 9092, tls: null, clientId: 'me', connectTimeoutMs: 10_000, idleMs: 540_000 };
    this.connection = new Connection(
      this.runtime,
      { ...full, ...target },
      {
        ready: () => this.log.push(`ready ${this.runtime.now()}`),
        throttled: (ms) => this.log.push(`throttled ${ms}`),
        closed: (error, reason) => {
          this.log.push(`closed ${reason}`);
          this.closedBy = error;
          this.reason = reason;
        },
      },
    );
    return this;
  }

  ready(): this {
    this.dial();
    this.runtime.until('ready', () => this.connection.state === 'ready');
    return this;
  }

  send<Req, Res>(api: Api<Req, Res>, body: Input<Req>, timeoutMs = 30_000): Outcome {
    const outcome: Outcome = { at: -1, error: null, body: null };
    const version = this.connection.versions!.choose(api);
    this.connection.send(api, version, body, this.runtime.now() + timeoutMs, (error, answer) => {
      Object.assign(outcome, { at: this.runtime.now(), error, body: answer });
      this.log.push(`done ${api.name}`);
    });
    return outcome;
  }
}
