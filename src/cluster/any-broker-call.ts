import { ConnectionError, RequestTimeoutError } from '../errors/connection-error.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { ProtocolDecodeError } from '../errors/protocol-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { type Api } from '../protocol/api.js';
import { backoffMs } from '../runtime/backoff.js';
import { Timer } from '../runtime/timer.js';
import { type Body, type CallOptions } from './channel-pool.js';
import { type Channel } from './channel.js';

/** Whom a call for any broker may go to. */
export interface Candidates {
  /** Brokers by id, from metadata; in an order of its own for each call. */
  known(): readonly Channel[];
  /** The bootstrap servers, likewise. */
  seeds(): readonly Channel[];
}

export interface AnyCallPace {
  readonly requestTimeoutMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
}

/** A broker that has not answered by then is not waited for alone. */
const patienceMs = 1000;

/**
 * One call that any broker can answer: connected brokers first, then the others, then the bootstrap servers; when all have
 * failed, again after a back-off, until the deadline. Only connection trouble moves it on, an answer is an answer.
 *
 * Race: a broker that hangs keeps its connections open, and nothing but the request timeout would tell. A member that waited
 * that long for its coordinator's name would lose its session. So after `patienceMs` another broker is asked as well, and the
 * first answer counts; the slow one keeps its own deadline, which is what ends its connection.
 */
export class AnyBrokerCall<Req, Res> {
  readonly #runtime: Runtime;
  readonly #candidates: Candidates;
  readonly #pace: AnyCallPace;
  readonly #api: Api<Req, Res>;
  readonly #body: Body<Req>;
  readonly #options: CallOptions;
  readonly #done: Done<Res>;
  readonly #deadline: number;
  readonly #timer: Timer;
  /** Of this round. */
  readonly #tried: Set<number> = new Set<number>();
  #rounds = 0;
  #lastError: KafkaError | null = null;
  /** Out, by node. */
  readonly #calls: Map<number, Cancel> = new Map<number, Cancel>();
  #release: Cancel | null;
  #ended = false;

  constructor(
    runtime: Runtime,
    candidates: Candidates,
    pace: AnyCallPace,
    api: Api<Req, Res>,
    body: Body<Req>,
    options: CallOptions,
    done: Done<Res>,
  ) {
    this.#runtime = runtime;
    this.#candidates = candidates;
    this.#pace = pace;
    this.#api = api;
    this.#body = body;
    this.#options = options;
    this.#done = done;
    this.#deadline = runtime.now() + (options.timeoutMs ?? pace.requestTimeoutMs);
    this.#release = options.background === true ? null : (runtime.keepAlive?.() ?? null);
    this.#timer = new Timer(runtime, () => {
      this.#next();
    });
    this.#next();
  }

  cancel(): void {
    if (this.#ended) return;
    this.#end();
  }

  /** From outside, when the owner closes. */
  fail(error: KafkaError): void {
    if (this.#ended) return;
    this.cancel();
    this.#done(error, null);
  }

  #next(): void {
    if (this.#ended) return;
    const left = this.#deadline - this.#runtime.now();
    if (left <= 0) {
      // those that are out end at the same deadline, and each knows why
      if (this.#calls.size === 0)
        this.fail(this.#lastError ?? new RequestTimeoutError(`No broker answered ${this.#api.name} in time`));
      return;
    }
    const channel = this.#choose();
    if (channel !== null) this.#ask(channel, left);
    else if (this.#calls.size === 0) this.#pause(left);
    else this.#goRound(left);
  }

  /** Somebody is silent, everybody else has failed: those may be back before the silent one is given up. */
  #goRound(left: number): void {
    this.#tried.clear();
    for (const nodeId of this.#calls.keys()) this.#tried.add(nodeId);
    this.#timer.set(Math.min(patienceMs, left));
  }

  #ask(channel: Channel, left: number): void {
    this.#tried.add(channel.nodeId);
    // this call keeps the process by itself, over all tries
    const options = { ...this.#options, background: true, timeoutMs: Math.min(left, this.#pace.requestTimeoutMs) };
    const cancel = channel.call(this.#api, this.#body, options, (error, response) => {
      this.#calls.delete(channel.nodeId);
      if (this.#ended) return;
      if (error === null) {
        this.#end();
        this.#done(null, response);
      } else if (error instanceof ConnectionError || error instanceof ProtocolDecodeError) {
        this.#lastError = error;
        this.#next();
      } else {
        this.fail(error);
      }
    });
    this.#calls.set(channel.nodeId, cancel);
    this.#timer.set(Math.min(patienceMs, left));
  }

  #choose(): Channel | null {
    const known = this.#candidates.known().filter(({ nodeId }) => !this.#tried.has(nodeId));
    const connected = known.find((channel) => channel.connected);
    if (connected !== undefined) return connected;
    const fresh = known.find((channel) => !channel.backingOff);
    if (fresh !== undefined) return fresh;
    const seeds = this.#candidates.seeds().filter(({ nodeId }) => !this.#tried.has(nodeId));
    return seeds.find((channel) => !channel.backingOff) ?? null;
  }

  /** Everybody was tried, or has just failed for somebody else. */
  #pause(left: number): void {
    // damaged bytes from everyone: waiting does not help
    if (this.#lastError instanceof ProtocolDecodeError && this.#tried.size > 0) {
      this.fail(this.#lastError);
      return;
    }
    this.#tried.clear();
    const { retryBackoffMs, retryBackoffMaxMs } = this.#pace;
    const wait = backoffMs(this.#rounds++, retryBackoffMs, retryBackoffMaxMs, () => this.#runtime.random());
    this.#timer.set(Math.min(wait, left));
  }

  #end(): void {
    this.#ended = true;
    this.#timer.clear();
    for (const cancel of this.#calls.values()) cancel();
    this.#calls.clear();
    this.#release?.();
    this.#release = null;
  }
}
