import { addOffsetsToTxnApi } from '../../../../src/protocol/messages/add-offsets-to-txn.js';
import { addPartitionsToTxnApi } from '../../../../src/protocol/messages/add-partitions-to-txn.js';
import { describeTransactionsApi } from '../../../../src/protocol/messages/describe-transactions.js';
import { endTxnApi } from '../../../../src/protocol/messages/end-txn.js';
import { initProducerIdApi } from '../../../../src/protocol/messages/init-producer-id.js';
import { offsetFetchApi } from '../../../../src/protocol/messages/offset-fetch.js';
import { produceApi } from '../../../../src/protocol/messages/produce.js';
import { txnOffsetCommitApi } from '../../../../src/protocol/messages/txn-offset-commit.js';
import { batchOf } from './batch.js';
import { reads } from './log-steps.js';
import { type Chance, type Side, type Step } from './side.js';

interface Identity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** What a side was granted, in order: a step names one by its number, since the ids themselves differ. */
class Granted {
  readonly #all: Map<Side, Identity[]> = new Map<Side, Identity[]>();

  add(side: Side, { producerId, producerEpoch }: Identity): void {
    this.#all.set(side, [...(this.#all.get(side) ?? []), { producerId, producerEpoch }]);
  }

  /** The last but so many, or the first. */
  at(side: Side, back: number): Identity {
    const all = this.#all.get(side) ?? [];
    return all.at(-1 - Math.min(back, all.length - 1)) ?? { producerId: 1, producerEpoch: 0 };
  }

