import type { MembershipHost } from '../../../../src/consumer/group/membership-host.js';
import { PartitionSet } from '../../../../src/cluster/partition-set.js';
import type { KafkaError } from '../../../../src/errors/kafka-error.js';
import type { TopicPartition } from '../../../../src/model/topic-partition.js';

export interface PendingRevoke {
  readonly partitions: string;
  readonly deadline: number;
  readonly done: () => void;
}

/** A host that keeps its own book of what it holds and throws when the membership contradicts it. */
export class CheckingHost implements MembershipHost {
  readonly said: string[] = [];
  readonly holds: PartitionSet = new PartitionSet();
  readonly drains: PartitionSet = new PartitionSet();
  readonly revokes: PendingRevoke[] = [];
  error: KafkaError | null = null;
  lostError: KafkaError | null = null;
  onAssigned: ((added: readonly TopicPartition[]) => void) | null = null;
  onGone: ((gone: readonly TopicPartition[]) => void) | null = null;
  /** Set: a drain ends by itself after that many milliseconds. */
  drainMs: (() => number) | null = null;
  schedule: (work: () => void, ms: number) => void = () => undefined;

  held(): readonly TopicPartition[] {
    return [...this.holds.list(), ...this.drains.list()];
  }

  assigned(added: readonly TopicPartition[], all: readonly TopicPartition[]): void {
    this.#alive();
    for (const tp of added) {
      if (this.holds.has(tp) || this.drains.has(tp)) throw new Error(`${text([tp])} was assigned while it is held`);
      this.holds.add(tp);
    }
    if (text(all) !== text(this.holds.list()))
      throw new Error(`told to hold ${text(all)}, holds ${text(this.holds.list())}`);
    this.said.push(`assigned ${text(added)}`);
    this.onAssigned?.(added);
  }

  revoke(partitions: readonly TopicPartition[], deadline: number, done: () => void): void {
    this.#alive();
    for (const tp of partitions) {
      if (!this.holds.delete(tp)) throw new Error(`${text([tp])} was revoked and is not held`);
      this.drains.add(tp);
    }
    this.said.push(`revoke ${text(partitions)}`);
    let over = false;
    const finish = (): void => {
      if (over) return;
      over = true;
      // what was lost meanwhile is not ours to end
      const ended = partitions.filter((tp) => this.drains.delete(tp));
      if (ended.length > 0) this.onGone?.(ended);
      done();
    };
    this.revokes.push({ partitions: text(partitions), deadline, done: finish });
    if (this.drainMs !== null) this.schedule(finish, this.drainMs());
  }

  lost(partitions: readonly TopicPartition[], error: KafkaError | null): void {
    this.#alive();
    for (const tp of partitions) {
      if (!this.holds.delete(tp) && !this.drains.delete(tp)) throw new Error(`${text([tp])} was lost and is not held`);
    }
    this.lostError = error;
    this.said.push(`lost ${text(partitions)}`);
    this.onGone?.(partitions);
  }

  state(state: string): void {
    this.#alive();
    this.said.push(state);
  }

  failed(error: KafkaError): void {
    this.#alive();
    this.error = error;
    this.said.push('failed');
  }

  take(): string[] {
    return this.said.splice(0);
  }

  #alive(): void {
    if (this.error !== null) throw new Error('called after failed');
  }
}

/** `t-0 t-1`, sorted. */
export function text(partitions: readonly TopicPartition[]): string {
  return partitions
    .map(({ topic, partition }) => `${topic}-${partition}`)
    .sort()
    .join(' ');
}

/** From `t-0 t-1`. */
export function tps(names: string): TopicPartition[] {
  return names
    .split(' ')
    .filter((name) => name !== '')
    .map((name) => ({
      topic: name.slice(0, name.lastIndexOf('-')),
      partition: Number(name.slice(name.lastIndexOf('-') + 1)),
    }));
}
