import { OffsetResetError } from '../errors/client-errors.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { type OffsetList, type TopicPartition } from '../model/topic-partition.js';
import { type ResetPolicy } from './consumer-ports.js';
import { type HeldPartition } from './held-partition.js';
import { type OffsetLookup } from './offset-lookup.js';

/** Kafka's special timestamps of ListOffsets: the end, and the first offset that is still there. */
export const latestTimestamp = -1;
export const earliestTimestamp = -2;

/** Where committed offsets are read; null for a consumer without a group. */
export interface CommittedReader {
  fetch(partitions: readonly TopicPartition[], done: Done<OffsetList>): Cancel;
}

/**
 * Finds where newly assigned partitions start: an offset given by the user, else the committed one, else the reset policy. A
 * partition that was moved (a seek in between) or that ended meanwhile keeps what it has: each answer looks at the partition's
 * state again before it touches the position.
 */
export class StartPositions {
  readonly #runtime: Runtime;
  readonly #lookup: OffsetLookup;
  readonly #committed: CommittedReader | null;
  readonly #policy: ResetPolicy;
  readonly #calls: Set<Cancel> = new Set<Cancel>();

  constructor(runtime: Runtime, lookup: OffsetLookup, committed: CommittedReader | null, policy: ResetPolicy) {
    this.#runtime = runtime;
    this.#lookup = lookup;
    this.#committed = committed;
    this.#policy = policy;
  }

  /** `done` with the committed offsets that were found, once every partition has a position or has ended. */
  resolve(partitions: readonly HeldPartition[], given: OffsetList, done: Done<OffsetList>): void {
    for (const start of given) {
      const held = partitions.find((candidate) => candidate.is(start));
      if (held !== undefined && isWaiting(held)) place(held, start.offset, start.leaderEpoch ?? -1);
    }
    const committed = this.#committed;
    const waiting = partitions.filter(isWaiting);
    if (committed === null || waiting.length === 0) {
      this.#resetWaiting(waiting, [], done);
      return;
    }
    this.#call(
      (answer: Done<OffsetList>) => committed.fetch(waiting.map(plain), answer),
      (error, offsets) => {
        if (offsets === null) {
          done(error, null);
          return;
        }
        for (const found of offsets) {
          const held = waiting.find((candidate) => candidate.is(found));
          if (held !== undefined && isWaiting(held)) place(held, found.offset, found.leaderEpoch ?? -1);
        }
        this.#resetWaiting(waiting.filter(isWaiting), offsets, done);
      },
    );
  }

  /** Position by the reset policy, for partitions whose position turned out to be unusable. */
  reset(partitions: readonly HeldPartition[], cause: KafkaError | null, done: Done<OffsetList>): void {
    if (partitions.length === 0) {
      done(null, []);
      return;
    }
    if (this.#policy === 'none') {
      const names = partitions.map((held) => `${held.topic}-${held.partition}`).join(', ');
      const what = cause === null ? 'No committed offset' : 'Offset out of range';
      done(
        new OffsetResetError(
          `${what} for ${names} and autoOffsetReset is 'none', commit a start offset or choose another policy`,
          { cause: cause ?? undefined, topic: partitions[0]?.topic, partition: partitions[0]?.partition },
        ),
        null,
      );
      return;
    }
    const timestamp = this.#timestamp(this.#policy);
    this.lookUp(partitions, timestamp, done);
  }

  /** Offsets at a timestamp; where nothing is that young, the end of the partition. */
  lookUp(partitions: readonly TopicPartition[], timestamp: number, done: Done<OffsetList>): Cancel {
    return this.#call(
      (answer: Parameters<OffsetLookup['list']>[1]) =>
        this.#lookup.list(
          partitions.map((tp) => ({ topic: tp.topic, partition: tp.partition, timestamp })),
          answer,
        ),
      (error, found) => {
        if (found === null) {
          done(error, null);
          return;
        }
        const missing = found.filter((entry) => entry.offset < 0);
        if (missing.length === 0 || timestamp < 0) {
          done(null, found);
          return;
        }
        const rest = found.filter((entry) => entry.offset >= 0);
        this.lookUp(missing, latestTimestamp, (failure, ends) => {
          if (ends === null) done(failure, null);
          else done(null, [...rest, ...ends]);
        });
      },
    );
  }

  close(): void {
    for (const cancel of this.#calls) cancel();
    this.#calls.clear();
  }

  #resetWaiting(waiting: readonly HeldPartition[], committed: OffsetList, done: Done<OffsetList>): void {
    this.reset(waiting, null, (error, starts) => {
      if (starts === null) {
        done(error, null);
        return;
      }
      for (const start of starts) {
        const held = waiting.find((candidate) => candidate.is(start));
        if (held === undefined || !isWaiting(held)) continue;
        held.fromReset = true;
        place(held, start.offset, start.leaderEpoch ?? -1);
      }
      done(null, committed);
    });
  }

  #timestamp(policy: Exclude<ResetPolicy, 'none'>): number {
    if (policy === 'earliest') return earliestTimestamp;
    if (policy === 'latest') return latestTimestamp;
    return Math.max(0, this.#runtime.wallClock() - policy.durationMs);
  }

  /** Keeps the call cancellable until it is answered. */
  #call<T>(start: (answer: Done<T>) => Cancel, done: Done<T>): Cancel {
    const entry: { cancel: Cancel } = { cancel: () => undefined };
    const cancel: Cancel = () => {
      entry.cancel();
    };
    this.#calls.add(cancel);
    entry.cancel = start((error, value) => {
      this.#calls.delete(cancel);
      done(error, value);
    });
    return cancel;
  }
}

function isWaiting(held: HeldPartition): boolean {
  return held.state === 'resolving' && !held.positioned;
}

function place(held: HeldPartition, offset: number, leaderEpoch: number): void {
  held.positioned = true;
  held.cursor.moveTo(offset, leaderEpoch);
}

function plain(tp: TopicPartition): TopicPartition {
  return { topic: tp.topic, partition: tp.partition };
}
