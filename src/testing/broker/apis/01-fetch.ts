import { type Input } from '../../../protocol/api.js';
import {
  fetchApi,
  type FetchRequest,
  type FetchResponse,
  type FetchResponseFetchableTopicResponse,
} from '../../../protocol/messages/fetch.js';
import { Timer } from '../../../runtime/timer.js';
import { type Answer, type Call, handler } from '../call.js';
import { none } from '../codes.js';
import { type FetchContext, type FetchTarget } from '../fetch-session.js';
import { nodeEndpoints } from './leader-hints.js';
import { locate, type ReadResult, readPartition, refusedRead } from '../partition-read.js';

/** Fetch (key 1): long poll, sessions, topic ids, isolation, size limits. @internal */
export const fetch = handler(fetchApi, handle, (body, errorCode) => ({
  errorCode: body.sessionEpoch >= 0 ? errorCode : none,
  responses: body.topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.map(({ partition }) => refusedRead(partition, errorCode, null).data),
  })),
}));

function handle(call: Call<FetchRequest>, answer: Answer<FetchResponse>): void {
  const { broker, cluster, body, version } = call;
  const context = broker.sessions.open(body, version, () => cluster.nextSessionId());
  if (context.errorCode !== none) {
    answer({ errorCode: context.errorCode, sessionId: 0, responses: [] });
    return;
  }
  const first = readAll(call, context);
  if (isEnough(call, context, first)) {
    respond(call, context, first, answer);
    return;
  }
  longPoll(call, context, answer);
}

/**
 * Waits for minBytes, an error, or maxWaitMs. Three events end it: a log changed (append, watermark, leader), the timer, the
 * connection's end; whichever is first stops the others, then everything is read anew.
 */
function longPoll(call: Call<FetchRequest>, context: FetchContext, answer: Answer<FetchResponse>): void {
  const stops: (() => void)[] = [];
  let over = false;
  const stop = (): void => {
    over = true;
    timer.clear();
    for (const each of stops) each();
  };
  const finish = (): void => {
    if (over) return;
    stop();
    respond(call, context, readAll(call, context), answer);
  };
  const timer = new Timer(call.cluster.runtime, finish);
  timer.set(call.body.maxWaitMs);
  const look = (): void => {
    if (!over && hasArrived(call, context)) finish();
  };
  for (const target of context.targets) {
    const { partition } = locate(call, target);
    if (partition !== null) stops.push(partition.log.watch(look));
  }
  stops.push(call.caller.onEnd(stop));
}

function isEnough({ body }: Call<FetchRequest>, { targets }: FetchContext, results: readonly ReadResult[]): boolean {
  if (body.maxWaitMs <= 0 || targets.length === 0) return true;
  const size = results.reduce((sum, result) => sum + result.size, 0);
  return size >= body.minBytes || results.some(({ data, special }) => data.errorCode !== none || special);
}

/** Whether a waiting fetch has something to say now, without reading it. */
function hasArrived(call: Call<FetchRequest>, { targets }: FetchContext): boolean {
  const { minBytes, isolationLevel } = call.body;
  let size = 0;
  for (const target of targets) {
    const { partition, errorCode } = locate(call, target);
    if (partition === null || errorCode !== none) return true;
    const { log } = partition;
    if (target.fetchOffset > log.endOffset || target.fetchOffset < log.startOffset) return true;
    const bound = isolationLevel === 1 ? log.lastStableOffset : log.highWatermark;
    size += log.readable(target.fetchOffset, bound, minBytes - size);
    if (size >= minBytes) return size > 0 || minBytes <= 0;
  }
  return false;
}

function readAll(call: Call<FetchRequest>, { targets }: FetchContext): ReadResult[] {
  const { cluster, body, version } = call;
  let room = Math.min(body.maxBytes, cluster.settings.properties['fetch.max.bytes']);
  // up to v2 a batch above the limit blocks its partition, from v3 on the first one comes whole (KIP-74)
  let wholeFirst = version >= 3;
  return targets.map((target) => {
    const result = readPartition(call, target, room, wholeFirst);
    room = Math.max(0, room - result.size);
    if (result.size > 0) wholeFirst = false;
    return result;
  });
}

function respond(
  call: Call<FetchRequest>,
  { session, full, targets }: FetchContext,
  results: readonly ReadResult[],
  answer: Answer<FetchResponse>,
): void {
  const told: { target: FetchTarget; result: ReadResult }[] = [];
  results.forEach((result, index) => {
    const target = targets[index]!;
    const { errorCode, highWatermark, logStartOffset } = result.data;
    const outcome = { errorCode, highWatermark, logStartOffset, size: result.size, special: result.special };
    const changed = session === null || session.tells(target, outcome);
    if (full || changed) told.push({ target, result });
  });
  answer({
    errorCode: none,
    sessionId: session?.id ?? 0,
    responses: byTopic(told),
    nodeEndpoints:
      call.version >= 16
        ? nodeEndpoints(
            call.cluster,
            told.map(({ result }) => result.data),
          )
        : [],
  });
}

function byTopic(told: readonly { target: FetchTarget; result: ReadResult }[]) {
  const topics: (Input<FetchResponseFetchableTopicResponse> & { partitions: ReadResult['data'][] })[] = [];
  for (const { target, result } of told) {
    const last = topics.at(-1);
    if (last?.topic === target.topic && last.topicId === target.topicId) last.partitions.push(result.data);
    else topics.push({ topic: target.topic, topicId: target.topicId, partitions: [result.data] });
  }
  return topics;
}
