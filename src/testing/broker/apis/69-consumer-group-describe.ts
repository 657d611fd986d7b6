import {
  consumerGroupDescribeApi,
  type ConsumerGroupDescribeRequest,
  type ConsumerGroupDescribeResponse,
} from '../../../protocol/messages/consumer-group-describe.js';
import { type Answer, type Call, handler } from '../call.js';
import { type ClusterState } from '../cluster-state.js';
import { code, none } from '../codes.js';
import { byTopic, type PartitionKey } from '../groups/consumer-member.js';

const notFound = code('GROUP_ID_NOT_FOUND');

/** ConsumerGroupDescribe (key 69): KIP-848 groups. @internal */
export const consumerGroupDescribe = handler(consumerGroupDescribeApi, handle, (body, errorCode) => ({
  groups: body.groupIds.map((groupId) => ({ errorCode, groupId, members: [] })),
}));

function handle(call: Call<ConsumerGroupDescribeRequest>, answer: Answer<ConsumerGroupDescribeResponse>): void {
  const { body, broker, cluster } = call;
  answer({
    groups: body.groupIds.map((groupId) => {
      const error = cluster.groups.coordinatorError(broker, groupId);
      const group = cluster.groups.get(groupId);
      if (error !== none || group?.kind !== 'consumer') {
        const errorMessage = error === none ? `Group ${groupId} is not a consumer group.` : null;
        return { errorCode: error === none ? notFound : error, errorMessage, groupId, members: [] };
      }
      return {
        errorCode: none,
        groupId,
        groupState: group.state,
        groupEpoch: group.epoch,
        assignmentEpoch: group.targetEpoch,
        assignorName: group.assignor,
        members: [...group.members.values()].map((member) => ({
          memberId: member.id,
          instanceId: member.instanceId,
          rackId: member.rackId,
          memberEpoch: member.epoch,
          clientId: member.clientId,
          clientHost: `/${member.clientHost}`,
          subscribedTopicNames: [...member.topicNames],
          subscribedTopicRegex: member.topicRegex,
          assignment: assignmentOf(cluster, member.assigned),
          targetAssignment: assignmentOf(cluster, group.targetOf(member.id)),
          memberType: member.classic === null ? 1 : 0,
        })),
        authorizedOperations: -2147483648,
      };
    }),
  });
}

function assignmentOf(cluster: ClusterState, keys: ReadonlySet<PartitionKey>) {
  return {
    topicPartitions: byTopic(keys).map(({ topicId, partitions }) => ({
      topicId,
      topicName: cluster.topicsById.get(topicId)?.name ?? '',
      partitions,
    })),
  };
}
