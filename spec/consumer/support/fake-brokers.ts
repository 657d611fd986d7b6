import { type ChannelPool } from '../../../src/cluster/channel-pool.js';
import { type Cluster } from '../../../src/cluster/cluster.js';
import { ConnectionClosedError } from '../../../src/errors/connection-error.js';
import { type KafkaError } from '../../../src/errors/kafka-error.js';
import { type Done } from '../../../src/model/done.js';
import { type FetchRequest, type FetchResponse } from '../../../src/protocol/messages/fetch.js';
import { type AbortedTransaction } from '../../../src/consumer/aborted-transactions.js';
import { batchBytes, joined, nextOffsetOf } from './batches.js';
import { FlowRuntime } from './flow-runtime.js';

interface LogBatch {
  readonly bytes: Uint8Array;
  readonly next: number;
}

/** One partition as its leader has it. */
export class FakeLog {
  leader: number;
  epoch = 1;
  logStart = 0;
  /** What a read_committed fetch lists beside the records. */
  aborted: AbortedTransaction[] = [];
  /** Answers of the next fetches of this partition, 0 = as usual; shifts. */
  errors: number[] = [];
  /** Names the right leader beside NOT_LEADER_OR_FOLLOWER (KIP-951). */
  namesLeader = false;
  /** Followers that serve this partition too, each with its own end of the log. */
  followers: Map<number, number> = new Map<number, number>();
  /** Whom the leader names to a reader with a rack (KIP-392). */
  closest = -1;
  /** Answers of followers to come, 0 = as usual; shifts. */
  followerErrors: number[] = [];
  /** Where each epoch ends, as OffsetForLeaderEpoch says. */
  epochEnds: Map<number, number> = new Map<number, number>();
  readonly batches: LogBatch[] = [];

  constructor(leader: number) {
    this.leader = leader;
  }

  get end(): number {
    return this.batches.at(-1)?.next ?? this.logStart;
  }
  append(bytes: Uint8Array): void {
    this.batches.push({ bytes, next: nextOffsetOf(bytes) });
  }
  /** One batch of that many records with values `<offset>`. */
  fill(count: number, size = 0): void {
    const base = this.end;
    const records = Array.from({ length: count }, (_, i) => String(base + i).padEnd(size, '.'));
    this.append(batchBytes({ base, records, leaderEpoch: this.epoch }));
  }
  /** Whole batches from that offset on: the first one always, as brokers do. */
  read(offset: number, maxBytes: number, first: boolean): Uint8Array {
    const parts: Uint8Array[] = [];
    let size = 0;
    for (const { bytes, next } of this.batches) {
      if (next <= offset) continue;
      if (size + bytes.length > maxBytes && !(first && parts.length === 0)) break;
      parts.push(bytes);
      size += bytes.length;
    }
    return joined(...parts);
  }
}

type Part = FetchRequest['topics'][number]['partitions'][number];

interface BrokerSession {
  epoch: number;
  readonly parts: Map<string, { topic: string; part: Part }>;
}

/** A Fetch request as it arrived. */
export interface SeenFetch {
  readonly at: number;
  readonly node: number;
  readonly request: FetchRequest;
  readonly maxVersion: number | undefined;
}

interface Poll {
  readonly node: number;
  readonly seen: SeenFetch;
  readonly deadline: number;
  readonly done: Done<FetchResponse>;
  open: boolean;
}

/** Brokers without a wire, in virtual time: fetch sessions, long polls, leaders, errors as scripted. */
export class FakeBrokers {
  readonly runtime: FlowRuntime;
  readonly fetches: SeenFetch[] = [];
  readonly listed: { node: number; topics: unknown }[] = [];
  /** Fail the next fetch calls with these. */
  failures: KafkaError[] = [];
  /** Error codes of whole fetch answers to come. */
  answerErrors: number[] = [];
  listErrors: number[] = [];
  latencyMs = 1;
  maxInFlight = 0;
  refreshes = 0;
  poolsClosed = 0;
  topicIds = true;
  /** How many sessions a broker keeps; 0 = none, every answer says session 0. */
  sessions = true;
  readonly retained: string[] = [];
  /** Topics that metadata refuses, with the error. */
  readonly topicErrors: Map<string, number> = new Map<string, number>();
  readonly #actual: Map<string, FakeLog[]> = new Map<string, FakeLog[]>();
  #known: Map<string, { leader: number; leaderEpoch: number }[]> = new Map();
  readonly #ids: Map<string, string> = new Map<string, string>();
  readonly #listeners: Set<() => void> = new Set<() => void>();
  readonly #cache: Map<number, BrokerSession> = new Map<number, BrokerSession>();
  #sessionId = 100;
  #polls: Poll[] = [];
  readonly #inFlight: Map<number, number> = new Map<number, number>();

