import { randomUuid } from '../../bytes/uuid.js';
import { type Runtime } from '../../model/runtime.js';
import { type Api } from '../../protocol/api.js';
import { BrokerNode } from './broker-node.js';
import { type ClusterSettings } from './cluster-options.js';
import { code } from './codes.js';
import { Controls } from './controls/control-table.js';
import { GroupRegistry } from './groups/group-registry.js';
import { coordinatorIndex, offsetsTopic, transactionsTopic } from './internal-topics.js';
import { Leadership } from './leadership.js';
import { topicConfigDefault } from './topic-configs.js';
import { isLegalTopicName, Partition, Topic } from './topic.js';
import { TransactionRegistry } from './transactions/transaction-registry.js';
import { versionRanges, type VersionRange } from './version-ranges.js';

/** Everything the brokers of one cluster share: what a real one keeps in its controller and on its disks. @internal */
export class ClusterState {
  readonly runtime: Runtime;
  readonly settings: ClusterSettings;
  readonly brokers: Map<number, BrokerNode> = new Map<number, BrokerNode>();
  readonly topics: Map<string, Topic> = new Map<string, Topic>();
  readonly topicsById: Map<string, Topic> = new Map<string, Topic>();
  readonly ranges: ReadonlyMap<number, VersionRange>;
  readonly leadership: Leadership;
  readonly groups: GroupRegistry;
  readonly transactions: TransactionRegistry;
  readonly controls: Controls;
  #created = 0;
  #producerIds = 0;
  #sessionIds = 0;

  constructor(runtime: Runtime, settings: ClusterSettings, address: (id: number) => { host: string; port: number }) {
    this.runtime = runtime;
    this.settings = settings;
    this.ranges = versionRanges(settings.brokerVersion);
    for (let id = 1; id <= settings.brokers; id++) {
      const { host, port } = address(id);
      this.brokers.set(id, new BrokerNode(id, host, port, settings.racks ? `rack${id}` : null));
    }
    this.controls = new Controls(this);
    this.leadership = new Leadership(this);
    this.groups = new GroupRegistry(this);
    this.transactions = new TransactionRegistry(this);
  }

  /** The lowest broker that runs; -1 for none. */
  get controllerId(): number {
    for (const broker of this.brokers.values()) if (broker.reachable) return broker.id;
    return -1;
  }

  get bootstrapServers(): string {
    return [...this.brokers.values()].map(({ host, port }) => `${host}:${port}`).join(',');
  }

  feature(name: string): number {
    return this.settings.features[name] ?? 0;
  }

  lists(api: Api<unknown, unknown>): VersionRange | undefined {
    return this.ranges.get(api.key);
  }

  nextProducerId(): number {
    return this.#producerIds++;
  }

  nextSessionId(): number {
    return ++this.#sessionIds;
  }

  /** Null when there is none with that index. */
  partition(topic: string, index: number): Partition | null {
    return this.topics.get(topic)?.partitions[index] ?? null;
  }

  /** By name, or by id where there is no name. */
  topicOf(
    named: { readonly name?: string | null; readonly topic?: string; readonly topicId?: string },
    byId: boolean,
  ): Topic | null {
    if (byId) return this.topicsById.get(named.topicId ?? '') ?? null;
    return this.topics.get(named.name ?? named.topic ?? '') ?? null;
  }

  /** Creates a topic; its partitions go round over the brokers that run. @returns an error code, or the topic */
  createTopic(
    name: string,
    partitions: number = this.settings.properties['num.partitions'],
    replicationFactor: number = Math.min(3, this.brokers.size),
    configs: ReadonlyMap<string, string> = new Map(),
    assignment: readonly (readonly number[])[] | null = null,
  ): Topic | number {
    if (!isLegalTopicName(name)) return code('INVALID_TOPIC_EXCEPTION');
    if (this.topics.has(name)) return code('TOPIC_ALREADY_EXISTS');
    const count = assignment?.length ?? partitions;
    if (count < 1) return code('INVALID_PARTITIONS');
    const ids = [...this.brokers.keys()];
    if (assignment === null && (replicationFactor < 1 || replicationFactor > ids.length)) {
      return code('INVALID_REPLICATION_FACTOR');
    }
    const internal = name === offsetsTopic || name === transactionsTopic;
    const topic = new Topic(
      name,
      randomUuid(() => this.runtime.random()),
      internal,
    );
    for (const [key, value] of configs) topic.configs.set(key, value);
    const first = this.#created++;
    for (let index = 0; index < count; index++) {
      topic.partitions.push(
        new Partition(topic, index, assignment?.[index] ?? replicasOf(ids, first + index, replicationFactor)),
      );
    }
    this.topics.set(name, topic);
    this.topicsById.set(topic.id, topic);
    for (const partition of topic.partitions) this.leadership.settle(partition);
    return topic;
  }

  /** Adds partitions at the end of a topic. */
  extend(topic: Topic, count: number, assignment: readonly (readonly number[])[] | null = null): void {
    const ids = [...this.brokers.keys()];
    const factor = topic.partitions[0]!.replicas.length;
    const first = this.#created++;
    const has = topic.partitions.length;
    while (topic.partitions.length < count) {
      const index = topic.partitions.length;
      const partition = new Partition(
        topic,
        index,
        assignment?.[index - has] ?? replicasOf(ids, first + index, factor),
      );
      topic.partitions.push(partition);
      this.leadership.settle(partition);
    }
  }

  deleteTopic(topic: Topic): void {
    topic.deleted = true;
    this.topics.delete(topic.name);
    this.topicsById.delete(topic.id);
    for (const { log } of topic.partitions) log.changed();
    this.groups.topicDeleted(topic.name);
  }

  /** The internal topic, made when first needed, as a real cluster does. */
  internalTopic(name: string): Topic {
    const found = this.topics.get(name);
    if (found !== undefined) return found;
    const property = name === offsetsTopic ? 'offsets.topic.num.partitions' : 'transaction.state.log.num.partitions';
    return this.createTopic(name, this.settings.properties[property]) as Topic;
  }

  /** Who coordinates the key: the leader of its partition in the internal topic; -1 for nobody. */
  coordinatorOf(topicName: string, key: string): number {
    const { partitions } = this.internalTopic(topicName);
    return partitions[coordinatorIndex(key, partitions.length)]!.leader;
  }

  coordinatorPartition(type: 'group' | 'transaction', key: string): Partition {
    const { partitions } = this.internalTopic(type === 'group' ? offsetsTopic : transactionsTopic);
    return partitions[coordinatorIndex(key, partitions.length)]!;
  }

  /** Ends every timer: the cluster is closed. */
  stop(): void {
    this.leadership.stop();
    this.groups.stop();
    this.transactions.stop();
  }

  config(topic: Topic, name: string): string {
    return topic.configs.get(name) ?? topicConfigDefault(name, this.settings.properties) ?? '';
  }
}

function replicasOf(ids: readonly number[], first: number, factor: number): number[] {
  return Array.from({ length: factor }, (_, at) => ids[(first + at) % ids.length]!);
}
