import { joinGroupApi, type JoinGroupRequest, type JoinGroupResponse } from '../../../protocol/messages/join-group.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const invalidTimeout = code('INVALID_SESSION_TIMEOUT');
const unknownMember = code('UNKNOWN_MEMBER_ID');

/** JoinGroup (key 11): answered when the join phase of the group ends. @internal */
export const joinGroup = handler(joinGroupApi, handle, refusal);

function handle(call: Call<JoinGroupRequest>, answer: Answer<JoinGroupResponse>): void {
  const { body, broker, cluster } = call;
  const error = cluster.groups.coordinatorError(broker, body.groupId);
  const { properties } = cluster.settings;
  const shortest = properties['group.min.session.timeout.ms'];
  const longest = properties['group.max.session.timeout.ms'];
  const existed = cluster.groups.get(body.groupId) !== undefined;
  if (error !== none) answer(refusal(body, error));
  else if (body.sessionTimeoutMs < shortest || body.sessionTimeoutMs > longest) answer(refusal(body, invalidTimeout));
  else if (!existed && body.memberId !== '') answer(refusal(body, unknownMember));
  else {
    const group = cluster.groups.joinable(body.groupId);
    if (group.kind === 'classic') group.join(call, answer);
    else group.classics.join(call, answer);
  }
}

function refusal({ memberId }: JoinGroupRequest, errorCode: number) {
  return { errorCode, memberId, generationId: -1, protocolType: null, protocolName: null, leader: '', members: [] };
}
