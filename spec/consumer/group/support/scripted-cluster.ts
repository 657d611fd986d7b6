import type { CallOptions } from '../../../../src/cluster/channel-pool.js';
import type { Cluster } from '../../../../src/cluster/cluster.js';
import { ConnectionClosedError, RequestTimeoutError } from '../../../../src/errors/connection-error.js';
import type { KafkaError } from '../../../../src/errors/kafka-error.js';
import { ClientClosedError } from '../../../../src/errors/usage-error.js';
import type { Done } from '../../../../src/model/done.js';
import type { Api } from '../../../../src/protocol/api.js';
import { Timer } from '../../../../src/runtime/timer.js';
import { FakeRuntime } from '../../../producer/support/fake-runtime.js';

// what a spec reads of a request; each knows the fields of the one it asked for
type Loose = any;

/** One request, waiting for the spec (or the broker of the spec) to answer it. */
export class Call {
  readonly at: number;
  readonly node: number;
  /** Which of the consumer's connections it travels on. */
  readonly purpose: string;
  readonly api: string;
  readonly version: number;
  readonly body: Loose;
  readonly options: CallOptions;
  open = true;
  cancelled = false;
  readonly #runtime: FakeRuntime;
  readonly #done: Done<unknown>;
  readonly #limit: Timer;

  constructor(
    runtime: FakeRuntime,
    where: { node: number; purpose: string },
    api: Api<never, never>,
    body: Loose,
    options: CallOptions,
    done: Done<unknown>,
  ) {
    this.#runtime = runtime;
    this.at = runtime.now();
    this.node = where.node;
    this.purpose = where.purpose;
    this.api = api.name;
    this.version = Math.min(api.maxVersion, options.maxVersion ?? api.maxVersion);
    this.body = typeof body === 'function' ? (body as (version: number) => Loose)(this.version) : body;
    this.options = options;
    this.#done = done;
    this.#limit = new Timer(runtime, () => {
      this.fail(new RequestTimeoutError('scripted timeout'));
    });
    if (options.timeoutMs !== undefined) this.#limit.set(options.timeoutMs);
  }

  /** Answers now, that is in a turn of its own. */
  reply(response: object): void {
    this.#settle(null, { throttleTimeMs: 0, ...response });
  }

  fail(error: KafkaError = new ConnectionClosedError('scripted')): void {
    this.#settle(error, null);
  }

  cancel(): void {
    this.open = false;
    this.#limit.clear();
    this.cancelled = true;
  }

  #settle(error: KafkaError | null, value: object | null): void {
    if (!this.open) return;
    this.open = false;
    this.#limit.clear();
    this.#runtime.scheduler.schedule(() => {
      if (!this.cancelled) this.#done(error, value);
    });
  }
}

/** A cluster without a wire: requests wait in `calls` until they are answered, in virtual time. */
export class ScriptedCluster {
  readonly runtime: FakeRuntime;
  readonly options = { requestTimeoutMs: 30_000, retryBackoffMs: 100, retryBackoffMaxMs: 1000 };
  readonly logger = {
    debug: (): void => undefined,
    info: (): void => undefined,
    warn: (): void => undefined,
    error: (): void => undefined,
  };
  readonly calls: Call[] = [];
  /** Answers requests as they come; without it the spec does. */
  broker: ((call: Call) => void) | null = null;
  /** Who coordinates; an error refuses the look-up; null leaves it unanswered. */
  coordinatorNode: number | KafkaError | null = 1;
  /** An older broker: highest version per api. */
  versions: Readonly<Record<string, number>> = {};
  lookups = 0;
  forgotten = 0;
  poolsClosed: string[] = [];
  readonly retained: string[] = [];
  /** Who needs all topics. */
  retainedAll = 0;
  refreshes = 0;
  /** Metadata answers wait for `answerRefresh`. */
  holdRefresh = false;
  readonly #topics: Map<string, number> = new Map<string, number>();
  readonly #listeners: Set<() => void> = new Set<() => void>();
  readonly #refreshing: Done<true>[] = [];

