import { type TopicPartition } from '../../../model/topic-partition.js';

/** One member as the leader of the group sees it. */
export interface AssignorMember {
  readonly memberId: string;
  /** Null for a dynamic member. */
  readonly groupInstanceId: string | null;
  readonly topics: readonly string[];
  /** What it holds, or is still draining; empty from members older than subscription version 1. */
  readonly ownedPartitions: readonly TopicPartition[];
  /** Generation in which it got them, -1 if it does not say. */
  readonly generation: number;
  readonly rackId: string | null;
  /** What the assignor of that member sent along. */
  readonly userData: Uint8Array | null;
}

/** What a member remembers of its last assignment when it joins again. */
export interface AssignorMemory {
  readonly topics: readonly string[];
  /** The last assignment, also if it was given back since; empty at first and after the partitions were lost. */
  readonly assignment: readonly TopicPartition[];
  /** Its generation, -1 for none. */
  readonly generation: number;
}

/** Distributes the partitions of a group over its members. Stateless: many consumers may share one. */
export interface Assignor {
  /** Name on the wire; all members of a group need one in common. */
  readonly name: string;
  /** Eager: members give up everything before they join. Cooperative: only what moves is given up, in a second step. */
  readonly protocol: 'eager' | 'cooperative';
  /** Bytes that go to the leader with the subscription. */
  userData?(memory: AssignorMemory): Uint8Array | null;
  /**
   * The whole assignment: a list for every member, each partition of each subscribed topic once. The topics in
   * `partitionsByTopic` exist and have that many partitions; others are not assigned.
   */
  assign(
    members: readonly AssignorMember[],
    partitionsByTopic: ReadonlyMap<string, number>,
  ): ReadonlyMap<string, readonly TopicPartition[]>;
  /** Told on every member what it got. */
  onAssignment?(assignment: readonly TopicPartition[], generation: number): void;
}
