import type { Cluster } from '../../../src/cluster/cluster.js';
import type { Done } from '../../../src/model/done.js';
import {
  ConnectionClosedError,
  ConnectTimeoutError,
  RequestTimeoutError,
} from '../../../src/errors/connection-error.js';
import type { KafkaError } from '../../../src/errors/kafka-error.js';
import type { ProduceResponse } from '../../../src/protocol/messages/produce.js';
import { FakeRuntime } from './fake-runtime.js';
import { readBatch, type SeenBatch } from './seen-batch.js';

/** What the broker does with one Produce request. */
export type Fate =
  /** Appends and answers. */
  | 'ok'
  /** Appends, then the connection breaks. */
  | 'writtenThenLost'
  /** The connection breaks before anything is appended. */
  | 'lost'
  /** The connection breaks; what was on its way arrives so much later, in order, and nobody is answered. */
  | { readonly arrivesAfterMs: number }
  /** Answers this error for every partition, appends nothing. */
  | {
      readonly error: number;
      readonly message?: string;
      readonly recordErrors?: readonly { batchIndex: number; batchIndexErrorMessage: string | null }[];
    }
  /** Appends and answers this error. */
  | { readonly errorAfterAppend: number }
  /** Says nothing until the request times out; `append` = it was written all the same. */
  | { readonly silence: true; readonly append: boolean }
  /** The network holds it, and everything behind it on the connection, back until long after the client has given up. */
  | { readonly silence: true; readonly heldForMs: number };

interface ProducerState {
  epoch: number;
  lastSequence: number;
  readonly batches: { baseSequence: number; count: number; offset: number }[];
}

/** One partition as the brokers see it. */
export class FakePartition {
  leader: number;
  leaderEpoch = 1;
  nextOffset = 0;
  readonly log: SeenBatch[] = [];
  producers: Map<number, ProducerState> = new Map<number, ProducerState>();

  constructor(leader: number) {
    this.leader = leader;
  }

  get values(): string[] {
    return this.log.flatMap((batch) => batch.values);
  }

  /** What a broker does with a batch: ProducerAppendInfo and the duplicate check of the last five batches. */
  append(batch: SeenBatch): { errorCode: number; baseOffset: number } {
    if (batch.producerId >= 0) {
      const state = this.producers.get(batch.producerId);
      if (state !== undefined) {
        if (batch.producerEpoch < state.epoch) return { errorCode: 47, baseOffset: -1 };
        if (batch.producerEpoch > state.epoch) {
          if (batch.baseSequence !== 0) return { errorCode: 45, baseOffset: -1 };
        } else {
          const same = state.batches.find((b) => b.baseSequence === batch.baseSequence && b.count === batch.count);
          if (same !== undefined) return { errorCode: 0, baseOffset: same.offset };
          if (batch.baseSequence !== (state.lastSequence + 1) % 2147483648) return { errorCode: 45, baseOffset: -1 };
        }
      }
      const next =
        state?.epoch === batch.producerEpoch ? state : { epoch: batch.producerEpoch, lastSequence: -1, batches: [] };
      next.lastSequence = (batch.baseSequence + batch.count - 1) % 2147483648;
      next.batches.push({ baseSequence: batch.baseSequence, count: batch.count, offset: this.nextOffset });
      if (next.batches.length > 5) next.batches.shift();
      this.producers.set(batch.producerId, next);
    }
    const baseOffset = this.nextOffset;
    this.nextOffset += batch.count;
    this.log.push(batch);
    return { errorCode: 0, baseOffset };
  }
}

/** One Produce request as it arrived. */
export interface SeenRequest {
  readonly at: number;
  readonly node: number;
  readonly acks: number;
  readonly batches: readonly { readonly topic: string; readonly partition: number; readonly batch: SeenBatch }[];
}

interface Pending {
  readonly done: Done<never>;
  readonly request: SeenRequest;
  settled: boolean;
}

/** A cluster without a wire: answers Produce and InitProducerId as scripted, in virtual time. */
export class FakeCluster {
  readonly runtime: FakeRuntime;
  readonly options = { requestTimeoutMs: 30_000, retryBackoffMs: 100, retryBackoffMaxMs: 1000 };
  readonly requests: SeenRequest[] = [];
  /** Fate of the requests to come, in order; afterwards `fate` decides. */
  readonly script: Fate[] = [];
  fate: (request: SeenRequest) => Fate = () => 'ok';
  latencyMs = 1;
  /** The last partition of a request comes first in its answer. */
  answersInReverse = false;
  /** Requests wait for a connection until then, and are made when there is one. */
  connectedFrom = 0;
  maxMessageBytes = 1_000_000;
  logAppendTime = -1;
  /** A refusal for the wrong broker names the right one (KIP-951). */
  namesLeader = false;
  initProducerIdErrors: number[] = [];
  producerIds = 0;
  startEpoch = 0;
  refreshes = 0;
  poolsClosed = 0;
  retained: string[] = [];
  versions: (number | undefined)[] = [];
  topicErrors: Map<string, number> = new Map<string, number>();
  readonly #actual: Map<string, FakePartition[]> = new Map<string, FakePartition[]>();
  #known: Map<string, { leader: number; leaderEpoch: number }[]> = new Map();
  #refreshing = false;
  readonly #listeners: Set<() => void> = new Set<() => void>();
  /** Nodes that say nothing until their connection breaks, and what becomes of the requests meanwhile. */
  readonly #stuck: Map<number, (request: SeenRequest) => void> = new Map();
  readonly #pending: Map<number, Pending[]> = new Map<number, Pending[]>();

