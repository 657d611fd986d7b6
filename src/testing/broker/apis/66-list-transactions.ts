import {
  listTransactionsApi,
  type ListTransactionsRequest,
  type ListTransactionsResponse,
} from '../../../protocol/messages/list-transactions.js';
import { type Answer, type Call, handler } from '../call.js';
import { none } from '../codes.js';

const states: readonly string[] = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
];

/** ListTransactions (key 66): those that this broker coordinates (KIP-664). @internal */
export const listTransactions = handler(listTransactionsApi, handle, (_body, errorCode) => ({
  errorCode,
  transactionStates: [],
}));

function handle(call: Call<ListTransactionsRequest>, answer: Answer<ListTransactionsResponse>): void {
  const { body, broker, cluster } = call;
  const { stateFilters, producerIdFilters } = body;
  const shownStates = stateFilters.length === 0 ? states : stateFilters;
  answer({
    errorCode: none,
    unknownStateFilters: stateFilters.filter((state) => !states.includes(state)),
    transactionStates: cluster.transactions
      .of(broker)
      .filter(({ state }) => shownStates.includes(state))
      .filter(({ producerId }) => producerIdFilters.length === 0 || producerIdFilters.includes(producerId))
      .map(({ id, producerId, state }) => ({ transactionalId: id, producerId, transactionState: state })),
  });
}
