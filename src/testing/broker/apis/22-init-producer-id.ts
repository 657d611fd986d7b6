import {
  initProducerIdApi,
  type InitProducerIdRequest,
  type InitProducerIdResponse,
} from '../../../protocol/messages/init-producer-id.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const invalidRequest = code('INVALID_REQUEST');

/** InitProducerId (key 22): a new id for an idempotent producer, or the next epoch of a transactional one. @internal */
export const initProducerId = handler(initProducerIdApi, handle, (_body, errorCode) => ({
  errorCode,
  producerId: -1,
  producerEpoch: -1,
}));

function handle(call: Call<InitProducerIdRequest>, answer: Answer<InitProducerIdResponse>): void {
  const { body, cluster } = call;
  if (body.transactionalId === null) {
    answer({ errorCode: none, producerId: cluster.nextProducerId(), producerEpoch: 0 });
  } else if (body.transactionalId === '') {
    answer({ errorCode: invalidRequest, producerId: -1, producerEpoch: -1 });
  } else cluster.transactions.init(call, answer);
}
