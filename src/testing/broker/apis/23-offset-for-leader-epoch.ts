import {
  offsetForLeaderEpochApi,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponse,
} from '../../../protocol/messages/offset-for-leader-epoch.js';
import { type Answer, type Call, handler } from '../call.js';
import { none } from '../codes.js';
import { leaderError } from '../partition-access.js';

/** OffsetForLeaderEpoch (key 23): where an epoch ended, to find truncation (KIP-320). @internal */
export const offsetForLeaderEpoch = handler(offsetForLeaderEpochApi, handle, (body, errorCode) => ({
  topics: body.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition }) => ({ errorCode, partition, leaderEpoch: -1, endOffset: -1 })),
  })),
}));

function handle(call: Call<OffsetForLeaderEpochRequest>, answer: Answer<OffsetForLeaderEpochResponse>): void {
  const { cluster, broker, body } = call;
  answer({
    topics: body.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((asked) => {
        const partition = cluster.partition(topic, asked.partition);
        const errorCode = leaderError(partition, broker, asked.currentLeaderEpoch);
        if (partition === null || errorCode !== none) {
          return { errorCode, partition: asked.partition, leaderEpoch: -1, endOffset: -1 };
        }
        const { epoch, endOffset } = partition.log.epochs.endOf(asked.leaderEpoch, partition.log.endOffset);
        return { errorCode: none, partition: asked.partition, leaderEpoch: epoch, endOffset };
      }),
    })),
  });
}
