import type { Bytes, TopicPartition } from './topic-partition.js';

/** One member as an assignor sees it. @public */
export interface AssignorMember {
  /** The key of the answer. */
  readonly memberId: string;
  /** Of a static member (KIP-345), else null. */
  readonly groupInstanceId: string | null;
  /** What it subscribes to. */
  readonly topics: readonly string[];
  /** What the member said it holds (KIP-429). */
  readonly owned: readonly TopicPartition[];
  /** Generation in which it held that, -1 unknown. */
  readonly generation: number;
  /** Its `clientRack` (KIP-881), null where it has none. */
  readonly rackId: string | null;
  /** What `userData` of the same assignor gave there, null for nothing. */
  readonly userData: Bytes | null;
}

/**
 * Distributes partitions over the members of a classic group; runs on the member that the coordinator chose as leader. Every
 * member of a group must offer a common one, by name.
 * @public
 */
export interface Assignor {
  /** As other clients call it: `range`, `roundrobin`, `sticky`, `cooperative-sticky`. */
  readonly name: string;
  /** Whether members give everything up before a rebalance (eager) or only what moves (cooperative, KIP-429). */
  readonly protocol: 'eager' | 'cooperative';
  /** Partitions per member id; every member must be in the answer. */
  assign(
    members: readonly AssignorMember[],
    partitionsByTopic: ReadonlyMap<string, readonly number[]>,
  ): ReadonlyMap<string, readonly TopicPartition[]>;
  /** Goes into the member's subscription, for the next assignment. */
  userData?(owned: readonly TopicPartition[], generation: number): Bytes | null;
}
