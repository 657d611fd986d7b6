import type { Cluster } from '../../../src/cluster/cluster.js';
import { consumerGroupDescribeApi } from '../../../src/protocol/messages/consumer-group-describe.js';

export interface DescribedMember {
  readonly clientId: string;
  readonly instanceId: string | null;
  readonly epoch: number;
  /** `topic-0`, sorted. */
  readonly partitions: readonly string[];
}

/** What the coordinator says of a KIP-848 group; other clients' describeGroups does not know these groups. */
export function consumerGroupMembers(cluster: Cluster, groupId: string): Promise<readonly DescribedMember[]> {
  return new Promise((resolve, reject) => {
    cluster.coordinator('group', groupId, (lookUp, nodeId) => {
      if (nodeId === null) {
        reject(lookUp ?? new Error('no coordinator'));
        return;
      }
      const body = { groupIds: [groupId], includeAuthorizedOperations: false };
      cluster.control.broker(nodeId).call(consumerGroupDescribeApi, body, {}, (error, response) => {
        const group = response?.groups[0];
        if (group === undefined) reject(error ?? new Error('no answer'));
        else if (group.errorCode !== 0) reject(new Error(`describe: ${group.errorCode} ${group.errorMessage ?? ''}`));
        else {
          resolve(
            group.members.map(({ clientId, instanceId, memberEpoch, assignment }) => ({
              clientId,
              instanceId,
              epoch: memberEpoch,
              partitions: assignment.topicPartitions
                .flatMap(({ topicName, partitions }) => partitions.map((partition) => `${topicName}-${partition}`))
                .sort(),
            })),
          );
        }
      });
    });
  });
}
