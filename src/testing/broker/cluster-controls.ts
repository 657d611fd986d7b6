import { apiHandlers } from './api-handlers.js';
import { type BrokerNode, type BrokerState } from './broker-node.js';
import { type ClusterState } from './cluster-state.js';
import { brokerErrorCodes } from '../../errors/broker-error-codes.js';
import {
  checkInterception,
  type InterceptedRequest,
  type Interception,
  type InterceptOptions,
} from './controls/control-table.js';
import { checkNames } from './option-names.js';
import { type Partition, type Topic } from './topic.js';

/** Settings of a topic that a test creates. @public */
export interface TopicInit {
  /** How many. @defaultValue 1 (num.partitions) */
  readonly partitions?: number | undefined;
  /** How many replicas each has. @defaultValue 3, or the number of brokers */
  readonly replicationFactor?: number | undefined;
  /** Topic configurations, as `kafka-configs` names them. */
  readonly configs?: Readonly<Record<string, string>> | undefined;
}

/** A partition as it stands. @public */
export interface PartitionState {
  /** Node id, -1 without one. */
  readonly leader: number;
  /** Counts the changes of the leader. */
  readonly leaderEpoch: number;
  /** Node ids. */
  readonly replicas: readonly number[];
  /** Node ids of the replicas in sync. */
  readonly isr: readonly number[];
  /** The first offset that can be read. */
  readonly logStartOffset: number;
  /** One behind the last record. */
  readonly endOffset: number;
  /** One behind what all replicas in sync have. */
  readonly highWatermark: number;
  /** Everything before it belongs to no open transaction. */
  readonly lastStableOffset: number;
  /** The record batches as bytes, oldest first. */
  readonly batches: readonly Uint8Array[];
}

/** What a test can see of an embedded cluster and do to it; each takes effect at once. @public */
export class ClusterControls {
  /** @internal */
  protected readonly state: ClusterState;

  /** @internal */
  constructor(state: ClusterState) {
    this.state = state;
  }

  /** `host:port` of every broker. */
  get bootstrapServers(): string {
    return this.state.bootstrapServers;
  }

  /** Node ids. */
  get brokerIds(): readonly number[] {
    return [...this.state.brokers.keys()];
  }

  /** Whether a broker runs. */
  brokerState(id: number): BrokerState {
    return this.#broker(id).state;
  }

  /** Internal topics too. */
  get topicNames(): readonly string[] {
    return [...this.state.topics.keys()];
  }

  /** Creates a topic. @throws TypeError when it exists, or Kafka would not have it */
  createTopic(name: string, init: TopicInit = {}): void {
    checkNames('A topic', init, ['partitions', 'replicationFactor', 'configs']);
    const configs = new Map(Object.entries(init.configs ?? {}));
    const made = this.state.createTopic(name, init.partitions, init.replicationFactor, configs);
    if (typeof made === 'number') throw new TypeError(`Topic ${name}: ${brokerErrorCodes[made]!.message}`);
  }

