import {
  leaveGroupApi,
  type LeaveGroupRequest,
  type LeaveGroupResponse,
} from '../../../protocol/messages/leave-group.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const unknownMember = code('UNKNOWN_MEMBER_ID');
const firstWithMembers = 3;

/** LeaveGroup (key 13), from v3 for several members at once (KIP-345). @internal */
export const leaveGroup = handler(leaveGroupApi, handle, (_body, errorCode) => ({ errorCode, members: [] }));

function handle(call: Call<LeaveGroupRequest>, answer: Answer<LeaveGroupResponse>): void {
  const { body, broker, cluster, version } = call;
  const error = cluster.groups.coordinatorError(broker, body.groupId);
  if (error !== none) {
    answer({ errorCode: error, members: [] });
    return;
  }
  const group = cluster.groups.get(body.groupId);
  const leaving =
    version >= firstWithMembers ? body.members : [{ memberId: body.memberId, groupInstanceId: null, reason: null }];
  const members = leaving.map(({ memberId, groupInstanceId }) => ({
    memberId,
    groupInstanceId,
    errorCode: (group?.kind === 'consumer' ? group.classics : group)?.leave(memberId, groupInstanceId) ?? unknownMember,
  }));
  // the answer goes out before the rest of the group hears of it
  const first = members[0]?.errorCode ?? none;
  answer({ errorCode: version >= firstWithMembers ? none : first, members });
  if (group?.kind === 'classic' && members.some(({ errorCode }) => errorCode === none)) group.left();
}
