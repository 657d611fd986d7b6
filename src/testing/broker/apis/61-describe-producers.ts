import {
  describeProducersApi,
  type DescribeProducersRequest,
  type DescribeProducersResponse,
} from '../../../protocol/messages/describe-producers.js';
import { type Answer, type Call, handler } from '../call.js';
import { none } from '../codes.js';
import { leaderError } from '../partition-access.js';

/** DescribeProducers (key 61): what a leader knows of the producers of a partition (KIP-664). @internal */
export const describeProducers = handler(describeProducersApi, handle, (body, errorCode) => ({
  topics: body.topics.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode, activeProducers: [] })),
  })),
}));

function handle(call: Call<DescribeProducersRequest>, answer: Answer<DescribeProducersResponse>): void {
  const { body, broker, cluster } = call;
  answer({
    topics: body.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => {
        const partition = cluster.partition(name, partitionIndex);
        const errorCode = leaderError(partition, broker);
        if (partition === null || errorCode !== none) return { partitionIndex, errorCode, activeProducers: [] };
        const activeProducers = partition.log.producers.list().map((producer) => ({
          producerId: producer.producerId,
          producerEpoch: producer.epoch,
          lastSequence: producer.lastSequence,
          lastTimestamp: producer.lastTimestamp,
          coordinatorEpoch: producer.coordinatorEpoch,
          currentTxnStartOffset: producer.openSince,
        }));
        return { partitionIndex, errorCode: none, activeProducers };
      }),
    })),
  });
}
