import { type ClusterState } from './cluster-state.js';
import { code, none } from './codes.js';
import { type Partition } from './topic.js';

const leaderNotAvailable = code('LEADER_NOT_AVAILABLE');

/** A broker that died is listed until the controller has noticed: while it still leads or is in sync anywhere. */
export function isListed(cluster: ClusterState, id: number): boolean {
  return cluster.brokers.get(id)!.reachable || cluster.leadership.isPending(id);
}

/** A partition as Metadata and DescribeTopicPartitions tell it. */
export function describedPartition(cluster: ClusterState, { index, leader, leaderEpoch, replicas, isr }: Partition) {
  return {
    errorCode: leader < 0 ? leaderNotAvailable : none,
    partitionIndex: index,
    leaderId: leader,
    leaderEpoch,
    replicaNodes: [...replicas],
    isrNodes: [...isr],
    offlineReplicas: replicas.filter((id) => !isListed(cluster, id)),
  };
}
