import { heartbeatApi, type HeartbeatRequest, type HeartbeatResponse } from '../../../protocol/messages/heartbeat.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const unknownMember = code('UNKNOWN_MEMBER_ID');

/** Heartbeat (key 12) of a classic group. @internal */
export const heartbeat = handler(heartbeatApi, handle, (_body, errorCode) => ({ errorCode }));

function handle({ body, broker, cluster }: Call<HeartbeatRequest>, answer: Answer<HeartbeatResponse>): void {
  const error = cluster.groups.coordinatorError(broker, body.groupId);
  const group = cluster.groups.get(body.groupId);
  if (error !== none) answer({ errorCode: error });
  else if (group?.kind !== 'classic') answer({ errorCode: unknownMember });
  else answer({ errorCode: group.heartbeat(body.memberId, body.groupInstanceId, body.generationId) });
}
