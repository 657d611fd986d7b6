import { endTxnApi, type EndTxnRequest, type EndTxnResponse } from '../../../protocol/messages/end-txn.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const producerFenced = code('PRODUCER_FENCED');
const invalidEpoch = code('INVALID_PRODUCER_EPOCH');
const firstFenced = 2;
const firstRaising = 5;

/** EndTxn (key 26): answered when the decision is made, before the markers are written; v5 brings the next epoch (KIP-890). @internal */
export const endTxn = handler(endTxnApi, handle, (_body, errorCode) => ({ errorCode }));

function handle({ body, broker, cluster, version }: Call<EndTxnRequest>, answer: Answer<EndTxnResponse>): void {
  const error = cluster.transactions.coordinatorError(broker, body.transactionalId);
  if (error !== none) {
    answer({ errorCode: error });
    return;
  }
  const raises = version >= firstRaising;
  const result = cluster.transactions.end(body.transactionalId, body, body.committed, raises);
  answer({
    ...result,
    errorCode: result.errorCode === producerFenced && version < firstFenced ? invalidEpoch : result.errorCode,
  });
}
