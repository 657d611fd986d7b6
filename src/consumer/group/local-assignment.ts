import { type Runtime } from '../../model/runtime.js';
import { type TopicPartition } from '../../model/topic-partition.js';
import { type MembershipHost } from './membership-host.js';
import { PartitionSet } from '../../cluster/partition-set.js';

/**
 * What a consumer holds that answers to no group: partitions come and go as it is told, each change at once.
 *
 * Race: a partition may be wanted again while it is still given up. Its stream has to end before a new one begins, so it waits
 * for the end of its drain, and is assigned then if it is still wanted.
 */
export class LocalAssignment {
  readonly #runtime: Runtime;
  readonly #drainTimeoutMs: number;
  readonly #host: MembershipHost;
  readonly #held: PartitionSet = new PartitionSet();
  readonly #draining: PartitionSet = new PartitionSet();
  /** Wanted again while it drains; with the start offset, where it was given one. */
  #returning: TopicPartition[] = [];
  #told = false;
  #stopped = false;

  constructor(runtime: Runtime, drainTimeoutMs: number, host: MembershipHost) {
    this.#runtime = runtime;
    this.#drainTimeoutMs = drainTimeoutMs;
    this.#host = host;
  }

  /** Partition numbers by topic, without what is given up. */
  topics(): ReadonlyMap<string, ReadonlySet<number>> {
    return this.#held.topics();
  }

  /** `wanted` replaces what is held: additions are assigned, the rest is drained. */
  replace(wanted: readonly TopicPartition[]): void {
    const keep = new PartitionSet(wanted);
    this.drop(this.#held.list().filter((tp) => !keep.has(tp)));
    this.#returning = [];
    this.add(wanted.filter((tp) => !this.#held.has(tp)));
  }

  add(partitions: readonly TopicPartition[]): void {
    if (this.#stopped) return;
    const now = partitions.filter((tp) => !this.#draining.has(tp));
    // asked for at every look at the metadata while it drains, and still begins once
    const again = partitions.filter(
      (tp) => this.#draining.has(tp) && !this.#returning.some((other) => same(tp, other)),
    );
    this.#returning.push(...again);
    if (now.length === 0) return;
    this.#held.addAll(now);
    this.#host.assigned(now, this.#held.list());
    this.#tellStable();
  }

  /** Given up in order: open work may settle until the deadline, then the last commit. */
  drop(partitions: readonly TopicPartition[]): void {
    this.#returning = this.#returning.filter((tp) => !partitions.some((other) => same(tp, other)));
    const held = partitions.filter((tp) => this.#held.has(tp));
    if (held.length === 0 || this.#stopped) return;
    this.#held.deleteAll(held);
    this.#draining.addAll(held);
    this.#host.revoke(held, this.#runtime.now() + this.#drainTimeoutMs, () => {
      this.#draining.deleteAll(held);
      const back = this.#returning.filter((tp) => !this.#draining.has(tp));
      this.#returning = this.#returning.filter((tp) => this.#draining.has(tp));
      this.add(back);
    });
  }

  /** They are no more: nothing to drain and nothing to commit. */
  lose(partitions: readonly TopicPartition[]): void {
    if (partitions.length === 0 || this.#stopped) return;
    this.#held.deleteAll(partitions);
    this.#host.lost(partitions, null);
  }

  stop(): void {
    this.#stopped = true;
  }

  #tellStable(): void {
    if (this.#told || this.#stopped) return;
    this.#told = true;
    this.#host.state('stable');
  }
}

function same(a: TopicPartition, b: TopicPartition): boolean {
  return a.partition === b.partition && a.topic === b.topic;
}
