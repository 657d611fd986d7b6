import { type PartitionSet } from '../../cluster/partition-set.js';
import { type GroupMetadata } from '../../model/commit.js';
import { type OffsetList } from '../../model/topic-partition.js';
import { type Input } from '../../protocol/api.js';
import { byTopic, committedPartition } from '../../protocol/by-topic.js';
import { addOffsetsToTxnApi } from '../../protocol/messages/add-offsets-to-txn.js';
import { addPartitionsToTxnApi } from '../../protocol/messages/add-partitions-to-txn.js';
import { endTxnApi, type EndTxnResponse } from '../../protocol/messages/end-txn.js';
import { initProducerIdApi, type InitProducerIdResponse } from '../../protocol/messages/init-producer-id.js';
import {
  txnOffsetCommitApi,
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitResponse,
} from '../../protocol/messages/txn-offset-commit.js';
import { type Step } from './step-queue.js';
import { type TransactionIdentity } from './transaction-identity.js';

type Done = Step['done'];

/** Clients speak AddPartitionsToTxn up to this version, brokers among themselves later ones (KIP-890). */
const lastClientVersion = 3;
/** From this version on InitProducerId takes the epoch that it replaces (KIP-360). */
const firstBumpVersion = 3;

/** The requests of one slot, from its identity to the wire and back. */
export class TransactionRequests {
  readonly #identity: TransactionIdentity;
  readonly #transactionTimeoutMs: number;

  constructor(identity: TransactionIdentity, transactionTimeoutMs: number) {
    this.#identity = identity;
    this.#transactionTimeoutMs = transactionTimeoutMs;
  }

  /** A producer id with its next epoch; aborts what a predecessor left open, and fences it. */
  initialise(timeoutMs: number, adopt: (response: InitProducerIdResponse) => void, done: Done): Step {
    const { transactionalId } = this.#identity;
    return step({
      what: `Start of transactional id ${transactionalId}`,
      to: this.#coordinator,
      api: initProducerIdApi,
      body: () => ({
        transactionalId,
        transactionTimeoutMs: this.#transactionTimeoutMs,
        producerId: -1,
        producerEpoch: -1,
      }),
      timeoutMs,
      read: (response: InitProducerIdResponse) => {
        if (response.errorCode === 0) adopt(response);
        return [response.errorCode];
      },
      done,
    });
  }

  /** The next epoch of the same producer (KIP-360); refused when another one took over. Aborts what is open. */
  bump(adopt: (response: InitProducerIdResponse) => void, done: Done): Step {
    const { transactionalId, producerId, epoch } = this.#identity;
    return step({
      what: `Next epoch of transactional id ${transactionalId}`,
      to: this.#coordinator,
      api: initProducerIdApi,
      body: () => ({
        transactionalId,
        transactionTimeoutMs: this.#transactionTimeoutMs,
        producerId,
        producerEpoch: epoch,
      }),
      versions: { minVersion: firstBumpVersion },
      read: (response: InitProducerIdResponse) => {
        if (response.errorCode === 0) adopt(response);
        return [response.errorCode];
      },
      done,
    });
  }

