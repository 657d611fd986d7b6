import {
  txnOffsetCommitApi,
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitResponse,
} from '../../../protocol/messages/txn-offset-commit.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { type Group } from '../groups/group-registry.js';

const illegalGeneration = code('ILLEGAL_GENERATION');
const unknownPartition = code('UNKNOWN_TOPIC_OR_PARTITION');
const metadataTooLarge = code('OFFSET_METADATA_TOO_LARGE');

/** TxnOffsetCommit (key 28): offsets that count when the transaction commits; until then the partitions are unstable. @internal */
export const txnOffsetCommit = handler(txnOffsetCommitApi, handle, (body, errorCode) => ({
  topics: body.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  })),
}));

function handle(call: Call<TxnOffsetCommitRequest>, answer: Answer<TxnOffsetCommitResponse>): void {
  const { body, cluster } = call;
  const group = accepting(call);
  if (typeof group === 'number') {
    answer(txnOffsetCommit.refuse(body, group));
    return;
  }
  const longest = cluster.settings.properties['offset.metadata.max.bytes'];
  answer({
    topics: body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => {
        if (cluster.partition(name, partitionIndex) === null) return { partitionIndex, errorCode: unknownPartition };
        const metadata = committedMetadata ?? '';
        if (metadata.length > longest) return { partitionIndex, errorCode: metadataTooLarge };
        const stored = { offset: committedOffset, leaderEpoch: committedLeaderEpoch, metadata };
        group.offsets.add(body.producerId, name, partitionIndex, stored);
        return { partitionIndex, errorCode: none };
      }),
    })),
  });
}

/** The group, when member and transaction may commit to it; else the error for all of it. */
function accepting({ body, broker, cluster, version }: Call<TxnOffsetCommitRequest>): Group | number {
  const { groups, transactions } = cluster;
  const error = groups.coordinatorError(broker, body.groupId);
  if (error !== none) return error;
  // asked first: a group that refuses the member is part of the transaction all the same
  const unadmitted = transactions.admitOffsets(version, body.transactionalId, body, body.groupId);
  if (unadmitted !== none) return unadmitted;
  const existing = groups.get(body.groupId);
  if (existing === undefined && body.generationId >= 0) return illegalGeneration;
  const group = existing ?? groups.classic(body.groupId);
  const refused =
    group.kind === 'classic'
      ? group.commitError(body.memberId, body.groupInstanceId, body.generationId, true)
      : group.commitError(body.memberId, body.groupInstanceId, body.generationId, true, version);
  return refused === none ? group : refused;
}
