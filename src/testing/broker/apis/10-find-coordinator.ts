import {
  findCoordinatorApi,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
} from '../../../protocol/messages/find-coordinator.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { offsetsTopic, transactionsTopic } from '../internal-topics.js';

const firstWithBatches = 4;
const keyType = { group: 0, transaction: 1 } as const;
const notAvailable = code('COORDINATOR_NOT_AVAILABLE');
const invalidRequest = code('INVALID_REQUEST');

/** FindCoordinator (key 10) for groups and transactional ids; from v4 for several keys at once. @internal */
export const findCoordinator = handler(findCoordinatorApi, handle, (body, errorCode) => ({
  errorCode,
  coordinators: body.coordinatorKeys.map((key) => ({ key, nodeId: -1, host: '', port: -1, errorCode })),
}));

function handle(call: Call<FindCoordinatorRequest>, answer: Answer<FindCoordinatorResponse>): void {
  const { body, version } = call;
  if (version >= firstWithBatches) {
    answer({ coordinators: body.coordinatorKeys.map((key) => ({ key, ...find(call, key) })) });
    return;
  }
  answer(find(call, body.key));
}

function find({ cluster, body }: Call<FindCoordinatorRequest>, key: string) {
  const nobody = { nodeId: -1, host: '', port: -1, errorMessage: null };
  if (body.keyType !== keyType.group && body.keyType !== keyType.transaction) {
    return { ...nobody, errorCode: invalidRequest };
  }
  const topic = body.keyType === keyType.group ? offsetsTopic : transactionsTopic;
  // the first one to ask has the internal topic created, and is told to come again
  const existed = cluster.topics.has(topic);
  const broker = cluster.brokers.get(cluster.coordinatorOf(topic, key));
  if (!existed || broker === undefined) return { ...nobody, errorCode: notAvailable };
  return { errorCode: none, errorMessage: null, nodeId: broker.id, host: broker.host, port: broker.port };
}
