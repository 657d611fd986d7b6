import { ByteWriter } from '../../../src/bytes/byte-writer.js';
import { writeMessage } from '../../../src/protocol/interpreter.js';
import {
  txnOffsetCommitApi,
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitResponse,
} from '../../../src/protocol/messages/txn-offset-commit.js';
import type { Input } from '../../../src/protocol/api.js';
import type { Step } from '../../../src/producer/transaction/step-queue.js';
import type { TransactionIdentity } from '../../../src/producer/transaction/transaction-identity.js';
import { TransactionRequests } from '../../../src/producer/transaction/transaction-requests.js';

const group = { groupId: 'g', generation: 7, memberId: 'm', groupInstanceId: 'i' };
const offsets = [
  { topic: 't', partition: 0, offset: 5 },
  { topic: 't', partition: 1, offset: 6 },
  { topic: 'u', partition: 1, offset: 7 },
];

function commitOffsets(): { step: Step; body: (version: number) => Input<TxnOffsetCommitRequest> } {
  const identity = { transactionalId: 'x', producerId: 1, epoch: 2, implicit: false } as TransactionIdentity;
  const step = new TransactionRequests(identity, 1000).commitOffsets(offsets, group, nothing, nothing);
  return { step, body: (version) => (step.body() as (version: number) => Input<TxnOffsetCommitRequest>)(version) };
}

function nothing(): void {
  // nobody to tell
}

const answer = (codes: readonly [string, readonly (readonly [number, number])[]][]): TxnOffsetCommitResponse => ({
  throttleTimeMs: 0,
  topics: codes.map(([name, partitions]) => ({
    name,
    partitions: partitions.map(([partitionIndex, errorCode]) => ({ partitionIndex, errorCode })),
  })),
});

describe('the offsets of a transaction', () => {
  it.each([0, 1, 2])('go without the member in version %i, in which the broker cannot check it', (version) => {
    const { body } = commitOffsets();
    expect(() => {
      writeMessage(txnOffsetCommitApi.request, version, body(version), new ByteWriter());
    }).not.toThrow();
    expect(body(version)).toMatchObject({ generationId: undefined, memberId: undefined, groupInstanceId: undefined });
  });

  it('go with the member from version 3 on [KIP-447]', () => {
    const { body } = commitOffsets();
    expect(body(3)).toMatchObject({ generationId: 7, memberId: 'm', groupInstanceId: 'i' });
  });

  it('ask again only for what was refused', () => {
    const { step, body } = commitOffsets();
    const codes = step.read(
      answer([
        ['u', [[1, 0]]],
        [
          't',
          [
            [0, 14],
            [1, 0],
          ],
        ],
      ]),
    );
    expect(codes).toEqual([0, 14, 0]);
    expect(body(3).topics).toEqual([
      {
        name: 't',
        partitions: [{ partitionIndex: 0, committedOffset: 5, committedLeaderEpoch: -1, committedMetadata: '' }],
      },
    ]);
  });
});
