import { type BrokerNode } from '../broker-node.js';
import { type ClusterState } from '../cluster-state.js';
import { code, none } from '../codes.js';
import { coordinatorIndex, offsetsTopic } from '../internal-topics.js';
import { ClassicGroup } from './classic-group.js';
import { ConsumerGroup } from './consumer-group.js';
import { downgraded, mayDowngrade, upgraded } from './conversion.js';
import { GroupOffsets } from './group-offsets.js';

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

  /** The group that a classic member joins: one with members of either kind, else a classic one is made. */
  joinable(groupId: string): Group {
    const found = this.groups.get(groupId);
    return found?.kind === 'consumer' && !found.isEmpty ? found : this.classic(groupId);
  }

  /** The classic group of that id; made in the place of a consumer group without members, or when there is none. */
  classic(groupId: string): ClassicGroup {
    const found = this.groups.get(groupId);
    if (found?.kind === 'classic') return found;
    return this.#put(new ClassicGroup(this.#cluster, groupId, found?.offsets ?? new GroupOffsets()), found);
  }

  /**
   * The consumer group of that id; made when there is none. Null when a classic group with members is in the way: who joins
   * converts it, if the migration policy allows.
   */
  consumer(groupId: string, joins: boolean): ConsumerGroup | null {
    const found = this.groups.get(groupId);
    if (found?.kind === 'consumer') return found;
    if (found === undefined || found.members.size === 0)
      return this.#put(new ConsumerGroup(this.#cluster, groupId, found?.offsets ?? new GroupOffsets()), found);
    const group = joins ? upgraded(this.#cluster, found) : null;
    return group === null ? null : this.#put(group, found);
  }

  /** Makes a classic group of one whose members are all classic by now; false when it stays what it is. */
  downgrade(group: ConsumerGroup): boolean {
    if (!mayDowngrade(this.#cluster, group)) return false;
    this.#put(downgraded(this.#cluster, group), group);
    return true;
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

  /** A group of the other kind makes room. */
  #put<G extends Group>(group: G, before: Group | undefined): G {
    before?.stop();
    this.groups.set(group.id, group);
    return group;
  }
}
