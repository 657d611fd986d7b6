import {
  produceApi,
  type ProduceRequest,
  type ProduceRequestPartitionProduceData,
  type ProduceResponse,
  type ProduceResponsePartitionProduceResponse,
} from '../../../protocol/messages/produce.js';
import { Timer } from '../../../runtime/timer.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { type BatchRules, checkBatch, stamped } from '../log/batch-check.js';
import { leaderError } from '../partition-access.js';
import { type Partition, type Topic } from '../topic.js';
import { leaderHints, nodeEndpoints } from './leader-hints.js';

type PartitionAnswer = ProduceResponsePartitionProduceResponse;

/** A batch that was appended and waits for its followers (acks=all). */
interface Waiting {
  readonly partition: Partition;
  readonly epoch: number;
  readonly end: number;
  readonly answer: PartitionAnswer;
}

const notEnoughReplicas = code('NOT_ENOUGH_REPLICAS');
const notEnoughAfterAppend = code('NOT_ENOUGH_REPLICAS_AFTER_APPEND');
const notLeader = code('NOT_LEADER_OR_FOLLOWER');
const timedOut = code('REQUEST_TIMED_OUT');
const invalidAcks = code('INVALID_REQUIRED_ACKS');
const invalidTopic = code('INVALID_TOPIC_EXCEPTION');
const unknownTopicId = code('UNKNOWN_TOPIC_ID');
const invalidRecord = code('INVALID_RECORD');
const tooLarge = code('MESSAGE_TOO_LARGE');
const corrupt = code('CORRUPT_MESSAGE');
const firstWithTopicIds = 13;
const firstWithZstd = 7;

/** Produce (key 0): one batch per partition, appended by the leader; acks decide when it is answered. @internal */
export const produce = handler(produceApi, handle, (body, errorCode) => ({
  responses: body.topicData.map((topic) => ({
    name: topic.name,
    topicId: topic.topicId,
    partitionResponses: topic.partitionData.map(({ index }) => refusal(index, errorCode, null)),
  })),
}));

function handle(call: Call<ProduceRequest>, answer: Answer<ProduceResponse>): void {
  const { body, cluster, version } = call;
  const waiting: Waiting[] = [];
  const responses = body.topicData.map((data) => {
    const byId = version >= firstWithTopicIds;
    const topic = cluster.topicOf(data, byId);
    return {
      name: data.name,
      topicId: data.topicId,
      partitionResponses: data.partitionData.map((part) => {
        const result =
          topic === null && byId ? refusal(part.index, unknownTopicId, null) : append(call, topic, part, waiting);
        return result;
      }),
    };
  });
  const respond = (): void => {
    if (body.acks === 0) {
      // a client that waits for nothing notices a failure by its broken connection only
      const failed = responses.some(({ partitionResponses }) =>
        partitionResponses.some(({ errorCode }) => errorCode !== none),
      );
      if (failed) call.caller.cut();
      else answer(null);
      return;
    }
    const answers = responses.flatMap(({ partitionResponses }) => partitionResponses);
    answer({
      responses,
      nodeEndpoints: version >= 10 ? nodeEndpoints(cluster, answers) : [],
    });
  };
  if (body.acks === -1 && waiting.length > 0) awaitReplicas(call, waiting, respond);
  else respond();
}

function append(
  call: Call<ProduceRequest>,
  topic: Topic | null,
  part: ProduceRequestPartitionProduceData,
  waiting: Waiting[],
): PartitionAnswer {
  const { body, broker, cluster } = call;
  const { index } = part;
  const partition = topic?.partitions[index] ?? null;
  if (body.acks < -1 || body.acks > 1) return refusal(index, invalidAcks, null);
  if (topic?.internal === true) return refusal(index, invalidTopic, null);
  const error = leaderError(partition, broker);
  if (partition === null || error !== none) {
    return { ...refusal(index, error, null), currentLeader: leaderHints(partition, error) };
  }
  const required = Number(cluster.config(partition.topic, 'min.insync.replicas'));
  if (body.acks === -1 && partition.isr.length < required) return refusal(index, notEnoughReplicas, null);
  const rules = rulesOf(call, partition.topic);
  const checked = checkBatch(part.records, rules, cluster.runtime.wallClock());
  const { log } = partition;
  const refusedRecord = (errorCode: number, message: string | null): PartitionAnswer => ({
    ...refusal(index, errorCode, message),
    logStartOffset: knowsStart(errorCode) ? log.startOffset : -1,
  });
  if (checked.header === null) {
    const { message, records } = checked;
    const refused = refusedRecord(checked.errorCode, message);
    return records.length === 0 ? refused : { ...refused, ...blamed(partition, message ?? '', records) };
  }
  const { header } = checked;
  if (header.isTransactional && body.transactionalId === null) return refusal(index, invalidRecord, null);
  if (header.isTransactional) {
    const refused = cluster.transactions.admit(call.version, body.transactionalId!, header, partition);
    if (refused !== none) return refusal(index, refused, null);
  }
  /** Followers may not have it yet, be it new or the repetition of what was appended before. */
  const appended = (baseOffset: number, appendTime: number): PartitionAnswer => {
    const result = accepted(partition, index, baseOffset, appendTime);
    const end = baseOffset + header.lastOffsetDelta + 1;
    if (log.highWatermark < end || partition.isr.length < required) {
      waiting.push({ partition, epoch: partition.leaderEpoch, end, answer: result });
    }
    return result;
  };
  if (header.producerId >= 0) {
    const sequence = log.producers.check(header);
    if (sequence.errorCode !== none) return refusedRecord(sequence.errorCode, null);
    if (sequence.duplicateOf !== null) return appended(sequence.duplicateOf, -1);
  }
  const appendTime = rules.appendTime ? cluster.runtime.wallClock() : -1;
  const bytes = rules.appendTime ? stamped(header.bytes, appendTime) : header.bytes;
  const baseOffset = log.append(bytes, partition.leaderEpoch);
  cluster.leadership.advance(partition);
  return appended(baseOffset, appendTime);
}

