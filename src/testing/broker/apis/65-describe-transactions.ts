import {
  describeTransactionsApi,
  type DescribeTransactionsRequest,
  type DescribeTransactionsResponse,
} from '../../../protocol/messages/describe-transactions.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const notFound = code('TRANSACTIONAL_ID_NOT_FOUND');

/** DescribeTransactions (key 65), as KIP-664 has it. @internal */
export const describeTransactions = handler(describeTransactionsApi, handle, (body, errorCode) => ({
  transactionStates: body.transactionalIds.map((transactionalId) => ({ errorCode, transactionalId, topics: [] })),
}));

function handle(call: Call<DescribeTransactionsRequest>, answer: Answer<DescribeTransactionsResponse>): void {
  const { body, broker, cluster } = call;
  answer({
    transactionStates: body.transactionalIds.map((transactionalId) => {
      const error = cluster.transactions.coordinatorError(broker, transactionalId);
      const transaction = cluster.transactions.transactions.get(transactionalId);
      if (error !== none || transaction === undefined) {
        return { errorCode: error === none ? notFound : error, transactionalId, topics: [] };
      }
      const topics = new Map<string, number[]>();
      for (const { topic, index } of transaction.partitions.values()) {
        topics.set(topic, [...(topics.get(topic) ?? []), index]);
      }
      return {
        errorCode: none,
        transactionalId,
        transactionState: transaction.state,
        transactionTimeoutMs: transaction.timeoutMs,
        transactionStartTimeMs: transaction.startedWall,
        producerId: transaction.producerId,
        producerEpoch: transaction.producerEpoch,
        topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
      };
    }),
  });
}
