import { type Cluster } from '../cluster/cluster.js';
import { BrokerError } from '../errors/broker-error.js';
import { UsageError } from '../errors/usage-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type OffsetList, type PartitionInfo, type TopicPartition } from '../model/topic-partition.js';
import { hop } from '../runtime/timer.js';
import { CommittedOffsets } from './committed-offsets.js';
import { ManualGroup } from './group/manual-group.js';
import { type OffsetLookup } from './offset-lookup.js';

/** The queries as their users see them. */
export type QueryPort = Pick<ConsumerQueries, keyof ConsumerQueries>;

/** What a consumer can be asked without being subscribed. */
export class ConsumerQueries {
  readonly #cluster: Cluster;
  readonly #lookup: OffsetLookup;
  readonly #group: ManualGroup | null;
  readonly #committed: CommittedOffsets | null;

  constructor(cluster: Cluster, lookup: OffsetLookup, groupId: string | null) {
    this.#cluster = cluster;
    this.#lookup = lookup;
    const { requestTimeoutMs } = cluster.options;
    this.#group = groupId === null ? null : new ManualGroup(cluster, { groupId, requestTimeoutMs });
    this.#committed = this.#group === null ? null : new CommittedOffsets(this.#group);
  }

  /** A value that is at hand, one hop later. */
  soon<T>(value: () => T, done: Done<T>): Cancel {
    return hop(this.#cluster.runtime, () => {
      done(null, value());
    });
  }

  close(): void {
    this.#group?.close();
  }

  /** Committed offsets of the group, without the partitions that have none; without a group that is a UsageError. */
  committed(partitions: readonly TopicPartition[], done: Done<OffsetList>): Cancel {
    if (this.#committed !== null) return this.#committed.fetch(partitions, done);
    return hop(this.#cluster.runtime, () => {
      done(new UsageError('A consumer without groupId has no committed offsets, give it a groupId'), null);
    });
  }

  /** Per partition the offset at its timestamp, -1 where there is none. */
  offsets(targets: readonly (TopicPartition & { readonly timestamp: number })[], done: Done<OffsetList>): Cancel {
    if (targets.length === 0) {
      return hop(this.#cluster.runtime, () => {
        done(null, []);
      });
    }
    return this.#lookup.list(targets, done);
  }

  partitionsFor(topic: string, done: Done<readonly PartitionInfo[]>): Cancel {
    const { metadata } = this.#cluster;
    const release = metadata.retain([topic]);
    const cancel = metadata.refresh('partitions of a topic are asked for', (error) => {
      const found = metadata.topic(topic);
      release();
      if (error !== null) done(error, null);
      else if (found === undefined || found.errorCode !== 0) {
        done(new BrokerError(found?.errorCode ?? 3, `Partitions of ${topic}`, { topic }), null);
      } else {
        done(
          null,
          found.partitions.map(({ partition, leader, replicas, isr }) => ({
            topic,
            partition,
            leader: leader < 0 ? null : leader,
            replicas,
            inSyncReplicas: isr,
          })),
        );
      }
    });
    return () => {
      cancel();
      release();
    };
  }

  /** Names of all topics that this client may see, internal ones left out. */
  topics(done: Done<readonly string[]>): Cancel {
    const { metadata } = this.#cluster;
    const release = metadata.retainAll();
    const cancel = metadata.refresh('topics are listed', (error) => {
      const names = metadata
        .topics()
        .filter(({ isInternal, errorCode }) => !isInternal && errorCode === 0)
        .map(({ name }) => name);
      release();
      if (error !== null) done(error, null);
      else done(null, names.sort());
    });
    return () => {
      cancel();
      release();
    };
  }
}
