import { type FetchRequest } from '../../protocol/messages/fetch.js';
import { code, none } from './codes.js';

/** One partition of a fetch. @internal */
export interface FetchTarget {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly fetchOffset: number;
  readonly maxBytes: number;
  readonly leaderEpoch: number;
  readonly lastFetchedEpoch: number;
}

/** What a session remembers of an answer, to leave out what did not change. */
interface Remembered {
  target: FetchTarget;
  highWatermark: number;
  logStartOffset: number;
}

/** What the client is to be told of a partition. @internal */
export interface FetchOutcome {
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly size: number;
  readonly special: boolean;
}

const idNotFound = code('FETCH_SESSION_ID_NOT_FOUND');
const invalidEpoch = code('INVALID_FETCH_SESSION_EPOCH');
const topicIdError = code('FETCH_SESSION_TOPIC_ID_ERROR');
const initialEpoch = 0;
const finalEpoch = -1;

/** An incremental fetch session (KIP-227). @internal */
export class FetchSession {
  readonly id: number;
  readonly topicIds: boolean;
  epoch = 1;
  /** In the order in which they are read: partitions that had records go to the end. */
  readonly #partitions = new Map<string, Remembered>();

  constructor(id: number, topicIds: boolean) {
    this.id = id;
    this.topicIds = topicIds;
  }

  get size(): number {
    return this.#partitions.size;
  }

  get targets(): FetchTarget[] {
    return [...this.#partitions.values()].map(({ target }) => target);
  }

  update(targets: readonly FetchTarget[]): void {
    for (const target of targets) {
      const known = this.#partitions.get(keyOf(target));
      if (known === undefined) {
        this.#partitions.set(keyOf(target), { target, highWatermark: -1, logStartOffset: -1 });
      } else known.target = target;
    }
  }

  forget(request: FetchRequest): void {
    for (const { topic, topicId, partitions } of request.forgottenTopicsData) {
      for (const partition of partitions) this.#partitions.delete(keyOf({ topic, topicId, partition }));
    }
  }

  /** Whether the answer must name the partition; notes what it is told. */
  tells(target: FetchTarget, outcome: FetchOutcome): boolean {
    const key = keyOf(target);
    const known = this.#partitions.get(key);
    if (known === undefined) return true;
    const failed = outcome.errorCode !== none;
    const changed =
      outcome.size > 0 ||
      outcome.highWatermark !== known.highWatermark ||
      outcome.logStartOffset !== known.logStartOffset ||
      outcome.special ||
      failed;
    // after an error the next good answer is told, whatever it says
    known.highWatermark = failed ? -1 : outcome.highWatermark;
    known.logStartOffset = outcome.logStartOffset;
    if (outcome.size > 0) {
      this.#partitions.delete(key);
      this.#partitions.set(key, known);
    }
    return changed;
  }
}

/** What a request is to read, and the session that its answer belongs to. @internal */
export interface FetchContext {
  readonly errorCode: number;
  readonly session: FetchSession | null;
  /** Every partition is in the answer. */
  readonly full: boolean;
  readonly targets: readonly FetchTarget[];
}

/** The fetch sessions of one broker. @internal */
export class FetchSessions {
  readonly #sessions = new Map<number, FetchSession>();

  clear(): void {
    this.#sessions.clear();
  }

  open(request: FetchRequest, version: number, nextId: () => number): FetchContext {
    const targets = targetsOf(request);
    const { sessionId, sessionEpoch } = request;
    if (version < 7) return { errorCode: none, session: null, full: true, targets };
    if (sessionEpoch === initialEpoch || sessionEpoch === finalEpoch) {
      this.#sessions.delete(sessionId);
      if (sessionEpoch === finalEpoch || targets.length === 0) {
        return { errorCode: none, session: null, full: true, targets };
      }
      const session = new FetchSession(nextId(), version >= 13);
      this.#sessions.set(session.id, session);
      session.update(targets);
      return { errorCode: none, session, full: true, targets };
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return refused(idNotFound);
    if (session.epoch !== sessionEpoch) return refused(invalidEpoch);
    if (session.topicIds !== version >= 13) return refused(topicIdError);
    session.update(targets);
    session.forget(request);
    if (session.size === 0) {
      this.#sessions.delete(sessionId);
      return { errorCode: none, session: null, full: true, targets: [] };
    }
    session.epoch = session.epoch === 2147483647 ? 1 : session.epoch + 1;
    return { errorCode: none, session, full: false, targets: session.targets };
  }
}

function refused(errorCode: number): FetchContext {
  return { errorCode, session: null, full: true, targets: [] };
}

function targetsOf({ topics }: FetchRequest): FetchTarget[] {
  return topics.flatMap(({ topic, topicId, partitions }) =>
    partitions.map(({ partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch, lastFetchedEpoch }) => ({
      topic,
      topicId,
      partition,
      fetchOffset,
      maxBytes: partitionMaxBytes,
      leaderEpoch: currentLeaderEpoch,
      lastFetchedEpoch,
    })),
  );
}

function keyOf({ topic, topicId, partition }: { topic: string; topicId: string; partition: number }): string {
  return `${topic}/${topicId}/${partition}`;
}
