import type { Cluster } from '../../../../src/cluster/cluster.js';
import type { KafkaError } from '../../../../src/errors/kafka-error.js';
import type { MembershipHost } from '../../../../src/consumer/group/membership-host.js';
import type { TopicPartition } from '../../../../src/model/topic-partition.js';
import { FakeRuntime } from '../../../producer/support/fake-runtime.js';

interface FakeTopic {
  partitions: number;
  errorCode: number;
}

/** The metadata part of a cluster: topics that the spec sets, and one answer per `publish`. */
export class FakeMetadataCluster {
  readonly runtime: FakeRuntime = new FakeRuntime();
  readonly options = { requestTimeoutMs: 30_000, retryBackoffMs: 100, retryBackoffMaxMs: 1000 };
  readonly retained: { readonly topics: readonly string[]; readonly autoCreate: boolean | undefined }[] = [];
  released = 0;
  refreshes = 0;
  readonly #topics: Map<string, FakeTopic> = new Map<string, FakeTopic>();
  readonly #listeners: Set<() => void> = new Set<() => void>();

  readonly metadata = {
    version: 0,
    topic: (name: string): unknown => {
      const topic = this.#topics.get(name);
      if (topic === undefined) return undefined;
      const partitions = Array.from({ length: topic.partitions }, (_, partition) => ({ partition, leader: 1 }));
      return { name, topicId: `id-${name}`, isInternal: false, errorCode: topic.errorCode, partitions };
    },
    retain: (topics: readonly string[], options?: { autoCreate?: boolean }): (() => void) => {
      this.retained.push({ topics, autoCreate: options?.autoCreate });
      return () => {
        this.released++;
      };
    },
    refresh: (): (() => void) => {
      this.refreshes++;
      return () => undefined;
    },
    onUpdate: (listener: () => void): (() => void) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    },
  };

  /** Never found. */
  coordinator(): () => void {
    return () => undefined;
  }

  get cluster(): Cluster {
    return this as unknown as Cluster;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Null: the brokers do not know the topic. */
  set(topic: string, partitions: number | null, errorCode = 0): void {
    if (partitions === null) this.#topics.delete(topic);
    else this.#topics.set(topic, { partitions, errorCode });
  }

  /** A metadata answer arrives, and everything that follows in this instant happens. */
  publish(): void {
    this.metadata.version++;
    for (const listener of [...this.#listeners]) listener();
    this.runtime.advance(1);
  }
}

/** Writes down what the membership says, as text. */
export class RecordingHost implements MembershipHost {
  readonly said: string[] = [];
  error: KafkaError | null = null;
  assignedObjects: readonly TopicPartition[] = [];

  held(): readonly TopicPartition[] {
    return [];
  }
  assigned(added: readonly TopicPartition[], all: readonly TopicPartition[]): void {
    this.assignedObjects = added;
    this.said.push(`assigned ${text(added)} of ${text(all)}`);
  }
  revoke(partitions: readonly TopicPartition[]): void {
    this.said.push(`revoke ${text(partitions)}`);
  }
  lost(partitions: readonly TopicPartition[]): void {
    this.said.push(`lost ${text(partitions)}`);
  }
  state(state: string): void {
    this.said.push(state);
  }
  failed(error: KafkaError): void {
    this.error = error;
    this.said.push('failed');
  }
  /** What was said since the last call. */
  take(): string[] {
    return this.said.splice(0);
  }
}

function text(partitions: readonly TopicPartition[]): string {
  return `[${partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(' ')}]`;
}
