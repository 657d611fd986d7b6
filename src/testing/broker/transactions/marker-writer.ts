import { Timer } from '../../../runtime/timer.js';
import { type ClusterState } from '../cluster-state.js';
import { offsetsTopic } from '../internal-topics.js';
import { endMarker } from '../log/end-marker.js';
import { type ProducerIdentity, type Transaction } from './transaction.js';

/** A transaction that was decided and whose markers are not all written. */
interface Job {
  readonly transaction: Transaction;
  readonly marked: ProducerIdentity;
  readonly committed: boolean;
}

/** Milliseconds until markers are written that nobody holds up, and until another try. */
const writeMs = 1;
const retryMs = 100;

/**
 * Writes the end markers of decided transactions, a moment after the decision, as the brokers' own requests do. A partition
 * without a leader that can be reached holds its transaction up until there is one. @internal
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
    this.#jobs.add({ transaction, marked, committed });
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
    if (this.#jobs.size > 0) this.#timer.set(retryMs);
  }

  #markPartitions({ transaction, marked, committed }: Job): void {
    const { leadership, runtime } = this.#cluster;
    for (const [key, { topic, index }] of transaction.partitions) {
      const partition = this.#cluster.partition(topic, index);
      // a deleted topic has nothing to decide any more
      if (partition !== null) {
        if (!this.#isReached(partition.leader)) continue;
        const { producerId, producerEpoch } = marked;
        const bytes = endMarker(producerId, producerEpoch, committed, partition.leaderEpoch, runtime.wallClock());
        partition.log.append(bytes, partition.leaderEpoch);
        leadership.advance(partition);
      }
      transaction.partitions.delete(key);
    }
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
