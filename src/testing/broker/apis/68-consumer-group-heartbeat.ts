import {
  consumerGroupHeartbeatApi,
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
} from '../../../protocol/messages/consumer-group-heartbeat.js';
import { type Input } from '../../../protocol/api.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { serverAssignors } from '../groups/server-assignors.js';

const unsupportedVersion = code('UNSUPPORTED_VERSION');
const unsupportedAssignor = code('UNSUPPORTED_ASSIGNOR');
const invalidRequest = code('INVALID_REQUEST');
const invalidRegex = code('INVALID_REGULAR_EXPRESSION');
const notFound = code('GROUP_ID_NOT_FOUND');

/** ConsumerGroupHeartbeat (key 68): the whole protocol of KIP-848 groups. @internal */
export const consumerGroupHeartbeat = handler(consumerGroupHeartbeatApi, handle, (_body, errorCode) =>
  refusal(errorCode),
);

function handle(call: Call<ConsumerGroupHeartbeatRequest>, answer: Answer<ConsumerGroupHeartbeatResponse>): void {
  const { body, broker, cluster } = call;
  const refuse = (errorCode: number, errorMessage: string | null = null): void => {
    answer(refusal(errorCode, errorMessage));
  };
  if (cluster.feature('group.version') < 1) {
    refuse(unsupportedVersion);
    return;
  }
  const error = cluster.groups.coordinatorError(broker, body.groupId);
  const invalid = invalidity(body);
  if (error !== none) refuse(error);
  else if (invalid !== null) refuse(invalidRequest, invalid);
  else if (body.serverAssignor !== null && !serverAssignors.has(body.serverAssignor)) refuse(unsupportedAssignor);
  else if (body.subscribedTopicRegex !== null && !isRegex(body.subscribedTopicRegex)) refuse(invalidRegex);
  else {
    const existing = cluster.groups.get(body.groupId);
    if (body.memberEpoch !== 0 && (existing === undefined || (existing.kind === 'classic' && existing.isEmpty))) {
      refuse(notFound);
      return;
    }
    const group = cluster.groups.consumer(body.groupId, body.memberEpoch === 0);
    if (group === null) refuse(notFound, `Group ${body.groupId} is not a consumer group.`);
    else answer(group.heartbeat(call));
  }
}

function refusal(errorCode: number, errorMessage: string | null = null): Input<ConsumerGroupHeartbeatResponse> {
  return { errorCode, errorMessage, memberEpoch: 0 };
}

function invalidity(body: ConsumerGroupHeartbeatRequest): string | null {
  if (body.memberId === '') return "MemberId can't be empty.";
  if (body.instanceId === '') return "InstanceId can't be empty.";
  if (body.memberEpoch < -2) return 'MemberEpoch is invalid.';
  if (body.memberEpoch === -2 && body.instanceId === null) return "InstanceId can't be null.";
  if (body.memberEpoch !== 0) return null;
  if (body.rebalanceTimeoutMs === -1) return 'RebalanceTimeoutMs must be provided in first request.';
  if (body.topicPartitions?.length !== 0) return 'TopicPartitions must be empty when (re-)joining.';
  if (body.subscribedTopicNames === null && body.subscribedTopicRegex === null) {
    return 'Either SubscribedTopicNames or SubscribedTopicRegex must be set in first request.';
  }
  return null;
}

function isRegex(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
