import { Cluster } from '../../../../src/cluster/cluster.js';
import type { MembershipHost } from '../../../../src/consumer/group/membership-host.js';
import { openMembership, type OpenMembership } from '../../../../src/consumer/open-membership.js';
import type { KafkaError } from '../../../../src/errors/kafka-error.js';
import type { CommitReceipt } from '../../../../src/model/commit.js';
import type { OffsetList, TopicPartition } from '../../../../src/model/topic-partition.js';
import { resolveConsumerOptions } from '../../../../src/observables/consumer-options.js';
import { resolveKafkaOptions } from '../../../../src/observables/kafka-options.js';
import { nodeRuntime } from '../../../../src/runtime/node/node-runtime.js';
import { waitUntil } from '../../../support/kafka/probe.js';

/** Who holds which partition, over all live members of one group, and every moment two held the same. */
export class Ownership {
  readonly owners: Map<string, LiveMember> = new Map<string, LiveMember>();
  readonly violations: string[] = [];

  /** Partitions per member that holds any, by its name. */
  sizes(): Record<string, number> {
    const sizes: Record<string, number> = {};
    for (const { name } of this.owners.values()) sizes[name] = (sizes[name] ?? 0) + 1;
    return sizes;
  }
}

interface Cursor {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  commitValue: { readonly offset: number; readonly leaderEpoch: number } | null;
}

export interface LiveMemberOptions {
  readonly bootstrapServers: string;
  readonly ownership: Ownership;
  /** As for `kafka.consumer`. */
  readonly consumer: object;
  /** How long a drain takes. */
  readonly drainMs?: number;
  readonly metadataMaxAgeMs?: number;
}

let epochs = 0;

/** A real membership with a host that holds partitions and reads nothing: what a consumer does at a rebalance, without records. */
export class LiveMember implements MembershipHost {
  readonly name: string;
  readonly membership: OpenMembership;
  readonly journal: string[] = [];
  readonly cursors: Map<string, Cursor> = new Map<string, Cursor>();
  failure: KafkaError | null = null;
  stable = false;
  drainMs: number;
  readonly cluster: Cluster;
  readonly #ownership: Ownership;
  readonly #timers: Set<NodeJS.Timeout> = new Set<NodeJS.Timeout>();

  constructor(name: string, options: LiveMemberOptions) {
    this.name = name;
    this.#ownership = options.ownership;
    this.drainMs = options.drainMs ?? 0;
    const { bootstrapServers, metadataMaxAgeMs } = options;
    const given = { bootstrapServers, clientId: name, ...(metadataMaxAgeMs === undefined ? {} : { metadataMaxAgeMs }) };
    this.cluster = new Cluster(resolveKafkaOptions(given).cluster, nodeRuntime(), () => undefined);
    const resolved = resolveConsumerOptions(options.consumer);
    this.membership = openMembership(this.cluster, resolved, resolved.selection, this);
  }

  start(): this {
    this.membership.start();
    return this;
  }

  held(): readonly TopicPartition[] {
    return [...this.cursors.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  assigned(added: readonly TopicPartition[], all: readonly TopicPartition[]): void {
    this.journal.push(`assigned ${text(added)}`);
    for (const { topic, partition } of added) {
      const key = text([{ topic, partition }]);
      const other = this.#ownership.owners.get(key);
      if (other !== undefined) this.#ownership.violations.push(`${key} to ${this.name} while ${other.name} held it`);
      this.#ownership.owners.set(key, this);
      const cursor: Cursor = { topic, partition, epoch: ++epochs, commitValue: null };
      this.cursors.set(key, cursor);
      this.membership.committer?.add(cursor, null);
    }
    const draining = this.cursors.size - all.length;
    if (draining < 0) this.#ownership.violations.push(`${this.name} was told to have more than it was given`);
  }

  revoke(partitions: readonly TopicPartition[], deadline: number, done: () => void): void {
    this.journal.push(`revoke ${text(partitions)}`);
    this.stable = false;
    const drained = partitions.map((tp) => this.cursors.get(text([tp]))).filter((cursor) => cursor !== undefined);
    const { committer } = this.membership;
    this.#after(Math.min(this.drainMs, deadline - this.cluster.runtime.now()), () => {
      const finish = (): void => {
        for (const cursor of drained) this.#drop(cursor);
        done();
      };
      if (committer === null || drained.length === 0) finish();
      else committer.commitNow(drained, finish);
    });
  }

  lost(partitions: readonly TopicPartition[]): void {
    this.journal.push(`lost ${text(partitions)}`);
    for (const tp of partitions) {
      const cursor = this.cursors.get(text([tp]));
      if (cursor !== undefined) this.#drop(cursor);
    }
  }

  state(state: string): void {
    this.stable = state === 'stable';
    this.journal.push(state);
  }

  failed(error: KafkaError): void {
    this.failure = error;
  }

  /** What was settled up to now; null = nothing. */
  settle(tp: TopicPartition, offset: number): void {
    this.cursors.get(text([tp]))!.commitValue = { offset, leaderEpoch: -1 };
  }

  commit(): Promise<CommitReceipt> {
    return new Promise((resolve, reject) => {
      this.membership.committer!.commitNow(null, (error, receipt) => {
        if (receipt === null) reject(error ?? new Error('no receipt'));
        else resolve(receipt);
      });
    });
  }

  committed(partitions: readonly TopicPartition[]): Promise<OffsetList> {
    return new Promise((resolve, reject) => {
      this.membership.committed!.fetch(partitions, (error, offsets) => {
        if (offsets === null) reject(error ?? new Error('no offsets'));
        else resolve(offsets);
      });
    });
  }

  holds(count: number, timeoutMs = 20_000): Promise<void> {
    return waitUntil(
      `${this.name} holds ${count}`,
      timeoutMs,
      () => this.cursors.size === count && this.stable,
      () => this.failure?.message ?? null,
    );
  }

  fails(timeoutMs = 20_000): Promise<KafkaError> {
    return waitUntil(`${this.name} fails`, timeoutMs, () => this.failure !== null).then(() => this.failure!);
  }

  /** Drains everything, leaves and closes. */
  async leave(leaveGroup?: boolean): Promise<void> {
    this.membership.stopRebalancing();
    const cursors = [...this.cursors.values()];
    await new Promise<void>((resolve) => {
      const { committer } = this.membership;
      if (committer === null || cursors.length === 0) resolve();
      else {
        committer.commitNow(cursors, () => {
          resolve();
        });
      }
    });
    for (const cursor of cursors) this.#drop(cursor);
    await new Promise<void>((resolve) => {
      this.membership.leave({ leaveGroup }, resolve);
    });
    this.close();
  }

  /** Gone without a word, as when the process dies. */
  close(): void {
    for (const cursor of [...this.cursors.values()]) this.#drop(cursor);
    for (const timer of this.#timers) clearTimeout(timer);
    this.membership.close();
    this.cluster.close();
  }

  #drop(cursor: Cursor): void {
    const key = text([cursor]);
    if (this.cursors.get(key) !== cursor) return;
    this.cursors.delete(key);
    if (this.#ownership.owners.get(key) === this) this.#ownership.owners.delete(key);
    this.membership.committer?.remove(cursor);
  }

  #after(ms: number, work: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        work();
      },
      Math.max(0, ms),
    );
    this.#timers.add(timer);
  }
}

function text(partitions: readonly TopicPartition[]): string {
  return partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(' ');
}
