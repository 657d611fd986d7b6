import { type Cancel, type Done } from '../model/done.js';
import { type Api, type Input } from '../protocol/api.js';

export interface CallOptions {
  /** From the call on, waiting for the connection included. @defaultValue requestTimeoutMs */
  readonly timeoutMs?: number | undefined;
  readonly maxVersion?: number | undefined;
  readonly minVersion?: number | undefined;
  /** False: the broker sends no answer (Produce with acks 0); done when the bytes were taken by the socket. */
  readonly expectResponse?: boolean | undefined;
  /** Nobody would miss the answer: the process need not stay alive for it. */
  readonly background?: boolean | undefined;
}

/** What goes out; may depend on the version that is used. */
export type Body<Req> = Input<Req> | ((version: number) => Input<Req>);

/** One connection to one broker for one owner and purpose, dialled on demand and again after it broke, with back-off. */
export interface BrokerChannel {
  readonly nodeId: number;
  readonly connected: boolean;
  /** Calls that are neither settled nor cancelled. */
  readonly inFlight: number;
  /** Version that a call would use, -1 unsupported; null while nobody has asked this broker. */
  version(api: Api<unknown, unknown>, maxVersion?: number): number | null;
  /**
   * Waits until connected, then sends. Fails with a plain ConnectionError or ConnectTimeoutError when it was never sent, with
   * ConnectionClosedError or RequestTimeoutError when the broker may have acted. The caller tries again.
   */
  call<Req, Res>(api: Api<Req, Res>, body: Body<Req>, options: CallOptions, done: Done<Res>): Cancel;
}

/** The channels of one owner for one purpose, one per broker. */
export interface ChannelPool {
  broker(nodeId: number): BrokerChannel;
  /** Every call that is not settled fails with ClientClosedError. */
  close(): void;
}
