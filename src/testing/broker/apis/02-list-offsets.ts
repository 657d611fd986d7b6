import { RecordCursor } from '../../../codecs/record-cursor.js';
import {
  listOffsetsApi,
  type ListOffsetsRequest,
  type ListOffsetsRequestListOffsetsPartition,
  type ListOffsetsResponse,
  type ListOffsetsResponseListOffsetsPartitionResponse,
} from '../../../protocol/messages/list-offsets.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { recordsNow } from '../log/batch-check.js';
import { type PartitionLog } from '../log/partition-log.js';
import { hasAppendTime, type StoredBatch } from '../log/stored-batch.js';
import { leaderError } from '../partition-access.js';

type PartitionAnswer = ListOffsetsResponseListOffsetsPartitionResponse;
interface Found {
  readonly offset: number;
  readonly timestamp: number;
}

/** Special timestamps and the first version that knows them. */
const special = {
  latest: -1,
  earliest: -2,
  maxTimestamp: -3,
  earliestLocal: -4,
  latestTiered: -5,
  earliestPending: -6,
};
const firstVersionOf: Readonly<Record<number, number>> = { [-3]: 7, [-4]: 8, [-5]: 9, [-6]: 11 };
const unsupported = code('UNSUPPORTED_VERSION');
const nowhere: Found = { offset: -1, timestamp: -1 };

/** ListOffsets (key 2): ends, beginnings, and the first record at or after a time. @internal */
export const listOffsets = handler(listOffsetsApi, handle, (body, errorCode) => ({
  topics: body.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => result(partitionIndex, errorCode, nowhere, -1)),
  })),
}));

function handle(call: Call<ListOffsetsRequest>, answer: Answer<ListOffsetsResponse>): void {
  answer({
    topics: call.body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((part) => look(call, name, part)),
    })),
  });
}

function look(
  call: Call<ListOffsetsRequest>,
  name: string,
  part: ListOffsetsRequestListOffsetsPartition,
): PartitionAnswer {
  const { cluster, broker, body, version } = call;
  const { partitionIndex, timestamp, currentLeaderEpoch } = part;
  const partition = cluster.partition(name, partitionIndex);
  const error = leaderError(partition, broker, currentLeaderEpoch);
  if (partition === null || error !== none) return result(partitionIndex, error, nowhere, -1);
  if (timestamp < -6 || version < (firstVersionOf[timestamp] ?? 0))
    return result(partitionIndex, unsupported, nowhere, -1);
  const { log } = partition;
  const bound = body.isolationLevel === 1 ? log.lastStableOffset : log.highWatermark;
  const found = find(log, timestamp, bound);
  const epoch =
    found.offset < 0 ? -1 : timestamp === special.latest ? partition.leaderEpoch : log.epochs.at(found.offset);
  return result(partitionIndex, none, found, epoch, version === 0);
}

function find(log: PartitionLog, timestamp: number, bound: number): Found {
  switch (timestamp) {
    case special.latest:
      return { offset: bound, timestamp: -1 };
    case special.earliest:
    case special.earliestLocal:
      return { offset: log.startOffset, timestamp: -1 };
    case special.maxTimestamp:
      return latestByTime(log, bound);
    case special.latestTiered:
    case special.earliestPending:
      return nowhere;
    default:
      return firstAtOrAfter(log, timestamp, bound);
  }
}

function firstAtOrAfter(log: PartitionLog, timestamp: number, bound: number): Found {
  for (const batch of log.batches) {
    if (batch.header.maxTimestamp < timestamp || batch.lastOffset < log.startOffset) continue;
    const found = recordAt(batch, (at, offset) => at >= timestamp && offset >= log.startOffset);
    if (found === null) continue;
    return found.offset < bound ? found : nowhere;
  }
  return nowhere;
}

function latestByTime(log: PartitionLog, bound: number): Found {
  let best: StoredBatch | null = null;
  for (const batch of log.batches) {
    if (batch.baseOffset >= bound) break;
    if (best === null || batch.header.maxTimestamp > best.header.maxTimestamp) best = batch;
  }
  if (best === null) return nowhere;
  const { maxTimestamp } = best.header;
  return recordAt(best, (at) => at === maxTimestamp) ?? nowhere;
}

/** The first record of the batch that fits. Batches whose codec answers later are taken as a whole. */
function recordAt(batch: StoredBatch, fits: (timestamp: number, offset: number) => boolean): Found | null {
  const { header, baseOffset } = batch;
  if (hasAppendTime(header)) {
    return fits(header.maxTimestamp, baseOffset) ? { offset: baseOffset, timestamp: header.maxTimestamp } : null;
  }
  const records = recordsNow(header);
  if (records === null) return { offset: baseOffset, timestamp: header.maxTimestamp };
  const cursor = new RecordCursor();
  cursor.reset(records, 0, records.length, header);
  while (cursor.next()) {
    if (fits(cursor.timestamp, cursor.offset)) return { offset: cursor.offset, timestamp: cursor.timestamp };
  }
  return null;
}

function result(
  partitionIndex: number,
  errorCode: number,
  { offset, timestamp }: Found,
  leaderEpoch: number,
  old = false,
): PartitionAnswer {
  const oldStyleOffsets = old && offset >= 0 ? [offset] : [];
  // v0 has a list of offsets instead
  return {
    partitionIndex,
    errorCode,
    oldStyleOffsets,
    timestamp: old ? -1 : timestamp,
    offset: old ? -1 : offset,
    leaderEpoch,
  };
}
