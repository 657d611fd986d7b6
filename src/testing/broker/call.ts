import { type Api, type Input } from '../../protocol/api.js';
import { type BrokerNode } from './broker-node.js';
import { type ClusterState } from './cluster-state.js';

/** Who asks: one connection of a client. @internal */
export interface Caller {
  readonly clientHost: string;
  /** Null until SASL has succeeded, `ANONYMOUS` where none is asked for. */
  principal: string | null;
  /** Mechanism agreed in SaslHandshake, while the exchange lasts. */
  saslMechanism: string | null;
  /** Breaks the connection. */
  cut(): void;
  /** Closes it behind what was answered. */
  end(): void;
  /** SaslHandshake v0 was accepted: what follows are bare tokens. */
  expectToken(): void;
  /** The connection has ended: nobody reads an answer. */
  readonly ended: boolean;
  /** Runs when the connection ends. Returns how to forget it. */
  onEnd(listener: () => void): () => void;
}

/** A request as it was read. @internal */
export interface Call<Req = unknown> {
  readonly api: Api<unknown, unknown>;
  readonly version: number;
  readonly clientId: string | null;
  readonly body: Req;
  readonly broker: BrokerNode;
  readonly cluster: ClusterState;
  readonly caller: Caller;
}

/** Answers a call, once, in its stack or later; null: this request has no answer (acks 0). @internal */
export type Answer<Res = unknown> = (body: Input<Res> | null) => void;

/** What one API does. @internal */
export interface ApiHandler<Req = unknown, Res = unknown> {
  readonly api: Api<Req, Res>;
  handle(call: Call<Req>, answer: Answer<Res>): void;
  /** An answer that refuses everything the request asks for with one error. */
  refuse(body: Req, errorCode: number): Input<Res>;
}

/** Keeps the types of request and answer together where handlers are listed. @internal */
export function handler<Req, Res>(
  api: Api<Req, Res>,
  handle: (call: Call<Req>, answer: Answer<NoInfer<Res>>) => void,
  refuse: (body: NoInfer<Req>, errorCode: number) => Input<NoInfer<Res>>,
): ApiHandler<Req, Res> {
  return { api, handle, refuse };
}
