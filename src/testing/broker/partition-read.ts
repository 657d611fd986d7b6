import { type FetchRequest, type FetchResponseAbortedTransaction } from '../../protocol/messages/fetch.js';
import { leaderHints } from './apis/leader-hints.js';
import { type Call } from './call.js';
import { code, none } from './codes.js';
import { type FetchTarget } from './fetch-session.js';
import { type LogSlice } from './log/partition-log.js';
import { leaderEpochError } from './partition-access.js';
import { type Partition } from './topic.js';

/** One partition of a fetch answer. @internal */
export interface ReadData {
  partitionIndex: number;
  errorCode: number;
  highWatermark: number;
  lastStableOffset: number;
  logStartOffset: number;
  divergingEpoch: { epoch: number; endOffset: number };
  currentLeader: { leaderId: number; leaderEpoch: number };
  abortedTransactions: FetchResponseAbortedTransaction[] | null;
  preferredReadReplica: number;
  records: readonly Uint8Array[];
}

/** @internal */
export interface ReadResult {
  readonly data: ReadData;
  readonly size: number;
  /** Says something that does not wait for minBytes: truncation, or a closer replica. */
  readonly special: boolean;
}

const outOfRange = code('OFFSET_OUT_OF_RANGE');
const notLeader = code('NOT_LEADER_OR_FOLLOWER');
const unknownPartition = code('UNKNOWN_TOPIC_OR_PARTITION');
const unknownTopicId = code('UNKNOWN_TOPIC_ID');
const firstWithTopicIds = 13;
const firstFromFollowers = 11;

/** The partition that a fetch means, and whether this broker serves it: the leader, from v11 on any replica (KIP-392). @internal */
export function locate(
  { cluster, broker, version }: Call<FetchRequest>,
  target: FetchTarget,
): { partition: Partition | null; errorCode: number } {
  const byId = version >= firstWithTopicIds;
  const topic = cluster.topicOf(target, byId);
  if (topic === null) return { partition: null, errorCode: byId ? unknownTopicId : unknownPartition };
  const partition = topic.partitions[target.partition] ?? null;
  if (partition === null) return { partition: null, errorCode: unknownPartition };
  const epochError = leaderEpochError(partition, target.leaderEpoch);
  if (epochError !== none) return { partition, errorCode: epochError };
  const serves =
    partition.leader === broker.id || (version >= firstFromFollowers && partition.replicas.includes(broker.id));
  return { partition, errorCode: serves ? none : notLeader };
}

/** Reads one partition within the room that is left in the answer. @internal */
export function readPartition(
  call: Call<FetchRequest>,
  target: FetchTarget,
  room: number,
  wholeFirst: boolean,
): ReadResult {
  const { partition, errorCode } = locate(call, target);
  if (partition === null || errorCode !== none) return refusedRead(target.partition, errorCode, partition);
  const { log } = partition;
  const { fetchOffset } = target;
  const diverging = divergence(partition, target);
  const data = toldOf(call, partition);
  if (diverging !== null) return { data: { ...data, divergingEpoch: diverging }, size: 0, special: true };
  const end = partition.leader === call.broker.id ? log.endOffset : log.highWatermark;
  if (fetchOffset < log.startOffset || fetchOffset > end) return refusedRead(target.partition, outOfRange, partition);
  const closest = closerReplica(call, partition);
  if (closest !== null) return { data: { ...data, preferredReadReplica: closest }, size: 0, special: true };
  const committed = call.body.isolationLevel === 1;
  const bound = committed ? log.lastStableOffset : log.highWatermark;
  const slice: LogSlice = log.read(fetchOffset, bound, Math.min(room, target.maxBytes), wholeFirst);
  const aborted = committed ? log.abortedIn(fetchOffset, log.endOfRead(fetchOffset, slice.size)) : null;
  const abortedTransactions = aborted?.map(({ producerId, firstOffset }) => ({ producerId, firstOffset })) ?? null;
  return { data: { ...data, abortedTransactions, records: slice.chunks }, size: slice.size, special: false };
}

/** @internal */
export function refusedRead(partitionIndex: number, errorCode: number, partition: Partition | null): ReadResult {
  return {
    data: {
      partitionIndex,
      errorCode,
      highWatermark: -1,
      lastStableOffset: -1,
      logStartOffset: -1,
      divergingEpoch: { epoch: -1, endOffset: -1 },
      currentLeader: leaderHints(partition, errorCode),
      abortedTransactions: null,
      preferredReadReplica: -1,
      records: [],
    },
    size: 0,
    special: false,
  };
}

function toldOf({ body }: Call<FetchRequest>, { index, log }: Partition): ReadData {
  return {
    ...refusedRead(index, none, null).data,
    highWatermark: log.highWatermark,
    lastStableOffset: log.lastStableOffset,
    logStartOffset: log.startOffset,
    abortedTransactions: body.isolationLevel === 1 ? [] : null,
  };
}

/** Where the log of a client that read another history ends (KIP-595, Fetch v12). */
function divergence(
  { log }: Partition,
  { lastFetchedEpoch, fetchOffset }: FetchTarget,
): ReadData['divergingEpoch'] | null {
  if (lastFetchedEpoch < 0) return null;
  const { epoch, endOffset } = log.epochs.endOf(lastFetchedEpoch, log.endOffset);
  if (epoch < 0) return null;
  return epoch < lastFetchedEpoch || endOffset < fetchOffset ? { epoch, endOffset } : null;
}

/** A replica in the client's rack, when this broker leads and is not in it (RackAwareReplicaSelector). */
function closerReplica({ body, broker, cluster, version }: Call<FetchRequest>, partition: Partition): number | null {
  if (cluster.settings.properties['replica.selector.class'] === '' || version < firstFromFollowers) return null;
  if (body.rackId === '' || partition.leader !== broker.id || broker.rack === body.rackId) return null;
  const closest = partition.isr.find((id) => {
    const replica = cluster.brokers.get(id);
    return replica?.rack === body.rackId && replica.reachable;
  });
  return closest ?? null;
}
