import {
  listTransactionsApi,
  type ListTransactionsRequest,
  type ListTransactionsResponse,
} from '../../../protocol/messages/list-transactions.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const invalidRegex = code('INVALID_REGULAR_EXPRESSION');
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
  const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern } = body;
  const pattern = wholeId(transactionalIdPattern);
  if (pattern === undefined) {
    answer({ errorCode: invalidRegex, transactionStates: [] });
    return;
  }
  // an id that has not begun anything yet has been at it for ever, a transaction that is over since it began
  const isLong = (startedWall: number): boolean =>
    durationFilter < 0 || cluster.runtime.wallClock() - startedWall > durationFilter;
  const shownStates = stateFilters.length === 0 ? states : stateFilters;
  answer({
    errorCode: none,
    unknownStateFilters: stateFilters.filter((state) => !states.includes(state)),
    transactionStates: cluster.transactions
      .of(broker)
      .filter(({ state }) => shownStates.includes(state))
      .filter(({ producerId }) => producerIdFilters.length === 0 || producerIdFilters.includes(producerId))
      .filter(({ startedWall }) => isLong(startedWall))
      .filter(({ id }) => pattern === null || pattern.test(id))
      .map(({ id, producerId, state }) => ({ transactionalId: id, producerId, transactionState: state })),
  });
}

/** Null for no pattern, undefined for one that is none. The whole id has to match (KIP-1152). */
function wholeId(pattern: string | null): RegExp | null | undefined {
  if (pattern === null || pattern === '') return null;
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch {
    return undefined;
  }
}