  /** Deletes a topic with its records. */
  deleteTopic(name: string): void {
    this.state.deleteTopic(this.#topic(name));
  }

  /** Deletes it and makes it anew, empty, with another id and the same partitions. */
  recreateTopic(name: string): void {
    const old = this.#topic(name);
    this.state.deleteTopic(old);
    const { partitions, configs } = old;
    this.state.createTopic(name, partitions.length, partitions[0]!.replicas.length, configs);
  }

  /** A partition as it stands now. */
  partition(topic: string, index: number): PartitionState {
    const { leader, leaderEpoch, replicas, isr, log } = this.#partition(topic, index);
    const { startOffset, endOffset, highWatermark, lastStableOffset } = log;
    const batches = log.batches.map(({ bytes }) => bytes);
    return {
      leader,
      leaderEpoch,
      replicas,
      isr,
      logStartOffset: startOffset,
      endOffset,
      highWatermark,
      lastStableOffset,
      batches,
    };
  }

  /**
   * Broker id that coordinates a group or transactional id, -1 for none.
   */
  coordinatorOf(type: 'group' | 'transaction', key: string): number {
    return this.state.coordinatorOf(type === 'group' ? '__consumer_offsets' : '__transaction_state', key);
  }

  /** Breaks its connections and refuses new ones (kill -9); its partitions move after `failoverMs`. */
  killBroker(id: number): void {
    const broker = this.#broker(id);
    if (broker.state === 'down') return;
    broker.set('down');
    for (const connection of [...broker.connections]) connection.cut();
    broker.sessions.clear();
    this.state.leadership.lost(id);
  }

  /** The same in order: its partitions move first. */
  stopBroker(id: number): void {
    const broker = this.#broker(id);
    if (broker.state === 'down') return;
    broker.set('down');
    this.state.leadership.gone(id);
    for (const connection of [...broker.connections]) connection.cut();
    broker.sessions.clear();
  }

  /** Starts a broker that is down, or lets a paused one run on. */
  startBroker(id: number): void {
    const broker = this.#broker(id);
    if (broker.state === 'running') return;
    broker.set('running');
    if (!broker.isolated) this.state.leadership.back(id);
    for (const connection of [...broker.connections]) connection.resumed();
  }

  /** Connections stay open and new ones are accepted, nothing is answered (SIGSTOP); its partitions move after `failoverMs`. */
  pauseBroker(id: number): void {
    const broker = this.#broker(id);
    if (broker.state !== 'running') return;
    broker.set('paused');
    this.state.leadership.lost(id);
  }

  /** Cuts a broker off the network: what is sent to it and by it is lost, nobody is told; its partitions move after `failoverMs`. */
  isolateBroker(id: number): void {
    const broker = this.#broker(id);
    if (broker.isolated) return;
    broker.isolated = true;
    this.state.leadership.lost(id);
  }

  /** Ends {@link isolateBroker}. Bytes that were lost do not come back, so the connections of that time break. */
  rejoinBroker(id: number): void {
    const broker = this.#broker(id);
    if (!broker.isolated) return;
    broker.isolated = false;
    for (const connection of [...broker.connections]) connection.cut();
    if (broker.state === 'running') this.state.leadership.back(id);
  }

  /** Breaks every connection to a broker, which runs on. */
  cutConnections(id: number): void {
    for (const connection of [...this.#broker(id).connections]) connection.cut();
  }

  /** Connections that clients have open to a broker. */
  connectionCount(id: number): number {
    return this.#broker(id).connections.size;
  }

  /** Makes another broker the leader, under a new leader epoch. */
  moveLeader(topic: string, index: number, id: number): void {
    this.#broker(id);
    this.state.leadership.move(this.#partition(topic, index), id);
  }

  /** Makes another broker coordinator of a group or transactional id, and of all that share its partition. */
  moveCoordinator(type: 'group' | 'transaction', key: string, id: number): void {
    this.#broker(id);
    this.state.leadership.move(this.state.coordinatorPartition(type, key), id);
  }

  /** Cuts a log at `endOffset` under a new leader epoch, as an unclean election does: what was acknowledged is lost. */
  truncateLog(topic: string, index: number, endOffset: number): void {
    this.state.leadership.truncate(this.#partition(topic, index), endOffset);
  }

  /** Moves the log start offset up, as retention does. */
  trimLog(topic: string, index: number, startOffset: number): void {
    this.#partition(topic, index).log.trim(startOffset);
  }

  /**
   * Catches requests to an API (`'Fetch'`), or to all with null, before they are handled. `decide` says what happens, null: as
   * without it.
   * @returns how to end it
   * @throws TypeError for an API, an interception or a broker that does not exist
   */
  intercept(
    api: string | null,
    decide: Interception | ((request: InterceptedRequest) => Interception | null),
    options: InterceptOptions = {},
  ): () => void {
    if (api !== null && ![...apiHandlers.values()].some((each) => each.api.name === api)) {
      throw new TypeError(`${api} is no API of the embedded cluster`);
    }
    checkNames('An intercept', options, ['times', 'broker']);
    if (options.broker !== undefined) this.#broker(options.broker);
    if (typeof decide !== 'function') checkInterception(decide);
    return this.state.controls.intercept(api, typeof decide === 'function' ? decide : () => decide, options);
  }

  /** Sees every request of every client. Replaces the listener before. */
  onRequest(listener: ((request: InterceptedRequest) => void) | null): void {
    this.state.controls.onRequest = listener;
  }

  /** Answers of an API (null: all) carry this throttle time, and the connection is not read for as long (KIP-219). 0 ends it. */
  throttle(api: string | null, throttleTimeMs: number): void {
    this.state.controls.throttle(api ?? '*', throttleTimeMs);
  }

  /** Ids of the members of a group, in the order in which they joined. */
  groupMembers(groupId: string): readonly string[] {
    return this.state.groups.get(groupId)?.memberIds ?? [];
  }

  /** State of a group by the name that Kafka's tools show, null for none. */
  groupState(groupId: string): string | null {
    return this.state.groups.get(groupId)?.state ?? null;
  }

  /** Ends the session of a member: it is out of the group, and learns of it with its next request. */
  expireMember(groupId: string, memberId: string): void {
    if (this.state.groups.get(groupId)?.expire(memberId) !== true) {
      throw new TypeError(`Group ${groupId} has no member ${memberId}`);
    }
  }

  /** Offset that a group has committed for a partition, null for none. */
  committed(groupId: string, topic: string, partition: number): number | null {
    return this.state.groups.get(groupId)?.offsets.get(topic, partition)?.offset ?? null;
  }

  #broker(id: number): BrokerNode {
    const broker = this.state.brokers.get(id);
    if (broker === undefined) throw new TypeError(`There is no broker ${id}`);
    return broker;
  }

  #topic(name: string): Topic {
    const topic = this.state.topics.get(name);
    if (topic === undefined) throw new TypeError(`There is no topic ${name}`);
    return topic;
  }

  #partition(name: string, index: number): Partition {
    const partition = this.#topic(name).partitions[index];
    if (partition === undefined) throw new TypeError(`Topic ${name} has no partition ${index}`);
    return partition;
  }
}