  constructor(runtime: FlowRuntime = new FlowRuntime()) {
    this.runtime = runtime;
  }

  get cluster(): Cluster {
    return this as unknown as Cluster;
  }
  readonly options = {
    requestTimeoutMs: 30_000,
    retryBackoffMs: 100,
    retryBackoffMaxMs: 1000,
    metadataMaxAgeMs: 300_000,
  };
  readonly warnings: string[] = [];
  /** What every broker is able to. */
  fetchVersion = 17;
  readonly logger = {
    debug: (): void => undefined,
    info: (): void => undefined,
    warn: (_facts: object, message: string): void => {
      this.warnings.push(message);
    },
    error: (): void => undefined,
  };

  topic(name: string, leaders: readonly number[]): FakeLog[] {
    const logs = leaders.map((leader) => new FakeLog(leader));
    this.#actual.set(name, logs);
    this.#ids.set(name, `id-of-${name}`.padEnd(22, 'x'));
    this.learn();
    return logs;
  }
  /** Deleted and created anew. */
  recreate(name: string): FakeLog[] {
    const logs = this.topic(
      name,
      this.#actual.get(name)!.map(({ leader }) => leader),
    );
    this.#ids.set(name, `new-of-${name}`.padEnd(22, 'x'));
    this.update();
    return logs;
  }
  /** Another id for what is there now. */
  renew(name: string): void {
    this.#ids.set(name, `new-of-${name}`.padEnd(22, 'x'));
    this.learn();
    this.update();
  }
  /** Deleted; the id of what comes under that name later is another. */
  remove(name: string): void {
    this.#actual.delete(name);
    this.#known.delete(name);
    this.update();
  }
  /** Metadata as it is becomes known. */
  learn(): void {
    this.#known = new Map(
      [...this.#actual].map(([name, logs]) => [
        name,
        logs.map(({ leader, epoch }) => ({ leader, leaderEpoch: epoch })),
      ]),
    );
  }
  update(): void {
    for (const listener of [...this.#listeners]) listener();
  }
  /** The broker loses its sessions, as at a restart. */
  evictSessions(): void {
    this.#cache.clear();
  }
  sessionOf(id: number): readonly string[] | undefined {
    const session = this.#cache.get(id);
    return session === undefined ? undefined : [...session.parts.keys()];
  }
  /** Answers long polls that have something now. */
  appended(): void {
    for (const poll of this.#polls.filter(({ open }) => open)) this.#tryAnswer(poll, false);
  }

  readonly metadata = {
    brokers: new Map<number, unknown>([1, 2, 3, 7].map((id) => [id, {}])),
    topic: (name: string): unknown => {
      const errorCode = this.topicErrors.get(name);
      if (errorCode !== undefined) return { name, topicId: 'AAAAAAAAAAAAAAAAAAAAAA', errorCode };
      const known = this.#known.get(name);
      if (known === undefined) return undefined;
      return { name, topicId: this.topicIds ? this.#ids.get(name)! : 'AAAAAAAAAAAAAAAAAAAAAA', errorCode: 0 };
    },
    topicName: (id: string): string | undefined => [...this.#ids].find(([, known]) => known === id)?.[0],
    partition: (name: string, partition: number): unknown => this.#known.get(name)?.[partition],
    retain: (topics: readonly string[]): (() => void) => {
      this.retained.push(...topics);
      return () => {
        for (const topic of topics) this.retained.splice(this.retained.indexOf(topic), 1);
      };
    },
    refresh: (): (() => void) => {
      this.refreshes++;
      this.runtime.scheduler.schedule(() => {
        this.learn();
        this.update();
      }, 5);
      return () => undefined;
    },
    onUpdate: (listener: () => void): (() => void) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    },
    learnLeader: (topic: string, partition: number, leader: number, leaderEpoch: number): void => {
      this.#known.get(topic)![partition] = { leader, leaderEpoch };
      this.runtime.scheduler.schedule(() => {
        this.update();
      });
    },
  };

  channels(): ChannelPool {
    return this.#pool();
  }
  get control(): ChannelPool {
    return this.#pool();
  }

  #pool(): ChannelPool {
    const pool = {
      broker: (nodeId: number): unknown => ({
        nodeId,
        connected: true,
        inFlight: 0,
        version: () => this.fetchVersion,
        call: (api: { name: string }, body: never, options: { maxVersion?: number }, done: Done<never>) => {
          if (api.name === 'Fetch') return this.#fetch(nodeId, body, options, done as Done<unknown>);
          return this.#lookUp(nodeId, api.name, body, done);
        },
      }),
      close: (): void => {
        this.poolsClosed++;
      },
    };
    return pool as unknown as ChannelPool;
  }

  #fetch(node: number, request: FetchRequest, options: { maxVersion?: number }, done: Done<FetchResponse>): () => void {
    const seen: SeenFetch = { at: this.runtime.now(), node, request, maxVersion: options.maxVersion };
    this.fetches.push(seen);
    const inFlight = (this.#inFlight.get(node) ?? 0) + 1;
    this.#inFlight.set(node, inFlight);
    this.maxInFlight = Math.max(this.maxInFlight, inFlight);
    const deadline = this.runtime.now() + request.maxWaitMs;
    const poll: Poll = { node, seen, deadline, done, open: true };
    this.runtime.scheduler.schedule(() => {
      if (!poll.open) return;
      const failure = this.failures.shift();
      if (failure !== undefined) {
        this.#close(poll);
        done(failure, null);
        return;
      }
      const error = this.answerErrors.shift() ?? this.#enterSession(request);
      if (typeof error === 'number') {
        this.#close(poll);
        done(null, { throttleTimeMs: 0, errorCode: error, sessionId: 0, responses: [], nodeEndpoints: [] });
        return;
      }
      this.#polls.push(poll);
      if (this.#tryAnswer(poll, false)) return;
      this.runtime.scheduler.schedule(() => this.#tryAnswer(poll, true), deadline - this.runtime.now());
    }, this.latencyMs);
    return () => {
      this.#close(poll);
    };
  }

  #close(poll: Poll): void {
    if (!poll.open) return;
    poll.open = false;
    this.#inFlight.set(poll.node, this.#inFlight.get(poll.node)! - 1);
    this.#polls = this.#polls.filter((other) => other !== poll);
  }

  readonly #sessionOfPoll: Map<FetchRequest, { id: number; session: BrokerSession }> = new Map();

  #enterSession(request: FetchRequest): number | null {
    let id = request.sessionId;
    let session: BrokerSession;
    if (request.sessionEpoch === 0 || request.sessionEpoch === -1) {
      this.#cache.delete(id);
      session = { epoch: 0, parts: new Map() };
      id = 0;
      if (this.sessions && request.sessionEpoch === 0) {
        id = ++this.#sessionId;
        this.#cache.set(id, session);
      }
    } else {
      const found = this.#cache.get(id);
      if (found === undefined) return 70;
      if (found.epoch !== request.sessionEpoch) return 71;
      session = found;
    }
    session.epoch = session.epoch === 2147483647 ? 1 : session.epoch + 1;
    for (const { topic, partitions } of request.forgottenTopicsData) {
      for (const partition of partitions) session.parts.delete(`${topic}-${partition}`);
    }
    for (const { topic, partitions } of request.topics) {
      for (const part of partitions) session.parts.set(`${topic}-${part.partition}`, { topic, part });
    }
    this.#sessionOfPoll.set(request, { id, session });
    return null;
  }

  #tryAnswer(poll: Poll, expired: boolean): boolean {
    if (!poll.open) return true;
    const { request } = poll.seen;
    const { id, session } = this.#sessionOfPoll.get(request)!;
    const responses: FetchResponse['responses'] = [];
    let bytes = 0;
    let worth = false;
    for (const { topic, part } of session.parts.values()) {
      const data = this.#readPart(poll, topic, part, request.maxBytes - bytes, bytes === 0);
      bytes += data.records.length;
      const full = request.sessionEpoch === 0 || id === 0;
      if (data.errorCode !== 0 || data.records.length > 0 || data.preferredReadReplica >= 0) worth = true;
      else if (!full) continue;
      responses.push({ topic: '', topicId: this.#ids.get(topic)!, partitions: [data as never] });
    }
    if (!worth && !expired && request.maxWaitMs > 0) return false;
    this.#close(poll);
    for (const response of responses) {
      if (poll.seen.maxVersion === undefined) continue;
      response.topic = this.metadata.topicName(response.topicId)!;
      response.topicId = 'AAAAAAAAAAAAAAAAAAAAAA';
    }
    for (const { part } of session.parts.values()) this.#shiftError(part);
    poll.done(null, { throttleTimeMs: 0, errorCode: 0, sessionId: id, responses, nodeEndpoints: [] });
    return true;
  }

  readonly #used: Set<FakeLog> = new Set<FakeLog>();
  #shiftError(_part: Part): void {
    for (const log of this.#used) log.errors.shift();
    this.#used.clear();
  }

  #readPart(
    poll: Poll,
    topic: string,
    part: Part,
    room: number,
    first: boolean,
  ): { errorCode: number; records: Uint8Array; preferredReadReplica: number } {
    const log = this.#actual.get(topic)?.[part.partition];
    const common = {
      partitionIndex: part.partition,
      highWatermark: log?.end ?? -1,
      lastStableOffset: log?.end ?? -1,
      logStartOffset: log?.logStart ?? -1,
      divergingEpoch: { epoch: -1, endOffset: -1 },
      currentLeader: { leaderId: -1, leaderEpoch: -1 },
      abortedTransactions: log !== undefined && poll.seen.request.isolationLevel === 1 ? log.aborted : null,
      preferredReadReplica: -1,
      records: new Uint8Array(0),
    };
    if (log === undefined) return { ...common, errorCode: 3 };
    if (log.errors.length > 0) {
      this.#used.add(log);
      if (log.errors[0] !== 0) return { ...common, errorCode: log.errors[0]! };
    }
    const follows = log.followers.get(poll.node);
    if (follows !== undefined && log.leader !== poll.node) {
      const errorCode = log.followerErrors.shift() ?? 0;
      if (errorCode !== 0) return { ...common, errorCode };
      if (part.fetchOffset > follows) return { ...common, errorCode: 1 };
      return {
        ...common,
        errorCode: 0,
        records: log.read(part.fetchOffset, Math.min(room, part.partitionMaxBytes), first),
      };
    }
    if (log.leader !== poll.node) {
      const currentLeader = log.namesLeader ? { leaderId: log.leader, leaderEpoch: log.epoch } : common.currentLeader;
      return { ...common, errorCode: 6, currentLeader } as never;
    }
    if (part.fetchOffset < log.logStart || part.fetchOffset > log.end) return { ...common, errorCode: 1 };
    if (log.closest >= 0 && poll.seen.request.rackId !== '') {
      return { ...common, errorCode: 0, preferredReadReplica: log.closest };
    }
    const records = log.read(part.fetchOffset, Math.min(room, part.partitionMaxBytes), first);
    return { ...common, errorCode: 0, records };
  }

  #lookUp(node: number, api: string, body: { topics: never[] }, done: Done<never>): () => void {
    let open = true;
    this.listed.push({ node, topics: body.topics });
    this.runtime.scheduler.schedule(() => {
      if (!open) return;
      const failure = this.failures.shift();
      if (failure !== undefined) {
        done(failure, null);
        return;
      }
      const topics = (body.topics as { name?: string; topic?: string; partitions: Record<string, number>[] }[]).map(
        ({ name, topic, partitions }) => ({
          name,
          topic,
          partitions: partitions.map((part) => this.#lookUpPart(node, api, (name ?? topic)!, part)),
        }),
      );
      done(null, { throttleTimeMs: 0, topics } as never);
    }, this.latencyMs);
    return () => {
      open = false;
    };
  }

  #lookUpPart(node: number, api: string, topic: string, part: Record<string, number>): object {
    const partition = part['partitionIndex'] ?? part['partition']!;
    const log = this.#actual.get(topic)?.[partition];
    const scripted = this.listErrors.shift() ?? 0;
    const errorCode = scripted !== 0 ? scripted : log === undefined ? 3 : log.leader !== node ? 6 : 0;
    if (api === 'ListOffsets') {
      const offset = part['timestamp'] === -2 ? log?.logStart : log?.end;
      return {
        partitionIndex: partition,
        errorCode,
        timestamp: -1,
        offset: offset ?? -1,
        leaderEpoch: log?.epoch ?? -1,
      };
    }
    const epoch = part['leaderEpoch']!;
    // an epoch that this leader has never seen has no end on its log
    const endOffset = log?.epochEnds.get(epoch) ?? (log === undefined || epoch > log.epoch ? -1 : log.end);
    return { partition, errorCode, leaderEpoch: endOffset < 0 ? -1 : epoch, endOffset };
  }
}

export const lost = (): KafkaError => new ConnectionClosedError('connection lost');
