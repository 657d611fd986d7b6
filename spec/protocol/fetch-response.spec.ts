import { readBatchHeaders } from '../../src/codecs/record-batch-reader.js';
import { fetchApi } from '../../src/protocol/messages/fetch.js';
import { bytesOf, type Golden, golden } from '../codecs/support.js';
import { read, write } from './support.js';

it('[B37] a Fetch answer of two partitions that each end in a cut off batch gives the whole batches of both', () => {
  const { hex, batches } = (golden('java-batches') as Golden[]).find(({ name }) => name.includes('several batches'))!;
  const log = bytesOf(hex);
  const second = batches[0]!.size;
  // a whole batch and a part of the next one, in its header and in its records
  const cut = [log.subarray(0, second + 20), log.subarray(0, second + batches[1]!.size - 1)];
  const answer = write(fetchApi.response, 4, {
    responses: [
      { topic: 't', partitions: cut.map((records, partitionIndex) => ({ partitionIndex, highWatermark: 9, records })) },
    ],
  });
  const { responses } = read(fetchApi.response, 4, answer);
  const found = responses[0]!.partitions.map(({ partitionIndex, records }) => {
    const bytes = records as Uint8Array;
    const { batches: whole, error, truncated } = readBatchHeaders(bytes, 0, bytes.length, true);
    return { partitionIndex, offsets: whole.map(({ baseOffset }) => baseOffset), error, truncated };
  });
  const { baseOffset } = batches[0]!;
  expect(found).toEqual([
    { partitionIndex: 0, offsets: [baseOffset], error: null, truncated: true },
    { partitionIndex: 1, offsets: [baseOffset], error: null, truncated: true },
  ]);
});
