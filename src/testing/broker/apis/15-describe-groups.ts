import {
  describeGroupsApi,
  type DescribeGroupsRequest,
  type DescribeGroupsResponse,
} from '../../../protocol/messages/describe-groups.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const notFound = code('GROUP_ID_NOT_FOUND');
const firstNotFound = 6;

/** DescribeGroups (key 15) for classic groups; others are told as dead, as a broker does. @internal */
export const describeGroups = handler(describeGroupsApi, handle, (body, errorCode) => ({
  groups: body.groups.map((groupId) => ({ ...nothing(groupId), errorCode })),
}));

function handle(call: Call<DescribeGroupsRequest>, answer: Answer<DescribeGroupsResponse>): void {
  const { body, broker, cluster, version } = call;
  answer({
    groups: body.groups.map((groupId) => {
      const errorCode = cluster.groups.coordinatorError(broker, groupId);
      if (errorCode !== none) return { ...nothing(groupId), errorCode };
      const group = cluster.groups.get(groupId);
      if (group?.kind !== 'classic') {
        const missing = { ...nothing(groupId), groupState: 'Dead' };
        if (version < firstNotFound) return missing;
        return { ...missing, errorCode: notFound, errorMessage: `Group ${groupId} not found.` };
      }
      return {
        ...nothing(groupId),
        groupState: group.state,
        protocolType: group.protocolType ?? '',
        protocolData: group.state === 'Stable' ? (group.protocolName ?? '') : '',
        members: group.members.all.map((member) => ({
          memberId: member.id,
          groupInstanceId: member.instanceId,
          clientId: member.clientId,
          clientHost: `/${member.clientHost}`,
          memberMetadata: group.state === 'Stable' ? member.metadataFor(group.protocolName) : new Uint8Array(0),
          memberAssignment: group.state === 'Stable' ? member.assignment : new Uint8Array(0),
        })),
      };
    }),
  });
}

function nothing(groupId: string) {
  return {
    errorCode: none,
    errorMessage: null as string | null,
    groupId,
    groupState: '',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: -2147483648,
  };
}
