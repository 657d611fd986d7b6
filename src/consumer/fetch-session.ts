import { ErrorCode } from '../errors/broker-error-codes.js';

/** What a fetch asks of one partition. */
export interface WantedPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: number;
  readonly partitionMaxBytes: number;
}

export interface FetchTopic {
  readonly topic: string;
  readonly topicId: string;
  readonly partitions: readonly {
    readonly partition: number;
    readonly currentLeaderEpoch: number;
    readonly fetchOffset: number;
    readonly partitionMaxBytes: number;
  }[];
}
export interface ForgottenTopic {
  readonly topic: string;
  readonly topicId: string;
  readonly partitions: readonly number[];
}

/** The part of a Fetch request that belongs to the session. */
export interface SessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly topics: readonly FetchTopic[];
  readonly forgottenTopicsData: readonly ForgottenTopic[];
}

const lastEpoch = 0x7fff_ffff;

/**
 * One fetch session with one broker (KIP-227). The broker remembers the partitions: after a full request only those that
 * changed are named, and those that are no longer wanted are forgotten by name, else the broker would go on serving them.
 *
 * Epoch 0 asks for a new session (and ends the one whose id it carries), 1 follows, and after 2147483647 comes 1 again.
 */
export class FetchSession {
  #id: number;
  #epoch: number;
  /** Topics are named by id (version 13 and later) or by name: a session cannot change over. */
  #byId = false;
  /** What the broker has, as last told. */
  readonly #known: Map<string, Map<number, Known>> = new Map<string, Map<number, Known>>();
  /** Counts requests; a partition that the current one does not want is of an older round. */
  #round = 0;

  /** Another start than the usual one: a session whose epoch is about to wrap. */
  constructor(epoch = 0, id = 0) {
    this.#epoch = epoch;
    this.#id = id;
  }

  get id(): number {
    return this.#id;
  }
  get epoch(): number {
    return this.#epoch;
  }

  /** The request that brings the broker up to what is wanted. Its answer, or its failure, has to be told before the next. */
  request(wanted: readonly WantedPartition[], byId: boolean): SessionRequest {
    if (byId !== this.#byId) {
      this.#byId = byId;
      this.#epoch = 0;
    }
    if (this.#epoch === 0) this.#known.clear();
    const topics = new TopicList<FetchTopic['partitions'][number]>();
    const forgotten = new TopicList<number>();
    this.#round++;
    for (const part of wanted) {
      const known = this.#knownOf(part);
      known.round = this.#round;
      const before = known.part;
      if (before !== null && same(before, part)) continue;
      // created anew under the same name: to the broker that is another partition
      if (before !== null && before.topicId !== part.topicId) forgotten.add(before, before.partition);
      const { partition, currentLeaderEpoch, fetchOffset, partitionMaxBytes } = part;
      topics.add(part, { partition, currentLeaderEpoch, fetchOffset, partitionMaxBytes });
      known.part = part;
    }
    for (const [topic, partitions] of this.#known) {
      for (const [partition, { part, round }] of partitions) {
        if (round === this.#round) continue;
        if (part !== null) forgotten.add(part, partition);
        partitions.delete(partition);
      }
      if (partitions.size === 0) this.#known.delete(topic);
    }
    return { sessionId: this.#id, sessionEpoch: this.#epoch, topics: topics.list, forgottenTopicsData: forgotten.list };
  }

  /** A good answer. Session 0 says that the broker keeps none for us: every request is a full one then. */
  answered(sessionId: number): void {
    if (this.#epoch === 0 || sessionId !== this.#id) this.#id = sessionId;
    if (sessionId === 0) this.#epoch = 0;
    else this.#epoch = this.#epoch === lastEpoch ? 1 : this.#epoch + 1;
  }

  /** The answer as a whole was an error: the next request is full. Not found = evicted, there is nothing to end. */
  refused(errorCode: number): void {
    if (errorCode === ErrorCode.FETCH_SESSION_ID_NOT_FOUND) this.#id = 0;
    this.#epoch = 0;
  }

  /** No answer: what the broker has seen is unknown. */
  lost(): void {
    this.#epoch = 0;
  }

  #knownOf({ topic, partition }: WantedPartition): Known {
    let partitions = this.#known.get(topic);
    if (partitions === undefined) this.#known.set(topic, (partitions = new Map<number, Known>()));
    let known = partitions.get(partition);
    if (known === undefined) partitions.set(partition, (known = { part: null, round: 0 }));
    return known;
  }
}

interface Known {
  part: WantedPartition | null;
  round: number;
}

function same(a: WantedPartition, b: WantedPartition): boolean {
  return (
    a.fetchOffset === b.fetchOffset &&
    a.partitionMaxBytes === b.partitionMaxBytes &&
    a.currentLeaderEpoch === b.currentLeaderEpoch &&
    a.topicId === b.topicId
  );
}

/** Partitions grouped as the protocol wants them: consecutive ones of a topic together, in the given order. */
class TopicList<T> {
  readonly list: { topic: string; topicId: string; partitions: T[] }[] = [];
  readonly #byTopic: Map<string, T[]> = new Map<string, T[]>();

  add({ topic, topicId }: { readonly topic: string; readonly topicId: string }, item: T): void {
    const key = `${topicId} ${topic}`;
    let partitions = this.#byTopic.get(key);
    if (partitions === undefined) {
      this.#byTopic.set(key, (partitions = []));
      this.list.push({ topic, topicId, partitions });
    }
    partitions.push(item);
  }
}
