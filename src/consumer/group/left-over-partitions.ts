import { type Cluster } from '../../cluster/cluster.js';
import { type KafkaError } from '../../errors/kafka-error.js';
import { type Cancel, type Done } from '../../model/done.js';
import { type TopicPartition } from '../../model/topic-partition.js';
import { backoffMs } from '../../runtime/backoff.js';
import { Timer } from '../../runtime/timer.js';

/** What the members of the group hold; null while the group has no assignment, or one that cannot be read. */
export type AskAssigned = (done: Done<readonly TopicPartition[] | 'unknown'>) => Cancel;

/**
 * Partitions that nobody reads because no leader saw them come. A static leader that returns keeps the assignment its
 * predecessor made (KIP-814) and is not told of how many partitions; those that were added while it was away would stay without
 * an owner until the next rebalance. So it asks the coordinator, once, what the members have.
 */
export class LeftOverPartitions {
  readonly #cluster: Cluster;
  readonly #ask: AskAssigned;
  readonly #retry: Timer;
  #call: Cancel | null = null;
  #look: () => void = () => undefined;
  #failures = 0;

  constructor(cluster: Cluster, ask: AskAssigned) {
    this.#cluster = cluster;
    this.#ask = ask;
    this.#retry = new Timer(cluster.runtime, () => {
      this.#look();
    });
  }

  /** @param found - a partition of the topics has no owner; not called after `stop` */
  look(topics: readonly string[], found: () => void): void {
    this.stop();
    this.#failures = 0;
    this.#look = (): void => {
      this.#call = this.#ask((error, assigned) => {
        this.#call = null;
        if (error !== null) this.#failed(error);
        else if (assigned !== null && assigned !== 'unknown' && this.#isLeftOver(topics, assigned)) found();
      });
    };
    this.#look();
  }

  stop(): void {
    this.#call?.();
    this.#call = null;
    this.#retry.clear();
  }

  #isLeftOver(topics: readonly string[], assigned: readonly TopicPartition[]): boolean {
    const owned = new Set(assigned.map(({ topic, partition }) => `${partition} ${topic}`));
    return topics.some((topic) =>
      this.#cluster.metadata.topic(topic)?.partitions.some(({ partition }) => !owned.has(`${partition} ${topic}`)),
    );
  }

  /** What is refused for good (no right to describe the group) leaves things as they are with every client. */
  #failed(error: KafkaError): void {
    if (!error.retriable) {
      this.#cluster.logger.debug({ code: error.code }, `Assignment of the group is not known: ${error.message}`);
      return;
    }
    const { retryBackoffMs, retryBackoffMaxMs } = this.#cluster.options;
    this.#retry.set(
      backoffMs(this.#failures++, retryBackoffMs, retryBackoffMaxMs, () => this.#cluster.runtime.random()),
    );
  }
}
