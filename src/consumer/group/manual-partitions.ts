import { type Cluster } from '../../cluster/cluster.js';
import { type Cancel } from '../../model/done.js';
import { type TopicPartition, type TopicPartitionOffset } from '../../model/topic-partition.js';
import { hop } from '../../runtime/timer.js';
import { type MembershipHost } from './membership-host.js';
import { PartitionSet } from './partition-set.js';
import { TopicWatch } from './topic-watch.js';

/** Partitions that the user chose: assigned once, given up by nobody but the consumer itself. */
export class ManualPartitions {
  readonly #cluster: Cluster;
  readonly #partitions: readonly (TopicPartition | TopicPartitionOffset)[];
  readonly #host: MembershipHost;
  readonly #watch: TopicWatch;
  #cancelHop: Cancel | null = null;
  #closed = false;

  /** @param partitions - a partition that is named twice counts once, as it was named first */
  constructor(
    cluster: Cluster,
    partitions: readonly (TopicPartition | TopicPartitionOffset)[],
    autoCreate: boolean,
    host: MembershipHost,
  ) {
    this.#cluster = cluster;
    const seen = new PartitionSet();
    this.#partitions = partitions.filter((tp) => {
      const first = !seen.has(tp);
      seen.add(tp);
      return first;
    });
    this.#host = host;
    this.#watch = new TopicWatch(cluster, [...seen.topics().keys()], autoCreate, {
      changed: () => undefined,
      refused: (error) => {
        this.close();
        host.failed(error);
      },
    });
  }

  start(): void {
    this.#watch.start();
    this.#cancelHop ??= hop(this.#cluster.runtime, () => {
      this.#host.assigned(this.#partitions, this.#partitions);
      if (!this.#closed) this.#host.state('stable');
    });
  }

  /** Keeps the topics known and says nothing any more. */
  stop(): void {
    this.#closed = true;
    this.#cancelHop?.();
    this.#watch.mute();
  }

  close(): void {
    this.#closed = true;
    this.#cancelHop?.();
    this.#watch.close();
  }
}
