import { type BrokerNode } from '../broker-node.js';
import { type ClusterState } from '../cluster-state.js';
import { code, none } from '../codes.js';
import { coordinatorIndex, offsetsTopic } from '../internal-topics.js';
import { ClassicGroup } from './classic-group.js';
import { ConsumerGroup } from './consumer-group.js';

/** @internal */
export type Group = ClassicGroup | ConsumerGroup;

const notCoordinator = code('NOT_COORDINATOR');
const invalidGroup = code('INVALID_GROUP_ID');

/** The groups of the cluster, whoever coordinates them. @internal */
export class GroupRegistry {
  readonly groups: Map<string, Group> = new Map<string, Group>();
  readonly #cluster: ClusterState;

  constructor(cluster: ClusterState) {
    this.#cluster = cluster;
  }

  /** Whether this broker coordinates the group. */
  coordinatorError(broker: BrokerNode, groupId: string): number {
    if (groupId === '') return invalidGroup;
    return this.#cluster.coordinatorOf(offsetsTopic, groupId) === broker.id ? none : notCoordinator;
  }

  get(groupId: string): Group | undefined {
    return this.groups.get(groupId);
  }

  /** The classic group of that id, made when there is none; null when a consumer group with members is in the way. */
  classic(groupId: string): ClassicGroup | null {
    const found = this.groups.get(groupId);
    if (found?.kind === 'classic') return found;
    if (found !== undefined && !found.isEmpty) return null;
    return this.#put(new ClassicGroup(this.#cluster, groupId), found);
  }

  /** The consumer group of that id, made when there is none; null when a classic group with members is in the way. */
  consumer(groupId: string): ConsumerGroup | null {
    const found = this.groups.get(groupId);
    if (found?.kind === 'consumer') return found;
    if (found !== undefined && !found.isEmpty) return null;
    return this.#put(new ConsumerGroup(this.#cluster, groupId), found);
  }

  /** Groups that the broker coordinates. */
  of(broker: BrokerNode): Group[] {
    return [...this.groups.values()].filter(({ id }) => this.coordinatorError(broker, id) === none);
  }

  delete(groupId: string): void {
    this.groups.get(groupId)?.stop();
    this.groups.delete(groupId);
  }

  topicDeleted(name: string): void {
    for (const { offsets } of this.groups.values()) offsets.deleteTopic(name);
  }

  /** The partition of the offsets topic has another leader. */
  coordinatorMoved(index: number): void {
    const count = this.#cluster.internalTopic(offsetsTopic).partitions.length;
    for (const group of [...this.groups.values()]) if (coordinatorIndex(group.id, count) === index) group.moved();
  }

  /** Ends every timer. */
  stop(): void {
    for (const group of this.groups.values()) group.stop();
  }

  /** An empty group of the other kind makes room and leaves its offsets. */
  #put<G extends Group>(group: G, before: Group | undefined): G {
    for (const { topic, partition, stored } of before?.offsets.all() ?? [])
      group.offsets.commit(topic, partition, stored);
    before?.stop();
    this.groups.set(group.id, group);
    return group;
  }
}