  constructor(seed = 1) {
    this.runtime = new FakeRuntime(seed);
  }

  /** The port. */
  get cluster(): Cluster {
    return this as unknown as Cluster;
  }

  /** Makes a topic with the given leaders; metadata knows of it after its next refresh, or at once. */
  topic(name: string, leaders: readonly number[], known = true): FakePartition[] {
    const partitions = leaders.map((leader) => new FakePartition(leader));
    this.#actual.set(name, partitions);
    if (known) this.#learn();
    return partitions;
  }

  /** Moves a leader; metadata does not know before its next refresh. */
  move(topic: string, partition: number, leader: number): void {
    const actual = this.#actual.get(topic)![partition]!;
    actual.leader = leader;
    actual.leaderEpoch++;
  }

  readonly metadata = {
    unreached: null,
    topic: (name: string): unknown => {
      const known = this.#known.get(name);
      const errorCode = this.topicErrors.get(name) ?? 0;
      if (known === undefined && errorCode === 0) return undefined;
      const partitions = (known ?? []).map(({ leader, leaderEpoch }, partition) => ({
        partition,
        leader,
        leaderEpoch,
      }));
      return { name, topicId: `id-${name}`, isInternal: false, errorCode, partitions };
    },
    retain: (topics: readonly string[]): (() => void) => {
      this.retained.push(...topics);
      if (topics.some((name) => !this.#known.has(name))) this.metadata.refresh();
      return () => {
        this.retained = this.retained.filter((name) => !topics.includes(name));
      };
    },
    refresh: (_reason?: string, done?: Done<true>): (() => void) => {
      this.refreshes++;
      this.runtime.scheduler.schedule(() => {
        this.#refreshing = false;
        this.#learn();
        this.#update();
        done?.(null, true);
      }, 5);
      this.#refreshing = true;
      return () => undefined;
    },
    onUpdate: (listener: () => void): (() => void) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    },
    learnLeader: (topic: string, partition: number, leader: number, leaderEpoch: number): void => {
      this.#known.get(topic)![partition] = { leader, leaderEpoch };
      this.#update();
    },
  };

  get refreshing(): boolean {
    return this.#refreshing;
  }

  channels(): unknown {
    return {
      broker: (nodeId: number): unknown => ({
        nodeId,
        connected: true,
        inFlight: 0,
        call: (_api: unknown, body: (version: number) => never, options: { maxVersion?: number }, done: Done<never>) =>
          this.#produce(nodeId, body, options, done),
      }),
      close: (): void => {
        this.poolsClosed++;
      },
    };
  }

  callAny(_api: unknown, _body: unknown, _options: unknown, done: Done<unknown>): () => void {
    this.runtime.scheduler.schedule(() => {
      const errorCode = this.initProducerIdErrors.shift() ?? 0;
      const producerId = errorCode === 0 ? 4000 + this.producerIds++ : -1;
      done(null, { errorCode, throttleTimeMs: 0, producerId, producerEpoch: errorCode === 0 ? this.startEpoch : -1 });
    }, this.latencyMs);
    return () => undefined;
  }

  #produce(
    node: number,
    makeBody: (version: number) => {
      acks: number;
      topicData: { name?: string; topicId?: string; partitionData: { index: number; records: Uint8Array[] }[] }[];
    },
    options: { maxVersion?: number; expectResponse?: boolean; timeoutMs?: number },
    done: Done<never>,
  ): () => void {
    const dialMs = this.connectedFrom - this.runtime.now();
    if (dialMs > 0) {
      const boundMs = options.timeoutMs ?? 30_000;
      this.runtime.scheduler.schedule(
        () => {
          if (dialMs > boundMs) done(new ConnectTimeoutError('No connection'), null);
          else this.#produce(node, makeBody, options, done);
        },
        Math.min(dialMs, boundMs),
      );
      return () => undefined;
    }
    this.versions.push(options.maxVersion);
    const body = makeBody(options.maxVersion ?? 13);
    // copied: what the client changes later must not change what was sent
    const batches = body.topicData.flatMap((topic) =>
      topic.partitionData.map(({ index, records }) => ({
        topic: topic.name ?? topic.topicId!.slice(3),
        partition: index,
        batch: readBatch(Uint8Array.from(records[0]!)),
      })),
    );
    const request: SeenRequest = { at: this.runtime.now(), node, acks: body.acks, batches };
    this.requests.push(request);
    const fate = this.script.shift() ?? this.fate(request);
    const pending: Pending = { done, request, settled: false };
    const queue = this.#pending.get(node) ?? [];
    this.#pending.set(node, queue);
    queue.push(pending);
    this.runtime.scheduler.schedule(() => {
      this.#arrive(node, request, fate, pending, options);
    }, this.latencyMs);
    return () => {
      pending.settled = true;
    };
  }

