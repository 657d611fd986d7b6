import { Timer } from '../../../runtime/timer.js';
import { type ClusterState } from '../cluster-state.js';
import { offsetsTopic } from '../internal-topics.js';
import { endMarker } from '../log/end-marker.js';
import { type StoredBatch } from '../log/stored-batch.js';
import { type Partition } from '../topic.js';
import { type ProducerIdentity, type Transaction } from './transaction.js';

/** A transaction that was decided and whose markers are not all written. */
interface Job {
  readonly transaction: Transaction;
  readonly marked: ProducerIdentity;
  readonly committed: boolean;
  /** Markers that wait for followers, by partition. */
  readonly written: Map<string, StoredBatch>;
}

/** Milliseconds until markers are written that nobody holds up, and until another try. */
const writeMs = 1;
const retryMs = 100;

/**
 * Writes the end markers of decided transactions, a moment after the decision, as the brokers' own requests do. A partition
 * without a leader that can be reached, or whose followers do not have the marker yet, holds its transaction up. @internal
 */
export class MarkerWriter {
  readonly #cluster: ClusterState;
  readonly #jobs = new Set<Job>();
  readonly #timer: Timer;

  constructor(cluster: ClusterState) {
    this.#cluster = cluster;
    this.#timer = new Timer(cluster.runtime, () => {
      this.#run();
    });
  }

  write(transaction: Transaction, marked: ProducerIdentity, committed: boolean): void {
    this.#jobs.add({ transaction, marked, committed, written: new Map<string, StoredBatch>() });
    if (!this.#timer.armed) this.#timer.set(writeMs);
  }

  /** Something moved: does not wait for the next try. */
  retry(): void {
    if (this.#jobs.size > 0) this.#timer.set(writeMs);
  }

  stop(): void {
    this.#timer.clear();
    this.#jobs.clear();
  }

  #run(): void {
    for (const job of [...this.#jobs]) {
      this.#markPartitions(job);
      this.#markGroups(job);
      const { transaction, committed } = job;
      if (transaction.partitions.size > 0 || transaction.groups.size > 0) continue;
      this.#jobs.delete(job);
      transaction.state = committed ? 'CompleteCommit' : 'CompleteAbort';
    }
    if (this.#jobs.size === 0) return;
    const onlyFollowers = [...this.#jobs].every(
      ({ transaction, written }) => transaction.groups.size === 0 && written.size === transaction.partitions.size,
    );
    const { replicationLagMs } = this.#cluster.settings;
    this.#timer.set(onlyFollowers ? Math.min(retryMs, Math.max(writeMs, replicationLagMs)) : retryMs);
  }

  #markPartitions(job: Job): void {
    const { transaction, written } = job;
    for (const [key, { topic, index }] of transaction.partitions) {
      const partition = this.#cluster.partition(topic, index);
      // a deleted topic has nothing to decide any more
      if (partition !== null && !this.#isMarked(job, key, partition)) continue;
      transaction.partitions.delete(key);
      written.delete(key);
    }
  }

  /** Whether all replicas have the marker; writes it, also once more when a leader that was replaced took it along. */
  #isMarked({ marked, committed, written }: Job, key: string, partition: Partition): boolean {
    const { leadership, runtime } = this.#cluster;
    const { log } = partition;
    const before = written.get(key);
    if (before !== undefined && log.from(before.baseOffset)[0] === before) return before.lastOffset < log.highWatermark;
    if (!this.#isReached(partition.leader)) return false;
    const { producerId, producerEpoch } = marked;
    log.append(
      endMarker(producerId, producerEpoch, committed, partition.leaderEpoch, runtime.wallClock()),
      partition.leaderEpoch,
    );
    written.set(key, log.batches.at(-1)!);
    leadership.advance(partition);
    return log.highWatermark === log.endOffset;
  }

  #markGroups({ transaction, marked, committed }: Job): void {
    for (const groupId of transaction.groups) {
      if (!this.#isReached(this.#cluster.coordinatorOf(offsetsTopic, groupId))) continue;
      this.#cluster.groups.get(groupId)?.offsets.end(marked.producerId, committed);
      transaction.groups.delete(groupId);
    }
  }

  #isReached(id: number): boolean {
    return this.#cluster.brokers.get(id)?.reachable === true;
  }
}