/** What is wrong with the batch's size or bytes is found before the log is looked at. */
function knowsStart(errorCode: number): boolean {
  return errorCode !== tooLarge && errorCode !== corrupt;
}

function rulesOf({ cluster, version }: Call<ProduceRequest>, topic: Topic): BatchRules {
  return {
    maxBytes: Number(cluster.config(topic, 'max.message.bytes')),
    compacted: cluster.config(topic, 'cleanup.policy').split(',').includes('compact'),
    appendTime: cluster.config(topic, 'message.timestamp.type') === 'LogAppendTime',
    aheadMs: Number(cluster.config(topic, 'message.timestamp.after.max.ms')),
    zstd: version >= firstWithZstd,
  };
}

/** Answers when all in-sync replicas have what was appended, or the request's timeout has passed. */
function awaitReplicas(call: Call<ProduceRequest>, waiting: readonly Waiting[], respond: () => void): void {
  const { cluster, body } = call;
  let open = waiting.slice();
  let unwatch: (() => void)[] = [];
  const finish = (): void => {
    timer.clear();
    for (const stop of unwatch) stop();
    unwatch = [];
    respond();
  };
  const look = (): void => {
    if (open.length === 0) return;
    open = open.filter((entry) => !isDecided(call, entry));
    if (open.length === 0) finish();
  };
  const timer = new Timer(cluster.runtime, () => {
    for (const { answer } of open) fail(answer, timedOut);
    open = [];
    finish();
  });
  timer.set(Math.max(0, body.timeoutMs));
  unwatch = waiting.map(({ partition }) => partition.log.watch(look));
  look();
}

/** A leader that was replaced cannot say what became of the batch; one with too few followers says so. */
function isDecided({ broker, cluster }: Call<ProduceRequest>, { partition, epoch, end, answer }: Waiting): boolean {
  if (partition.leader !== broker.id || partition.leaderEpoch !== epoch || partition.topic.deleted) {
    fail(answer, notLeader);
    return true;
  }
  if (partition.log.highWatermark < end) return false;
  if (partition.isr.length < Number(cluster.config(partition.topic, 'min.insync.replicas'))) {
    fail(answer, notEnoughAfterAppend);
  }
  return true;
}

function accepted({ log }: Partition, index: number, baseOffset: number, appendTime: number): PartitionAnswer {
  return { ...refusal(index, none, null), baseOffset, logAppendTimeMs: appendTime, logStartOffset: log.startOffset };
}

/** Every record that is to blame (KIP-467), and the first three in words for producers that know no better. */
function blamed({ topic, index }: Partition, message: string, records: readonly number[]) {
  const batchIndexErrorMessage = `${message} in topic partition ${topic.name}-${index}`;
  const told = records.slice(0, 3).map((at) => `RecordError(batchIndex=${at}, message='${batchIndexErrorMessage}')`);
  const count = `${records.length} record errors in total, and only showing the first three errors at most`;
  return {
    errorMessage: `One or more records have been rejected due to ${count}: [${told.join(', ')}]`,
    recordErrors: records.map((batchIndex) => ({ batchIndex, batchIndexErrorMessage })),
  };
}

function refusal(index: number, errorCode: number, errorMessage: string | null): PartitionAnswer {
  return {
    index,
    errorCode,
    errorMessage,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    recordErrors: [],
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
  };
}

function fail(answer: PartitionAnswer, errorCode: number): void {
  answer.errorCode = errorCode;
  answer.baseOffset = -1;
}