  /** Older protocol: partitions are part of the transaction before anything is written to them. */
  addPartitions(partitions: PartitionSet, done: Done): Step {
    return step({
      what: 'Adding partitions to the transaction',
      to: this.#coordinator,
      api: addPartitionsToTxnApi,
      body: () => {
        const { transactionalId, producerId, epoch } = this.#identity;
        return {
          v3AndBelowTransactionalId: transactionalId,
          v3AndBelowProducerId: producerId,
          v3AndBelowProducerEpoch: epoch,
          v3AndBelowTopics: [...partitions.topics()].map(([name, numbers]) => ({ name, partitions: [...numbers] })),
        };
      },
      versions: { maxVersion: lastClientVersion },
      timeoutMs: this.#transactionTimeoutMs,
      read: ({ resultsByTopicV3AndBelow }) =>
        resultsByTopicV3AndBelow
          .flatMap(({ resultsByPartition }) => resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode))
          .filter(
            (code, _, all) => code !== notAttempted || all.every((other) => other === notAttempted || other === 0),
          ),
      done,
    });
  }

  /** Older protocol: the partition of the offsets topic that belongs to the group. */
  addOffsets(groupId: string, done: Done): Step {
    return step({
      what: `Adding group ${groupId} to the transaction`,
      to: this.#coordinator,
      api: addOffsetsToTxnApi,
      body: () => {
        const { transactionalId, producerId, epoch } = this.#identity;
        return { transactionalId, producerId, producerEpoch: epoch, groupId };
      },
      timeoutMs: this.#transactionTimeoutMs,
      read: ({ errorCode }) => [errorCode],
      done,
    });
  }

  /** The offsets, at the coordinator of the group, under the member's identity (KIP-447). Sends again only what is missing. */
  commitOffsets(offsets: OffsetList, group: GroupMetadata, unanswered: () => void, done: Done): Step {
    const { implicit } = this.#identity;
    let missing = offsets;
    return step({
      what: `Offsets of group ${group.groupId} in the transaction`,
      to: { type: 'group', key: group.groupId },
      api: txnOffsetCommitApi,
      body: () => {
        const { transactionalId, producerId, epoch } = this.#identity;
        return (version: number): Input<TxnOffsetCommitRequest> => {
          // up to version 2 the broker cannot check the member (KIP-447 came with Kafka 2.5)
          const member = version < 3 ? null : group;
          return {
            transactionalId,
            groupId: group.groupId,
            producerId,
            producerEpoch: epoch,
            generationId: member?.generation,
            memberId: member?.memberId,
            groupInstanceId: member?.groupInstanceId,
            topics: byTopic(missing, committedPartition).map(([name, partitions]) => ({ name, partitions })),
          };
        };
      },
      versions: implicit ? { minVersion: 5 } : { maxVersion: 4 },
      timeoutMs: this.#transactionTimeoutMs,
      read: (response: TxnOffsetCommitResponse) => {
        const codes: number[] = [];
        for (const { partitions } of response.topics) for (const { errorCode } of partitions) codes.push(errorCode);
        if (codes.some((code) => code !== 0)) missing = withoutStored(missing, response);
        return codes;
      },
      unanswered,
      done,
    });
  }

  /** Newer protocol: the answer gives the epoch of the next transaction. */
  end(committed: boolean, adopt: (response: EndTxnResponse) => void, done: Done): Step {
    const { transactionalId, producerId, epoch, implicit } = this.#identity;
    return step({
      what: committed ? 'Commit of the transaction' : 'Abort of the transaction',
      to: this.#coordinator,
      api: endTxnApi,
      body: () => ({ transactionalId, producerId, producerEpoch: epoch, committed }),
      versions: implicit ? { minVersion: 5 } : { maxVersion: 4 },
      read: (response: EndTxnResponse) => {
        if (response.errorCode === 0) adopt(response);
        return [response.errorCode];
      },
      done,
    });
  }

  get #coordinator(): Step['to'] {
    return { type: 'transaction', key: this.#identity.transactionalId };
  }
}

/** The coordinator did not look at this partition, because another one of the request was refused. */
const notAttempted = 55;

/** What another try has to ask for. */
function withoutStored(offsets: OffsetList, { topics }: TxnOffsetCommitResponse): OffsetList {
  const stored = new Set<string>();
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, errorCode } of partitions)
      if (errorCode === 0) stored.add(`${partitionIndex} ${name}`);
  }
  return offsets.filter(({ topic, partition }) => !stored.has(`${partition} ${topic}`));
}

/** The queue does not care what is in it. */
function step<Req, Res>(made: Step<Req, Res>): Step {
  return made as unknown as Step;
}
