import {
  deleteRecordsApi,
  type DeleteRecordsRequest,
  type DeleteRecordsResponse,
} from '../../../protocol/messages/delete-records.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { leaderError } from '../partition-access.js';

const outOfRange = code('OFFSET_OUT_OF_RANGE');
const highWatermark = -1;

/** DeleteRecords (key 21): moves the log start offset; -1 means the high watermark. @internal */
export const deleteRecords = handler(deleteRecordsApi, handle, (body, errorCode) => ({
  topics: body.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, lowWatermark: -1, errorCode })),
  })),
}));

function handle({ body, broker, cluster }: Call<DeleteRecordsRequest>, answer: Answer<DeleteRecordsResponse>): void {
  answer({
    topics: body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) => {
        const partition = cluster.partition(name, partitionIndex);
        const errorCode = leaderError(partition, broker);
        if (partition === null || errorCode !== none) return { partitionIndex, lowWatermark: -1, errorCode };
        const { log } = partition;
        const start = offset === highWatermark ? log.highWatermark : offset;
        if (start < 0 || start > log.highWatermark) return { partitionIndex, lowWatermark: -1, errorCode: outOfRange };
        log.trim(start);
        return { partitionIndex, lowWatermark: log.startOffset, errorCode: none };
      }),
    })),
  });
}
