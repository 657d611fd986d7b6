import { type Cluster } from '../../cluster/cluster.js';
import { type Cancel } from '../../model/done.js';
import { type TopicPartition, type TopicPartitionOffset } from '../../model/topic-partition.js';
import { hop } from '../../runtime/timer.js';
import { LocalAssignment } from './local-assignment.js';
import { type MembershipHost } from './membership-host.js';
import { PartitionSet } from '../../cluster/partition-set.js';
import { SelectedTopics } from './selected-topics.js';

type Chosen = readonly (TopicPartition | TopicPartitionOffset)[];

/**
 * Partitions that the user chose: assigned as they are, given up by nobody but the consumer itself. One that stays in a changed
 * choice keeps its position; a start offset counts for one that is new.
 */
export class ManualPartitions {
  readonly #cluster: Cluster;
  readonly #assignment: LocalAssignment;
  readonly #topics: SelectedTopics;
  #partitions: Chosen;
  #cancelHop: Cancel | null = null;
  #closed = false;

  /** @param partitions - a partition that is named twice counts once, as it was named first */
  constructor(
    cluster: Cluster,
    partitions: Chosen,
    options: { readonly allowAutoCreateTopics: boolean; readonly drainTimeoutMs: number },
    host: MembershipHost,
  ) {
    this.#cluster = cluster;
    this.#partitions = distinct(partitions);
    this.#assignment = new LocalAssignment(cluster.runtime, options.drainTimeoutMs, host);
    this.#topics = new SelectedTopics(
      cluster,
      { kind: 'topics', topics: topicsOf(this.#partitions) },
      { ...options, excludeInternalTopics: false },
      {
        changed: () => undefined,
        refused: (error) => {
          this.close();
          host.failed(error);
        },
      },
    );
  }

  start(): void {
    this.#topics.start();
    this.#soon();
  }

  select(partitions: Chosen): void {
    this.#partitions = distinct(partitions);
    this.#topics.select({ kind: 'topics', topics: topicsOf(this.#partitions) });
    this.#soon();
  }

  /** Keeps the topics known and says nothing any more. */
  stop(): void {
    this.#closed = true;
    this.#cancelHop?.();
    this.#assignment.stop();
    this.#topics.mute();
  }

  close(): void {
    this.stop();
    this.#topics.close();
  }

  #soon(): void {
    if (this.#closed) return;
    this.#cancelHop ??= hop(this.#cluster.runtime, () => {
      this.#cancelHop = null;
      this.#assignment.replace(this.#partitions);
    });
  }
}

function distinct(partitions: Chosen): Chosen {
  const seen = new PartitionSet();
  return partitions.filter((tp) => {
    const first = !seen.has(tp);
    seen.add(tp);
    return first;
  });
}

function topicsOf(partitions: Chosen): string[] {
  return [...new PartitionSet(partitions).topics().keys()];
}
