import { type BrokerNode } from './broker-node.js';
import { code, none } from './codes.js';
import { type Partition } from './topic.js';

const notLeader = code('NOT_LEADER_OR_FOLLOWER');
const fencedEpoch = code('FENCED_LEADER_EPOCH');
const unknownEpoch = code('UNKNOWN_LEADER_EPOCH');
const unknownPartition = code('UNKNOWN_TOPIC_OR_PARTITION');

/** Whether this broker leads the partition, and agrees on the epoch that the client believes in (-1: no opinion). @internal */
export function leaderError(partition: Partition | null, broker: BrokerNode, believedEpoch = -1): number {
  if (partition === null) return unknownPartition;
  const epochError = leaderEpochError(partition, believedEpoch);
  if (epochError !== none) return epochError;
  return partition.leader === broker.id ? none : notLeader;
}

/** @internal */
export function leaderEpochError({ leaderEpoch }: Partition, believedEpoch: number): number {
  if (believedEpoch < 0 || believedEpoch === leaderEpoch) return none;
  return believedEpoch < leaderEpoch ? fencedEpoch : unknownEpoch;
}
