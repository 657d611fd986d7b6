import {
  addPartitionsToTxnApi,
  type AddPartitionsToTxnRequest,
  type AddPartitionsToTxnRequestAddPartitionsToTxnTopic,
  type AddPartitionsToTxnResponse,
} from '../../../protocol/messages/add-partitions-to-txn.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { type ProducerIdentity } from '../transactions/transaction.js';

type Topics = readonly AddPartitionsToTxnRequestAddPartitionsToTxnTopic[];

const unknownPartition = code('UNKNOWN_TOPIC_OR_PARTITION');
const notAttempted = code('OPERATION_NOT_ATTEMPTED');
const producerFenced = code('PRODUCER_FENCED');
const invalidEpoch = code('INVALID_PRODUCER_EPOCH');
const firstBatched = 4;
const firstFenced = 2;

/** AddPartitionsToTxn (key 24): one transaction of a client up to v3, several of a broker from v4 on. @internal */
export const addPartitionsToTxn = handler(addPartitionsToTxnApi, handle, (body, errorCode) => ({
  errorCode,
  resultsByTopicV3AndBelow: results(body.v3AndBelowTopics, () => errorCode),
}));

function handle(call: Call<AddPartitionsToTxnRequest>, answer: Answer<AddPartitionsToTxnResponse>): void {
  const { body, version } = call;
  if (version < firstBatched) {
    const identity = { producerId: body.v3AndBelowProducerId, producerEpoch: body.v3AndBelowProducerEpoch };
    answer({ resultsByTopicV3AndBelow: add(call, body.v3AndBelowTransactionalId, identity, body.v3AndBelowTopics) });
    return;
  }
  answer({
    resultsByTransaction: body.transactions.map((asked) => ({
      transactionalId: asked.transactionalId,
      topicResults: asked.verifyOnly
        ? results(asked.topics, (topic, index) =>
            call.cluster.transactions.verify(asked.transactionalId, asked, { topic, index }),
          )
        : add(call, asked.transactionalId, asked, asked.topics),
    })),
  });
}

/** All of them, or none when one does not exist. */
function add({ broker, cluster, version }: Call, id: string, identity: ProducerIdentity, topics: Topics) {
  const partitions = topics.flatMap(({ name, partitions: indexes }) =>
    indexes.map((index) => ({ topic: name, index })),
  );
  const exists = (topic: string, index: number): boolean => cluster.partition(topic, index) !== null;
  if (!partitions.every(({ topic, index }) => exists(topic, index))) {
    return results(topics, (topic, index) => (exists(topic, index) ? notAttempted : unknownPartition));
  }
  const coordinatorError = cluster.transactions.coordinatorError(broker, id);
  const error = coordinatorError === none ? cluster.transactions.add(id, identity, partitions) : coordinatorError;
  const told = error === producerFenced && version < firstFenced ? invalidEpoch : error;
  return results(topics, () => told);
}

function results(topics: Topics, errorOf: (topic: string, index: number) => number) {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: errorOf(name, partitionIndex),
    })),
  }));
}
