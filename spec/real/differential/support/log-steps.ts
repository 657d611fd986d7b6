import { deleteRecordsApi } from '../../../../src/protocol/messages/delete-records.js';
import { fetchApi } from '../../../../src/protocol/messages/fetch.js';
import { initProducerIdApi } from '../../../../src/protocol/messages/init-producer-id.js';
import { listOffsetsApi } from '../../../../src/protocol/messages/list-offsets.js';
import { offsetForLeaderEpochApi } from '../../../../src/protocol/messages/offset-for-leader-epoch.js';
import { produceApi } from '../../../../src/protocol/messages/produce.js';
import { batchOf, someTime } from './batch.js';
import { type Chance, type Side, type Step } from './side.js';

/** Reads of a partition: what every other kind of step is checked with as well. */
export const reads = {
  fetch: (fetchOffset: number, isolationLevel: number): Step => ({
    text: `fetch from ${fetchOffset}, isolation ${isolationLevel}`,
    run: async ({ leader, topicId }) => {
      const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }];
      const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 1_000_000, sessionId: 0, sessionEpoch: -1 };
      const answer = await leader.ask(fetchApi, 17, { ...limits, isolationLevel, topics: [{ topicId, partitions }] });
      const data = answer.responses[0]!.partitions[0]!;
      const { errorCode, highWatermark, lastStableOffset, logStartOffset, abortedTransactions, records } = data;
      const aborted = (abortedTransactions ?? []).map(({ firstOffset }) => firstOffset).join();
      return `${errorCode}, high watermark ${highWatermark}, stable ${lastStableOffset}, start ${logStartOffset}, aborted from ${aborted}, ${records?.length ?? 0} bytes`;
    },
  }),
  offset: (timestamp: number, isolationLevel: number): Step => ({
    text: `offset at ${timestamp}, isolation ${isolationLevel}`,
    run: async ({ leader, topic }) => {
      const topics = [{ name: topic, partitions: [{ partitionIndex: 0, timestamp }] }];
      const answer = await leader.ask(listOffsetsApi, 8, { replicaId: -1, isolationLevel, topics });
      const { errorCode, offset, timestamp: found, leaderEpoch } = answer.topics[0]!.partitions[0]!;
      return `${errorCode}, offset ${offset} at ${found}, epoch ${leaderEpoch}`;
    },
  }),
};

/** An idempotent producer that does not keep to its sequences, and readers at any offset. */
export function logSteps(chance: Chance): () => Step {
  // what a broker grants is the same on both but for the number of the producer: it is kept per side
  const granted = new Map<Side, number>();
  let [epoch, next] = [0, 0];
  const init: Step = {
    text: 'take a producer id',
    run: async (side) => {
      const question = { transactionalId: null, transactionTimeoutMs: 0 };
      const answer = await side.ask(side.leader, initProducerIdApi, 5, question, ({ errorCode }) => errorCode);
      granted.set(side, answer.producerId);
      return `${answer.errorCode}, epoch ${answer.producerEpoch}`;
    },
  };
  const write = (): Step => {
    const records = chance.pick([1, 2, 3]);
    const plain = chance.rarely(0.2);
    if (!plain && chance.rarely(0.15)) {
      epoch = Math.max(0, epoch + chance.pick([1, 1, -1]));
      if (chance.rarely(0.7)) next = 0;
    }
    const [sentEpoch, baseSequence] = [
      epoch,
      chance.rarely(0.7) ? next : chance.pick([0, next + 2, next - 2, next - 6]),
    ];
    if (!plain && baseSequence === next) next += records;
    return {
      text: plain ? `write ${records}` : `write ${records} with sequence ${baseSequence} in epoch ${sentEpoch}`,
      run: async (side) => {
        const producerId = plain ? -1 : granted.get(side)!;
        const state = plain ? { producerEpoch: -1, baseSequence: -1 } : { producerEpoch: sentEpoch, baseSequence };
        const bytes = batchOf({ producerId, ...state, transactional: false, records });
        const topicData = [{ topicId: side.topicId, partitionData: [{ index: 0, records: bytes }] }];
        const answer = await side.leader.ask(produceApi, 13, { acks: -1, timeoutMs: 5000, topicData });
        const { errorCode, baseOffset, logStartOffset } = answer.responses[0]!.partitionResponses[0]!;
        return `${errorCode} at ${baseOffset}, start ${logStartOffset}`;
      },
    };
  };
  const trim = (): Step => {
    const offset = chance.pick([-1, 0, 1, 2, 5, 9, 1000]);
    trimmed = true;
    return {
      text: `delete records before ${offset}`,
      run: async ({ leader, topic }) => {
        const topics = [{ name: topic, partitions: [{ partitionIndex: 0, offset }] }];
        const answer = await leader.ask(deleteRecordsApi, 2, { topics, timeoutMs: 5000 });
        const { errorCode, lowWatermark } = answer.topics[0]!.partitions[0]!;
        return `${errorCode}, low watermark ${lowWatermark}`;
      },
    };
  };
  const epochEnd = (): Step => {
    const [leaderEpoch, currentLeaderEpoch] = [chance.pick([-1, 0, 1, 5]), chance.pick([-1, 0, 0, 7])];
    return {
      text: `end of leader epoch ${leaderEpoch}, current ${currentLeaderEpoch}`,
      run: async ({ leader, topic }) => {
        const topics = [{ topic, partitions: [{ partition: 0, leaderEpoch, currentLeaderEpoch }] }];
        const answer = await leader.ask(offsetForLeaderEpochApi, 4, { replicaId: -1, topics });
        const found = answer.topics[0]!.partitions[0]!;
        return `${found.errorCode}, epoch ${found.leaderEpoch} to ${found.endOffset}`;
      },
    };
  };
  const read = (): Step => reads.fetch(chance.pick([0, 1, 3, 8, 20, 1000]), chance.pick([0, 1]));
  let trimmed = false;
  // real brokers go on to find the latest time in what is trimmed, until its segment is gone
  const look = (): Step =>
    reads.offset(
      chance.pick([...(trimmed ? [] : [-3]), -1, -2, -4, 0, someTime, someTime + 1, someTime + 2, someTime + 9]),
      chance.pick([0, 1]),
    );
  let first = true;
  return () => {
    if (first) {
      first = false;
      return init;
    }
    return chance.pick([write, write, write, write, read, read, look, trim, epochEnd])();
  };
}
