import { heartbeatApi, type HeartbeatRequest, type HeartbeatResponse } from '../../../protocol/messages/heartbeat.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const unknownMember = code('UNKNOWN_MEMBER_ID');

/** Heartbeat (key 12) of a classic member. @internal */
export const heartbeat = handler(heartbeatApi, handle, (_body, errorCode) => ({ errorCode }));

function handle({ body, broker, cluster }: Call<HeartbeatRequest>, answer: Answer<HeartbeatResponse>): void {
  const error = cluster.groups.coordinatorError(broker, body.groupId);
  const group = cluster.groups.get(body.groupId);
  if (error !== none) answer({ errorCode: error });
  else if (group === undefined) answer({ errorCode: unknownMember });
  else {
    const members = group.kind === 'classic' ? group : group.classics;
    answer({ errorCode: members.heartbeat(body.memberId, body.groupInstanceId, body.generationId) });
  }
}
