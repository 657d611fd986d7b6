import { type KafkaError } from '../errors/kafka-error.js';
import { UsageError } from '../errors/usage-error.js';
import { type CommitReceipt } from '../model/commit.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { type OffsetList } from '../model/topic-partition.js';
import { hop } from '../runtime/timer.js';
import { CommitCadence } from './commit-cadence.js';
import { type Committer } from './committer.js';
import { type Cadence } from './consumer-ports.js';
import { type HeldPartition } from './held-partition.js';
import { type WindowCommits } from './lease-window.js';
import { type HeldPartitions } from './held-partitions.js';

type CadenceOptions = { readonly everyRecords?: number | undefined; readonly everyMs?: number | undefined } | undefined;

/**
 * The commits of one membership: by cadence, on demand, explicit, and the last one of a drain. Knows what is allowed; the
 * committer knows how it is done. Without a group there is no committer and nothing to commit.
 */
export class ConsumerCommits {
  readonly #runtime: Runtime;
  readonly #committer: Committer | null;
  readonly #automatic: Cadence | false;
  readonly #held: HeldPartitions;
  readonly #cadence: CommitCadence;
  readonly #unlisten: Cancel;

  constructor(
    runtime: Runtime,
    committer: Committer | null,
    automatic: Cadence | false,
    held: HeldPartitions,
    failed: (offsets: OffsetList, error: KafkaError) => void,
  ) {
    this.#runtime = runtime;
    this.#committer = committer;
    this.#automatic = automatic;
    this.#held = held;
    this.#cadence = new CommitCadence(runtime, automatic === false ? null : automatic, (due) => {
      committer?.commitNow(
        due.map(({ cursor }) => cursor),
        (error) => {
          if (error === null) return;
          failed(values(due), error);
          for (const partition of due) this.#cadence.settled(partition);
        },
      );
    });
    this.#unlisten =
      committer?.onReceipt((receipt) => {
        this.#cadence.received(receipt);
      }) ?? (() => undefined);
  }

  /** Assigned, before its start is known: what is committed explicitly waits until then. */
  expect({ cursor }: HeldPartition): void {
    this.#committer?.expect(cursor);
  }

  /** @param committed - the offset that the group has stored, null for none */
  add(held: HeldPartition, committed: number | null): void {
    if (this.#committer === null) return;
    this.#committer.add(held.cursor, committed);
    this.#cadence.add(held);
  }

  /** Nothing is committed for this assignment afterwards. */
  remove(held: HeldPartition): void {
    this.#cadence.remove(held);
    this.#committer?.remove(held.cursor);
  }

  settled(held: HeldPartition): void {
    this.#cadence.settled(held);
  }

  /** The commit at the end of a drain, or of positions that a reset chose: silent under `commit: false`. */
  automatic(partitions: readonly HeldPartition[], done: Done<CommitReceipt>): Cancel {
    if (this.#automatic === false && !partitions.some((held) => this.#cadence.overridden(held)))
      return this.#nothing(done);
    return this.now(partitions, done);
  }

  /** What is settled by now, of these or of all. */
  now(partitions: readonly HeldPartition[] | null, done: Done<CommitReceipt>): Cancel {
    if (this.#committer === null) return this.#nothing(done);
    const chosen = partitions ?? this.#held.all().filter(({ state }) => state !== 'resolving');
    return this.#committer.commitNow(
      chosen.map(({ cursor }) => cursor),
      done,
    );
  }

  /** @throws UsageError for a partition that is not held: the broker would accept it and overwrite its owner's offset. */
  explicit(offsets: OffsetList, done: Done<CommitReceipt>): Cancel {
    const committer = this.#committer;
    if (committer === null) throw new UsageError('A consumer without groupId has nowhere to commit, give it a groupId');
    for (const { topic, partition } of offsets) {
      const held = this.#held.get({ topic, partition });
      if (held !== undefined && !held.cursor.windowed) continue;
      const why = held === undefined ? 'is not assigned to this consumer' : 'is in the window of a transaction';
      const advice = held === undefined ? 'commit only what it holds' : 'its offsets go into the transaction';
      throw new UsageError(`Partition ${partition} of ${topic} ${why}, ${advice}`, { topic, partition });
    }
    return committer.commitExplicit(offsets, done);
  }

  /** For `LeaseOwner.commitCadence`. */
  override(
    held: HeldPartition | undefined,
    options: CadenceOptions,
    receipt: (receipt: CommitReceipt) => void,
  ): () => void {
    if (held === undefined) return () => undefined;
    const everyMs = options?.everyMs ?? null;
    const everyRecords = options?.everyRecords ?? null;
    const given = everyMs !== null || everyRecords !== null;
    if (this.#committer === null) {
      throw new UsageError('commitOffsets needs a consumer with a groupId, end this pipe with acknowledge() instead');
    }
    if (!given && this.#automatic === false) {
      throw new UsageError('commitOffsets needs everyMs or everyRecords under commit: false, pass one of them');
    }
    return this.#cadence.override(held, given ? { everyMs, everyRecords } : null, receipt);
  }

  /** For `LeaseOwner.openWindow`. */
  window(held: HeldPartition | undefined): WindowCommits | undefined {
    const committer = this.#committer;
    if (committer === null || held === undefined) return undefined;
    const { cursor } = held;
    return {
      quiet: (done) => committer.quiet(cursor, done),
      stored: (offset) => {
        held.transactions++;
        committer.stored(cursor, offset);
      },
    };
  }

  close(): void {
    this.#unlisten();
    this.#cadence.close();
    this.#committer?.close();
  }

  #nothing(done: Done<CommitReceipt>): Cancel {
    return hop(this.#runtime, () => {
      done(null, { offsets: [], outcome: 'committed', at: this.#runtime.wallClock() });
    });
  }
}

function values(partitions: readonly HeldPartition[]): OffsetList {
  return partitions.flatMap(({ topic, partition, cursor }) => {
    const value = cursor.commitValue;
    return value === null ? [] : [{ topic, partition, offset: value.offset, leaderEpoch: value.leaderEpoch }];
  });
}
