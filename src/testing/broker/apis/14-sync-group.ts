import { syncGroupApi, type SyncGroupRequest, type SyncGroupResponse } from '../../../protocol/messages/sync-group.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const unknownMember = code('UNKNOWN_MEMBER_ID');
const inconsistentProtocol = code('INCONSISTENT_GROUP_PROTOCOL');
const firstWithProtocol = 5;

/** SyncGroup (key 14): answered when the leader has handed in the assignment. @internal */
export const syncGroup = handler(syncGroupApi, handle, (_body, errorCode) => refusal(errorCode));

function handle({ body, broker, cluster, version }: Call<SyncGroupRequest>, answer: Answer<SyncGroupResponse>): void {
  const error = cluster.groups.coordinatorError(broker, body.groupId);
  const group = cluster.groups.get(body.groupId);
  // from v5 on the protocol must be told (KIP-559)
  const silent = version >= firstWithProtocol && (body.protocolType === null || body.protocolName === null);
  if (error !== none) answer(refusal(error));
  else if (silent) answer(refusal(inconsistentProtocol));
  else if (group === undefined) answer(refusal(unknownMember));
  else if (group.kind === 'classic') group.sync(body, answer);
  else group.classics.sync(body, answer);
}

function refusal(errorCode: number) {
  return { errorCode, protocolType: null, protocolName: null, assignment: new Uint8Array(0) };
}
