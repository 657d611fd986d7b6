import { type EndTxnRequest } from '../../src/protocol/messages/end-txn.js';
import { type OffsetCommitRequest } from '../../src/protocol/messages/offset-commit.js';
import { type TxnOffsetCommitRequest } from '../../src/protocol/messages/txn-offset-commit.js';
import { type InterceptedRequest } from '../../src/testing/broker/controls/control-table.js';

/** What a trace says of a request beside its name: what is committed, and how transactions end. */
export function factsOf({ api, body }: InterceptedRequest): string {
  if (api === 'EndTxn') {
    const { transactionalId, producerEpoch, committed } = body as EndTxnRequest;
    return ` ${transactionalId} epoch ${producerEpoch} ${committed ? 'commit' : 'abort'}`;
  }
  if (api !== 'OffsetCommit' && api !== 'TxnOffsetCommit') return '';
  const { topics, memberId } = body as OffsetCommitRequest | TxnOffsetCommitRequest;
  const epoch =
    api === 'OffsetCommit'
      ? (body as OffsetCommitRequest).generationIdOrMemberEpoch
      : (body as TxnOffsetCommitRequest).generationId;
  const offsets = topics.flatMap((topic) =>
    topic.partitions.map(({ partitionIndex, committedOffset }) => {
      return `${topic.name === '' && 'topicId' in topic ? topic.topicId.slice(0, 4) : topic.name}/${partitionIndex}@${committedOffset}`;
    }),
  );
  return ` ${offsets.join(' ')} as ${memberId.slice(-6)} of ${epoch}`;
}