  /** As others see it: how many ids ago, and its epoch. */
  name(side: Side, { producerId, producerEpoch }: Identity): string {
    const ids = [...new Set((this.#all.get(side) ?? []).map((each) => each.producerId))];
    return producerId < 0 ? `none, epoch ${producerEpoch}` : `id ${ids.indexOf(producerId)}, epoch ${producerEpoch}`;
  }
}

/** One transactional id in the hands of several, by one version of the protocol. */
export function transactionSteps(chance: Chance, version: 1 | 2): () => Step {
  const granted = new Granted();
  const sequences = new Map<string, number>();
  const whose = (): number => (chance.rarely(0.8) ? 0 : chance.pick([1, 2, 3]));
  const shift = (): number => (chance.rarely(0.9) ? 0 : chance.pick([-1, 1, 1]));
  const identity = (side: Side, back: number, by: number): Identity => {
    const { producerId, producerEpoch } = granted.at(side, back);
    return { producerId, producerEpoch: Math.max(0, producerEpoch + by) };
  };
  const init = (): Step => {
    const [given, back] = [chance.rarely(0.5), whose()];
    return {
      text: given ? `initialize with identity -${back}` : 'initialize',
      run: async (side) => {
        const id = given ? granted.at(side, back) : { producerId: -1, producerEpoch: -1 };
        const question = { transactionalId: side.transactionalId, transactionTimeoutMs: 60_000, ...id };
        const answer = await side.ask(side.transactions, initProducerIdApi, 5, question, (got) => got.errorCode);
        if (answer.errorCode === 0) granted.add(side, answer);
        await settled(side);
        return `${answer.errorCode}, ${granted.name(side, answer)}`;
      },
    };
  };
  const addPartition = (): Step => {
    const [back, by] = [whose(), shift()];
    return {
      text: `add the partition as -${back}, epoch ${by}`,
      run: async (side) => {
        const { producerId, producerEpoch } = identity(side, back, by);
        const question = {
          v3AndBelowTransactionalId: side.transactionalId,
          v3AndBelowProducerId: producerId,
          v3AndBelowProducerEpoch: producerEpoch,
          v3AndBelowTopics: [{ name: side.topic, partitions: [0] }],
        };
        const codeOf = (got: {
          resultsByTopicV3AndBelow: { resultsByPartition: { partitionErrorCode: number }[] }[];
        }) => got.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode;
        return `${codeOf(await side.ask(side.transactions, addPartitionsToTxnApi, 3, question, codeOf))}`;
      },
    };
  };
  const write = (): Step => {
    const [back, by, off] = [whose(), shift(), chance.rarely(0.85) ? 0 : chance.pick([-1, 2])];
    return {
      text: `write as -${back}, epoch ${by}, sequence ${off}`,
      run: async (side) => {
        const id = identity(side, back, by);
        const key = `${side.topicId} ${id.producerId} ${id.producerEpoch}`;
        const baseSequence = Math.max(0, (sequences.get(key) ?? 0) + off);
        const records = batchOf({ ...id, baseSequence, transactional: true, records: 1 });
        const topicData = [{ name: side.topic, partitionData: [{ index: 0, records }] }];
        const question = { transactionalId: side.transactionalId, acks: -1, timeoutMs: 5000, topicData };
        const codeOf = (got: { responses: { partitionResponses: { errorCode: number }[] }[] }): number =>
          got.responses[0]!.partitionResponses[0]!.errorCode;
        const answer = await side.ask(side.leader, produceApi, version === 2 ? 12 : 11, question, codeOf);
        const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!;
        if (errorCode === 0) sequences.set(key, baseSequence + 1);
        return `${errorCode} at ${baseOffset}`;
      },
    };
  };
  const addOffsets = (): Step => {
    const [back, by] = [whose(), shift()];
    return {
      text: `add the group as -${back}, epoch ${by}`,
      run: async (side) => {
        const { transactionalId, groupId } = side;
        const question = { transactionalId, groupId, ...identity(side, back, by) };
        const answer = await side.ask(side.transactions, addOffsetsToTxnApi, 3, question, (got) => got.errorCode);
        return `${answer.errorCode}`;
      },
    };
  };
  const commitOffset = (): Step => {
    const [back, by, committedOffset] = [whose(), shift(), chance.pick([0, 3, 7, 12])];
    const member = chance.rarely(0.9) ? { generationId: -1, memberId: '' } : { generationId: 4, memberId: 'nobody' };
    return {
      text: `commit offset ${committedOffset} as -${back}, epoch ${by}, member '${member.memberId}'`,
      run: async (side) => {
        const { transactionalId, groupId, topic: name } = side;
        const partitions = [{ partitionIndex: 0, committedOffset }];
        const topics = [{ name, partitions }];
        const question = { transactionalId, groupId, ...identity(side, back, by), ...member, topics };
        const codeOf = (got: { topics: { partitions: { errorCode: number }[] }[] }): number =>
          got.topics[0]!.partitions[0]!.errorCode;
        const answer = await side.ask(side.group, txnOffsetCommitApi, version === 2 ? 5 : 4, question, codeOf);
        return `${codeOf(answer)}`;
      },
    };
  };
  const end = (): Step => {
    const [back, by, committed] = [whose(), shift(), chance.rarely(0.6)];
    return {
      text: `${committed ? 'commit' : 'abort'} as -${back}, epoch ${by}`,
      run: async (side) => {
        const question = { transactionalId: side.transactionalId, committed, ...identity(side, back, by) };
        const answer = await side.ask(
          side.transactions,
          endTxnApi,
          version === 2 ? 5 : 4,
          question,
          (got) => got.errorCode,
        );
        if (answer.errorCode !== 0) return `${answer.errorCode}`;
        await settled(side);
        if (version === 1) return '0';
        granted.add(side, answer);
        return `0, ${granted.name(side, answer)}`;
      },
    };
  };
  const offsets = (requireStable: boolean): Step => ({
    text: `committed offset${requireStable ? ', stable' : ''}`,
    run: async ({ group, groupId, topic }) => {
      const groups = [{ groupId, topics: [{ name: topic, partitionIndexes: [0] }] }];
      const answer = await group.ask(offsetFetchApi, 9, { groups, requireStable });
      const { errorCode, committedOffset } = answer.groups[0]!.topics[0]!.partitions[0]!;
      return `${errorCode}, ${committedOffset}`;
    },
  });
  const look = (): Step => reads.offset(-1, chance.pick([0, 1]));
  const read = (): Step => reads.fetch(chance.pick([0, 0, 2, 5]), chance.pick([0, 1]));
  const stored = (): Step => offsets(chance.rarely(0.5));
  const before = version === 1 ? [addPartition, addPartition, addOffsets] : [];
  const work = [write, write, write, commitOffset, commitOffset, end, end, look, read, stored];
  let first = true;
  return () => {
    if (first || chance.rarely(0.06)) {
      first = false;
      return init();
    }
    return chance.pick([...before, ...work])();
  };
}

/** Until the markers of an end are written: both kinds of brokers answer EndTxn before that. */
async function settled(side: Side): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const question = { transactionalIds: [side.transactionalId] };
    const { transactionStates } = await side.transactions.ask(describeTransactionsApi, 0, question);
    if (!transactionStates[0]!.transactionState.startsWith('Prepare')) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
