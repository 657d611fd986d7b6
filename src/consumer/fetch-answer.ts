import { type Cluster } from '../cluster/cluster.js';
import { BrokerError } from '../errors/broker-error.js';
import { ErrorCode } from '../errors/broker-error-codes.js';
import { type FetchResponse, type FetchResponsePartitionData } from '../protocol/messages/fetch.js';
import { fetchApi } from '../protocol/messages/fetch.js';
import { backoffMs } from '../runtime/backoff.js';
import { fetchTrouble } from './fetch-errors.js';
import { readFetchedPart } from './fetched-part.js';
import { type ConsumerFlowOptions } from './flow-options.js';
import { Frame, type FrameBudget } from './frame-budget.js';
import { type PartitionCursor } from './partition-cursor.js';
import { type ReplicaPort } from './read-replica.js';

/** What the partitions of one answer have in common. */
export interface AnswerContext {
  readonly cluster: Cluster;
  readonly options: ConsumerFlowOptions;
  readonly budget: FrameBudget;
  readonly broker: number;
  /** The request that is answered. */
  readonly request: number;
  readonly replicas: ReplicaPort;
}

/**
 * Takes a Fetch answer apart. A partition's part counts only if the cursor still waits for it from this request at that
 * offset: it may have been moved, stopped, or given to another broker since.
 */
export function applyAnswer(
  response: FetchResponse,
  cursors: Iterable<PartitionCursor>,
  context: AnswerContext,
  served: (cursor: PartitionCursor) => void,
): void {
  const { cluster, budget } = context;
  const waiting = new Map<string, Map<number, PartitionCursor>>();
  // by the ids that were asked for: metadata may not know them any more, and a refusal has to find its partition all the same
  const names = new Map<string | null, string>();
  for (const cursor of cursors) {
    if (cursor.fetch.askedBy !== context.request) continue;
    names.set(cursor.fetch.topicId, cursor.topic);
    let partitions = waiting.get(cursor.topic);
    if (partitions === undefined) waiting.set(cursor.topic, (partitions = new Map<number, PartitionCursor>()));
    partitions.set(cursor.partition, cursor);
  }
  const frame = new Frame(budget, frameBytes(response));
  let refresh = false;
  for (const { topic, topicId, partitions } of response.responses) {
    const name = topic === '' ? names.get(topicId) : topic;
    const ours = name === undefined ? undefined : waiting.get(name);
    if (ours === undefined) continue;
    for (const data of partitions) {
      const cursor = ours.get(data.partitionIndex);
      if (cursor === undefined || !stillAsked(cursor, context.request)) continue;
      if (data.errorCode !== ErrorCode.NONE) refresh = refused(cursor, data, response, context) || refresh;
      else if (taken(cursor, data, frame, context)) served(cursor);
    }
  }
  if (refresh) cluster.metadata.refresh('a fetch was refused by a partition');
}

function stillAsked({ fetch }: PartitionCursor, request: number): boolean {
  return fetch.askedBy === request && fetch.offset === fetch.askedOffset && fetch.usable;
}

/** What the records of an answer weigh: all views of it keep all of it alive. */
function frameBytes(response: FetchResponse): number {
  let bytes = 0;
  for (const { partitions } of response.responses) for (const { records } of partitions) bytes += records?.length ?? 0;
  return bytes;
}

/** Returns whether records came. */
function taken(
  cursor: PartitionCursor,
  data: FetchResponsePartitionData,
  frame: Frame,
  { cluster, options, replicas }: AnswerContext,
): boolean {
  if (data.divergingEpoch.endOffset >= 0) {
    cursor.fetch.divergesAt = data.divergingEpoch.endOffset;
    cursor.fetch.divergesEpoch = data.divergingEpoch.epoch;
    cursor.invalidate('truncated');
    return false;
  }
  const { records, highWatermark, lastStableOffset, logStartOffset } = data;
  const aborted = options.isolationLevel === 1 ? data.abortedTransactions : null;
  const part =
    records === null || records.length === 0
      ? null
      : readFetchedPart(records, cursor.fetch.offset, options.checkCrcs, aborted);
  cursor.answered({ highWatermark, lastStableOffset, logStartOffset, part, frame, at: cluster.runtime.wallClock() });
  if (data.preferredReadReplica >= 0) replicas.replicaNamed(cursor, data.preferredReadReplica);
  return part !== null;
}

/** Returns whether the metadata is to be refreshed. */
function refused(
  cursor: PartitionCursor,
  { errorCode, currentLeader }: FetchResponsePartitionData,
  { nodeEndpoints }: FetchResponse,
  { cluster, broker, replicas }: AnswerContext,
): boolean {
  const { topic, partition, fetch } = cursor;
  const { runtime, options, metadata, logger } = cluster;
  const trouble = fetchTrouble(errorCode);
  const offset = fetch.offset;
  const error = new BrokerError(errorCode, `Fetch of ${topic}-${partition} at offset ${offset}`, {
    broker,
    apiKey: fetchApi.key,
    topic,
    partition,
    offset,
  });
  logger.debug({ broker, topic, partition, offset, errorCode }, error.message);
  if (fetch.preferred === broker) {
    // a follower may be behind, or no replica any more: whatever it says, the leader's word counts
    replicas.replicaRefused(cursor);
    return trouble === 'refresh';
  }
  if (trouble === 'fatal') {
    cursor.failed(error);
    return false;
  }
  // records that are still to be delivered are good whatever became of the log behind them
  if (trouble === 'position' && cursor.position === offset) {
    cursor.invalidate('outOfRange');
    return false;
  }
  const { retryBackoffMs, retryBackoffMaxMs } = options;
  fetch.retryAt =
    runtime.now() + backoffMs(fetch.attempts++, retryBackoffMs, retryBackoffMaxMs, () => runtime.random());
  if (trouble !== 'refresh') return false;
  // KIP-951: the answer itself names the new leader
  if (currentLeader.leaderId >= 0 && currentLeader.leaderEpoch > fetch.leaderEpoch) {
    fetch.retryAt = 0;
    metadata.learnLeader(topic, partition, currentLeader.leaderId, currentLeader.leaderEpoch, nodeEndpoints);
    return false;
  }
  return true;
}
