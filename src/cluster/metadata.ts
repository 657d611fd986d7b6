import { type KafkaError } from '../errors/kafka-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Logger, type Runtime } from '../model/runtime.js';
import { type MetadataResponse } from '../protocol/messages/metadata.js';
import { hop } from '../runtime/timer.js';
import { type AskMetadata, MetadataLoop, type MetadataPace } from './metadata-loop.js';
import { hasGaps, mergeLeader, mergeMetadata, mergeNodes, sameLeaders } from './metadata-merge.js';
import {
  type BrokerNode,
  type ClusterView,
  emptyView,
  type PartitionMetadata,
  type TopicMetadata,
} from './metadata-model.js';
import { TopicInterest, type TopicQuestion } from './topic-interest.js';

export { type BrokerNode, type PartitionMetadata, type TopicMetadata } from './metadata-model.js';

/** A broker named beside a leader hint (KIP-951). */
export interface NodeEndpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/**
 * What is known of brokers, topics and leaders, for all clients of one `Kafka`. Topics are asked for while somebody retains
 * them. Nothing here waits: readers get what is known now and are told of changes.
 */
export class Metadata {
  readonly #runtime: Runtime;
  readonly #logger: Logger;
  readonly #interest: TopicInterest = new TopicInterest();
  readonly #loop: MetadataLoop;
  readonly #listeners: Set<{ readonly listener: () => void }> = new Set<{ readonly listener: () => void }>();
  #view: ClusterView = emptyView;
  #version = 0;
  #unreached: KafkaError | null = null;
  #cancelNotice: Cancel | null = null;

  constructor(runtime: Runtime, logger: Logger, pace: MetadataPace, ask: AskMetadata) {
    this.#runtime = runtime;
    this.#logger = logger;
    this.#loop = new MetadataLoop(runtime, pace, this.#interest, ask, {
      apply: (question, response) => this.#apply(question, response),
      gaps: () => hasGaps(this.#view, this.#interest.names()),
    });
  }

  get brokers(): ReadonlyMap<number, BrokerNode> {
    return this.#view.brokers;
  }

  get clusterId(): string | null {
    return this.#view.clusterId;
  }

  /** -1 while unknown. */
  get controllerId(): number {
    return this.#view.controllerId;
  }

  /** Grows with each change, answers and leader hints alike. */
  get version(): number {
    return this.#version;
  }

  /** The last connection that failed since a broker has answered; null when none has. */
  get unreached(): KafkaError | null {
    return this.#unreached;
  }

  notReached(error: KafkaError): void {
    this.#unreached = error;
  }

  /** Undefined while no answer named it; one that is refused or missing has an error code and no partitions. */
  topic(name: string): TopicMetadata | undefined {
    return this.#view.topics.get(name);
  }

  partition(topic: string, partition: number): PartitionMetadata | undefined {
    return this.#view.topics.get(topic)?.partitions[partition];
  }

  topicName(topicId: string): string | undefined {
    return this.#view.names.get(topicId);
  }

  topics(): readonly TopicMetadata[] {
    return [...this.#view.topics.values()];
  }

  /** Keeps these topics known until the returned function is called. One that is not known is asked for at once. */
  retain(topics: readonly string[], options?: { readonly autoCreate?: boolean }): Cancel {
    const release = this.#interest.retain(topics, options?.autoCreate ?? false);
    if (topics.some((name) => this.topic(name)?.errorCode !== 0)) this.#loop.want(true);
    else this.#loop.checkAge();
    return release;
  }

  /** Keeps all topics of the cluster known, for subscriptions by pattern. */
  retainAll(): Cancel {
    const first = !this.#interest.wantsAll;
    const release = this.#interest.retainAll();
    if (first) this.#loop.want(true);
    return release;
  }

  /**
   * Asks again, at the pace of the back-off.
   * @param done - after the first answer that was asked for after this call, or its failure
   */
  refresh(reason: string, done?: Done<true>): Cancel {
    this.#logger.debug({ reason }, 'Metadata is asked for');
    if (done !== undefined) return this.#loop.wait(done);
    this.#loop.want(false);
    return () => undefined;
  }

  /** What is known may be wrong: refreshes where somebody is interested. */
  markStale(reason: string): void {
    if (this.#interest.any) this.refresh(reason);
  }

  /** The listener runs after each change; it reads what it needs from here. */
  onUpdate(listener: () => void): Cancel {
    const entry = { listener };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  /** A leader that a Produce or Fetch answer named (KIP-951); taken when it is newer. Listeners run in a turn of their own. */
  learnLeader(
    topic: string,
    partition: number,
    leader: number,
    leaderEpoch: number,
    endpoints: readonly NodeEndpoint[] = [],
  ): void {
    const nodes = endpoints.map(({ nodeId, host, port, rack }) => ({ id: nodeId, host, port, rack }));
    const view = mergeLeader(this.#view, topic, partition, leader, leaderEpoch);
    const known = nodes.some(({ id }) => id === leader) || view.brokers.has(leader);
    // without an address the hint is of no use: the answer to the next refresh has both
    if (view === this.#view || !known) return;
    this.#view = mergeNodes(view, nodes);
    this.#version++;
    this.#cancelNotice ??= hop(this.#runtime, () => {
      this.#cancelNotice = null;
      this.#notify();
    });
  }

  /** A broker that a coordinator look-up named. */
  learnBroker(id: number, host: string, port: number): void {
    const known = this.#view.brokers.get(id);
    this.#view = mergeNodes(this.#view, [{ id, host, port, rack: known?.rack ?? null }]);
  }

  /** Known brokers are of no use any more: the next question goes to the bootstrap servers. */
  forgetBrokers(): void {
    this.#view = { ...this.#view, brokers: new Map<number, BrokerNode>() };
  }

  close(): void {
    this.#cancelNotice?.();
    this.#cancelNotice = null;
    this.#listeners.clear();
    this.#loop.close();
  }

  #apply(question: TopicQuestion, response: MetadataResponse): boolean {
    const before = this.#view;
    const { wantsAll } = this.#interest;
    this.#unreached = null;
    this.#view = mergeMetadata(before, response, {
      asked: question.topics,
      keep: (name) => this.#interest.has(name) || (wantsAll && question.topics !== null),
    });
    this.#version++;
    this.#notify();
    return !sameLeaders(before, this.#view);
  }

  #notify(): void {
    for (const entry of [...this.#listeners]) {
      // one that an earlier one of this round removed, or close did, is not called any more
      if (this.#listeners.has(entry)) entry.listener();
    }
  }
}