  constructor(runtime: FakeRuntime = new FakeRuntime(1)) {
    this.runtime = runtime;
  }

  get cluster(): Cluster {
    return this as unknown as Cluster;
  }

  readonly metadata = {
    topic: (name: string): unknown => {
      const count = this.#topics.get(name);
      if (count === undefined) return undefined;
      const partitions = Array.from({ length: count }, (_, partition) => ({ partition, leader: 1, leaderEpoch: 0 }));
      return { name, topicId: `id-${name}`, isInternal: false, errorCode: 0, partitions };
    },
    topicName: (id: string): string | undefined => {
      const name = id.slice('id-'.length);
      return this.#topics.has(name) ? name : undefined;
    },
    retainAll: (): (() => void) => {
      this.retainedAll++;
      return () => {
        this.retainedAll--;
      };
    },
    retain: (topics: readonly string[]): (() => void) => {
      this.retained.push(...topics);
      return () => {
        for (const topic of topics) this.retained.splice(this.retained.indexOf(topic), 1);
      };
    },
    refresh: (_reason: string, done?: Done<true>): (() => void) => {
      this.refreshes++;
      if (done !== undefined) this.#refreshing.push(done);
      if (!this.holdRefresh)
        this.runtime.scheduler.schedule(() => {
          this.answerRefresh();
        }, 2);
      return () => {
        const at = this.#refreshing.indexOf(done!);
        if (at >= 0) this.#refreshing.splice(at, 1);
      };
    },
    onUpdate: (listener: () => void): (() => void) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    },
  };

  /** Sets a topic and tells those who watch. */
  topic(name: string, partitions: number): void {
    this.#topics.set(name, partitions);
    this.updated();
  }

  updated(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  answerRefresh(error: KafkaError | null = null): void {
    for (const done of this.#refreshing.splice(0)) {
      if (error === null) done(null, true);
      else done(error, null);
    }
    if (error === null) this.updated();
  }

  coordinator(_type: string, _key: string, done: Done<number>): () => void {
    this.lookups++;
    const answer = this.coordinatorNode;
    let cancelled = answer === null;
    this.runtime.scheduler.schedule(() => {
      if (cancelled) return;
      if (typeof answer === 'number') done(null, answer);
      else done(answer, null);
    });
    return () => {
      cancelled = true;
    };
  }

  forgetCoordinator(): void {
    this.forgotten++;
  }

  channels(purpose: string): unknown {
    const mine: Call[] = [];
    let closed = false;
    return {
      broker: (node: number): unknown => ({
        nodeId: node,
        call: (api: Api<never, never>, body: Loose, options: CallOptions, done: Done<unknown>) => {
          const call = new Call(this.runtime, { node, purpose }, api, body, this.#capped(api, options), done);
          this.calls.push(call);
          mine.push(call);
          if (closed) call.fail(new ClientClosedError());
          else this.broker?.(call);
          return () => {
            call.cancel();
          };
        },
      }),
      close: (): void => {
        closed = true;
        this.poolsClosed.push(purpose);
        for (const call of mine) call.fail(new ClientClosedError());
      },
    };
  }

  #capped(api: Api<never, never>, options: CallOptions): CallOptions {
    const cap = this.versions[api.name] ?? api.maxVersion;
    return { ...options, maxVersion: Math.min(cap, options.maxVersion ?? cap) };
  }

  /** Open requests of one kind. */
  open(api: string): Call[] {
    return this.calls.filter((call) => call.open && call.api === api);
  }

  /** The one open request of that kind. */
  only(api: string): Call {
    const found = this.open(api);
    if (found.length !== 1) throw new Error(`${found.length} open ${api}, expected one at ${this.runtime.now()} ms`);
    return found[0]!;
  }

  count(api: string): number {
    return this.calls.filter((call) => call.api === api).length;
  }

  advance(ms = 0): void {
    this.runtime.advance(ms);
  }
}
