import { type KafkaError } from '../errors/kafka-error.js';
import { type Done } from '../model/done.js';
import { type Api } from '../protocol/api.js';
import { type CallOptions } from './channel-pool.js';

/** A body whose type its caller has checked against the API. */
export type AnyBody = Readonly<Record<string, unknown>> | ((version: number) => object);

/** One call of a channel, from `call` until it is settled or cancelled. */
export class ChannelCall {
  readonly api: Api<unknown, unknown>;
  readonly body: AnyBody;
  readonly options: CallOptions;
  /** Runtime.now() by which it is settled. */
  readonly deadline: number;
  settled = false;
  readonly #done: Done<unknown>;

  constructor(api: Api<unknown, unknown>, body: AnyBody, options: CallOptions, deadline: number, done: Done<unknown>) {
    this.api = api;
    this.body = body;
    this.options = options;
    this.deadline = deadline;
    this.#done = done;
  }

  /** Once; later answers are dropped. */
  settle(error: KafkaError | null, value: unknown): void {
    if (this.settled) return;
    this.settled = true;
    if (error === null) this.#done(null, value);
    else this.#done(error, null);
  }
}

/** Calls that wait for a connection or for the end of a throttling, first come, first served. */
export class WaitingCalls {
  #calls: ChannelCall[] = [];

  get size(): number {
    return this.#calls.length;
  }

  push(call: ChannelCall): void {
    this.#calls.push(call);
  }

  remove(call: ChannelCall): void {
    const index = this.#calls.indexOf(call);
    if (index >= 0) this.#calls.splice(index, 1);
  }

  takeAll(): ChannelCall[] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }

  /** Takes those out whose time is up. */
  takeExpired(now: number): ChannelCall[] {
    const expired = this.#calls.filter(({ deadline }) => deadline <= now);
    if (expired.length > 0) this.#calls = this.#calls.filter(({ deadline }) => deadline > now);
    return expired;
  }

  earliest(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { deadline } of this.#calls) if (deadline < earliest) earliest = deadline;
    return earliest;
  }
}
