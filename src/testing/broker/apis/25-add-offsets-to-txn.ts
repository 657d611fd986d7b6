import {
  addOffsetsToTxnApi,
  type AddOffsetsToTxnRequest,
  type AddOffsetsToTxnResponse,
} from '../../../protocol/messages/add-offsets-to-txn.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const producerFenced = code('PRODUCER_FENCED');
const invalidEpoch = code('INVALID_PRODUCER_EPOCH');
const firstFenced = 2;

/** AddOffsetsToTxn (key 25): the group's offsets become part of the transaction. @internal */
export const addOffsetsToTxn = handler(addOffsetsToTxnApi, handle, (_body, errorCode) => ({ errorCode }));

function handle(call: Call<AddOffsetsToTxnRequest>, answer: Answer<AddOffsetsToTxnResponse>): void {
  const { body, broker, cluster, version } = call;
  const error = cluster.transactions.coordinatorError(broker, body.transactionalId);
  const result = error === none ? cluster.transactions.addGroup(body.transactionalId, body, body.groupId) : error;
  answer({ errorCode: result === producerFenced && version < firstFenced ? invalidEpoch : result });
}
