import { OffsetResetError } from '../errors/client-errors.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { type OffsetList, type TopicPartition } from '../model/topic-partition.js';
import { hop } from '../runtime/timer.js';
import { type ResetPolicy } from './consumer-ports.js';
import { type HeldPartition } from './held-partition.js';
import { type OffsetLookup } from './offset-lookup.js';
import { type OffsetSource } from './offset-source.js';

/** Kafka's special timestamps of ListOffsets: the end, and the first offset that is still there. */
export const latestTimestamp = -1;
export const earliestTimestamp = -2;

/** Where start positions come from; null where the consumer has no such source. */
export interface StartSources {
  /** The user's own store, asked first. */
  readonly stored: OffsetSource | null;
  readonly committed: OffsetSource | null;
}

/**
 * Finds where newly assigned partitions start: an offset given with the selection, else the one in the user's store, else the
 * committed one, else the reset policy. 0 is an offset like any other. A partition that was moved (a seek in between) or that
 * ended meanwhile keeps what it has: each answer looks at the partition's state again before it touches the position.
 */
export class StartPositions {
  readonly #runtime: Runtime;
  readonly #lookup: Pick<OffsetLookup, 'list'>;
  readonly #sources: StartSources;
  readonly policy: ResetPolicy;
  /** Told which partitions start where the policy says, for lack of anything better. */
  readonly #chosen: (starts: OffsetList) => void;
  readonly #calls: Set<Cancel> = new Set<Cancel>();

  constructor(
    runtime: Runtime,
    lookup: Pick<OffsetLookup, 'list'>,
    sources: StartSources,
    policy: ResetPolicy,
    chosen: (starts: OffsetList) => void = () => undefined,
  ) {
    this.#runtime = runtime;
    this.#lookup = lookup;
    this.#sources = sources;
    this.policy = policy;
    this.#chosen = chosen;
  }

  /** `done` with the committed offsets that were found, once every partition has a position or has ended. */
  resolve(partitions: readonly HeldPartition[], given: OffsetList, done: Done<OffsetList>): void {
    placeAll(partitions, given);
    this.#from(this.#sources.stored, partitions, (error, stored) => {
      if (stored === null) {
        done(error, null);
        return;
      }
      this.#from(this.#sources.committed, partitions, (failure, committed) => {
        if (committed === null) done(failure, null);
        else this.#resetWaiting(partitions.filter(isWaiting), committed, done);
      });
    });
  }

  /** Position by the reset policy, for partitions whose position turned out to be unusable. */
  reset(partitions: readonly HeldPartition[], cause: KafkaError | null, done: Done<OffsetList>): Cancel {
    if (partitions.length > 0 && this.policy !== 'none') {
      return this.lookUp(partitions, this.#timestamp(this.policy), done);
    }
    const names = partitions.map((held) => `${held.topic}-${held.partition}`).join(', ');
    const what = cause === null ? 'No committed offset' : 'Offset out of range';
    const message = `${what} for ${names} and autoOffsetReset is 'none', commit a start offset or choose another policy`;
    const facts = { cause: cause ?? undefined, topic: partitions[0]?.topic, partition: partitions[0]?.partition };
    return hop(this.#runtime, () => {
      if (partitions.length === 0) done(null, []);
      else done(new OffsetResetError(message, { ...facts, offset: cause?.offset }), null);
    });
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

  /** Nothing is told any more. */
  close(): void {
    for (const cancel of this.#calls) cancel();
    this.#calls.clear();
  }

  /** Asks one source for what still waits; without source, or when nothing waits, goes on at once. */
  #from(source: OffsetSource | null, partitions: readonly HeldPartition[], done: Done<OffsetList>): void {
    const waiting = partitions.filter(isWaiting);
    if (source === null || waiting.length === 0) {
      done(null, []);
      return;
    }
    this.#call(
      (answer: Done<OffsetList>) => source.fetch(waiting.map(plain), answer),
      (error, offsets) => {
        if (offsets !== null) placeAll(waiting, offsets);
        done(error, offsets);
      },
    );
  }

  #resetWaiting(waiting: readonly HeldPartition[], committed: OffsetList, done: Done<OffsetList>): void {
    if (waiting.length === 0) {
      done(null, committed);
      return;
    }
    this.reset(waiting, null, (error, starts) => {
      if (starts === null) {
        // moved by a seek meanwhile: that there was no other start does not matter any more
        if (waiting.some(isWaiting)) done(error, null);
        else done(null, committed);
        return;
      }
      for (const held of placeAll(waiting, starts)) held.fromReset = true;
      this.#chosen(starts);
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

/** Returns those that were placed. */
function placeAll(partitions: readonly HeldPartition[], offsets: OffsetList): HeldPartition[] {
  const placed: HeldPartition[] = [];
  for (const start of offsets) {
    const held = partitions.find((candidate) => candidate.is(start));
    if (held === undefined || !isWaiting(held)) continue;
    held.positioned = true;
    held.cursor.moveTo(start.offset, start.leaderEpoch ?? -1);
    placed.push(held);
  }
  return placed;
}

function plain(tp: TopicPartition): TopicPartition {
  return { topic: tp.topic, partition: tp.partition };
}