  #arrive(node: number, request: SeenRequest, fate: Fate, pending: Pending, options: { timeoutMs?: number }): void {
    if (pending.settled) return;
    const stuck = this.#stuck.get(node);
    if (stuck !== undefined) {
      // answers come in order: behind a silent one there are none
      stuck(request);
      return;
    }
    if (typeof fate === 'object' && 'arrivesAfterMs' in fate) {
      const underWay = (this.#pending.get(node) ?? []).filter(({ settled }) => !settled);
      this.#break(node, new ConnectionClosedError('connection lost'));
      this.runtime.scheduler.schedule(() => {
        for (const late of underWay) this.#append(node, late.request, 0);
      }, fate.arrivesAfterMs);
      return;
    }
    if (fate === 'lost') {
      this.#break(node, new ConnectionClosedError('connection lost'));
      return;
    }
    if (typeof fate === 'object' && 'silence' in fate) {
      const become = this.#silently(node, fate);
      become(request);
      this.#stuck.set(node, become);
      this.runtime.scheduler.schedule(() => {
        if (!pending.settled) this.#break(node, new RequestTimeoutError('no answer'));
      }, options.timeoutMs ?? 30_000);
      return;
    }
    if (fate === 'writtenThenLost') {
      this.#append(node, request, 0);
      this.#break(node, new ConnectionClosedError('connection lost'));
      return;
    }
    const answer =
      typeof fate === 'object' && 'error' in fate
        ? this.#refuse(request, fate)
        : this.#append(node, request, typeof fate === 'object' ? fate.errorAfterAppend : 0);
    pending.settled = true;
    const queue = this.#pending.get(node)!;
    queue.splice(queue.indexOf(pending), 1);
    pending.done(null, (request.acks === 0 ? true : answer) as never);
  }

  #silently(node: number, fate: Extract<Fate, { silence: true }>): (request: SeenRequest) => void {
    if ('append' in fate) {
      return (request) => {
        if (fate.append) this.#append(node, request, 0);
      };
    }
    return (request) => {
      this.runtime.scheduler.schedule(() => {
        this.#append(node, request, 0);
      }, fate.heldForMs);
    };
  }

  #append(node: number, request: SeenRequest, error: number): ProduceResponse {
    return this.#answer(request, (topic, partition, batch) => {
      const actual = this.#actual.get(topic)?.[partition];
      if (actual === undefined) return { errorCode: 3, baseOffset: -1 };
      if (actual.leader !== node) {
        const currentLeader = { leaderId: actual.leader, leaderEpoch: actual.leaderEpoch };
        return { errorCode: 6, baseOffset: -1, ...(this.namesLeader ? { currentLeader } : {}) };
      }
      if (batch.length > this.maxMessageBytes) return { errorCode: 10, baseOffset: -1 };
      const result = actual.append(batch);
      return error === 0 ? result : { errorCode: error, baseOffset: -1 };
    });
  }

  #refuse(request: SeenRequest, fate: Extract<Fate, { error: number }>): ProduceResponse {
    return this.#answer(request, () => ({
      errorCode: fate.error,
      baseOffset: -1,
      errorMessage: fate.message ?? null,
      recordErrors: [...(fate.recordErrors ?? [])],
    }));
  }

  #answer(request: SeenRequest, of: (topic: string, partition: number, batch: SeenBatch) => object): ProduceResponse {
    const batches = this.answersInReverse ? [...request.batches].reverse() : request.batches;
    return {
      throttleTimeMs: 0,
      nodeEndpoints: [],
      responses: batches.map(({ topic, partition, batch }) => ({
        name: '',
        topicId: `id-${topic}`,
        partitionResponses: [
          {
            index: partition,
            logAppendTimeMs: this.logAppendTime,
            logStartOffset: 0,
            recordErrors: [],
            errorMessage: null,
            currentLeader: { leaderId: -1, leaderEpoch: -1 },
            ...of(topic, partition, batch),
          } as never,
        ],
      })),
    };
  }

  #break(node: number, error: KafkaError): void {
    this.#stuck.delete(node);
    for (const pending of this.#pending.get(node)?.splice(0) ?? []) {
      if (pending.settled) continue;
      pending.settled = true;
      pending.done(error, null);
    }
  }

  #learn(): void {
    this.#known = new Map(
      [...this.#actual].map(([name, partitions]) => [
        name,
        partitions.map(({ leader, leaderEpoch }) => ({ leader, leaderEpoch })),
      ]),
    );
  }

  #update(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
