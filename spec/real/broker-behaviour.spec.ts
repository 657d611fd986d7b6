import { BatchBuffer } from '../../src/codecs/record-batch-writer.js';
import { apiVersionsApi } from '../../src/protocol/messages/api-versions.js';
import { consumerGroupHeartbeatApi } from '../../src/protocol/messages/consumer-group-heartbeat.js';
import { endTxnApi } from '../../src/protocol/messages/end-txn.js';
import { fetchApi } from '../../src/protocol/messages/fetch.js';
import { heartbeatApi } from '../../src/protocol/messages/heartbeat.js';
import { initProducerIdApi } from '../../src/protocol/messages/init-producer-id.js';
import { joinGroupApi, type JoinGroupResponse } from '../../src/protocol/messages/join-group.js';
import { leaveGroupApi } from '../../src/protocol/messages/leave-group.js';
import { listOffsetsApi } from '../../src/protocol/messages/list-offsets.js';
import { offsetCommitApi } from '../../src/protocol/messages/offset-commit.js';
import { offsetFetchApi } from '../../src/protocol/messages/offset-fetch.js';
import { offsetForLeaderEpochApi } from '../../src/protocol/messages/offset-for-leader-epoch.js';
import { produceApi } from '../../src/protocol/messages/produce.js';
import { syncGroupApi } from '../../src/protocol/messages/sync-group.js';
import { batchBytes } from '../consumer/support/batches.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';
import { RawConnection } from '../support/raw-client.js';

// What a broker answers to what no client of ours would ask, or asks only when something went wrong. On real brokers it keeps our
// picture of them true, on the embedded cluster it keeps that true to them.

const open: RawConnection[] = [];

afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
});

async function coordinator(groupId: string): Promise<RawConnection> {
  const connection = await RawConnection.toCoordinator(sharedBrokers(), groupId);
  open.push(connection);
  return connection;
}

async function leaderOf(topic: string): Promise<{ to: RawConnection; topicId: string }> {
  const found = await RawConnection.toLeader(sharedBrokers(), topic);
  open.push(found.to);
  return found;
}

async function topicOf(partitions = 1): Promise<string> {
  const topic = uniqueName('raw');
  await createTopic(sharedBrokers(), topic, { partitions });
  return topic;
}

interface Identity {
  readonly groupId: string;
  readonly memberId?: string;
  readonly groupInstanceId?: string | null;
}

function join(
  to: RawConnection,
  { groupId, memberId = '', groupInstanceId = null }: Identity,
): Promise<JoinGroupResponse> {
  return to.askOnceLoaded(joinGroupApi, 9, {
    groupId,
    memberId,
    groupInstanceId,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: new Uint8Array([1]) }],
    sessionTimeoutMs: 6000,
    rebalanceTimeoutMs: 60_000,
  });
}

/** Joins with the id that MEMBER_ID_REQUIRED hands out. */
async function joinAnew(to: RawConnection, groupId: string): Promise<JoinGroupResponse> {
  const { errorCode, memberId } = await join(to, { groupId });
  expect(errorCode).toBe(79);
  return join(to, { groupId, memberId });
}

function sync(to: RawConnection, groupId: string, { memberId, generationId, members }: JoinGroupResponse) {
  return to.ask(syncGroupApi, 5, {
    groupId,
    memberId,
    generationId,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: members.map((member) => ({ memberId: member.memberId, assignment: new Uint8Array([7]) })),
  });
}

async function commit(to: RawConnection, groupId: string, topic: string, memberId: string, epoch: number, offset = 1) {
  const { topics } = await to.ask(offsetCommitApi, 9, {
    groupId,
    memberId,
    generationIdOrMemberEpoch: epoch,
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: offset }] }],
  });
  return topics[0]!.partitions[0]!.errorCode;
}

function heartbeat(to: RawConnection, groupId: string, memberId: string, generationId: number): Promise<number> {
  return to.ask(heartbeatApi, 4, { groupId, memberId, generationId }).then(({ errorCode }) => errorCode);
}

it('two members that share one connection expel each other: the heartbeat waits behind the held JoinGroup', async () => {
  const groupId = uniqueName('shared');
  const own = await coordinator(groupId);
  const shared = await coordinator(groupId);
  const first = await joinAnew(shared, groupId);
  await sync(shared, groupId, first);
  // the second member joins on the same connection: it is held until the first one joins again
  const { memberId } = await join(shared, { groupId });
  const held = join(shared, { groupId, memberId });
  // the first one would say it is alive, and hear of the rebalance, on a connection that is not read
  const late = heartbeat(shared, groupId, first.memberId, first.generationId);
  const second = await held;
  expect(second.members.map((member) => member.memberId)).toEqual([memberId]);
  expect(await late).toBe(25);
  expect(await heartbeat(own, groupId, memberId, second.generationId)).toBe(0);
}, 60_000);

it('a classic group takes commits of anybody who is in it, for any partition, also backwards, and by its phase', async () => {
  const [groupId, topic] = [uniqueName('phases'), await topicOf()];
  const [a, b] = [await coordinator(groupId), await coordinator(groupId)];
  const first = await joinAnew(a, groupId);
  expect(await commit(b, groupId, topic, first.memberId, first.generationId)).toBe(27);
  await sync(a, groupId, first);
  expect(await commit(b, groupId, topic, first.memberId, first.generationId, 10)).toBe(0);
  expect(await commit(b, groupId, topic, first.memberId, first.generationId, 5)).toBe(0);
  expect(await commit(b, groupId, topic, first.memberId, first.generationId + 1)).toBe(22);
  expect(await commit(b, groupId, topic, 'nobody', first.generationId)).toBe(25);
  expect(await commit(b, groupId, topic, '', -1)).toBe(25);
  const second = joinAnew(b, groupId);
  const c = await coordinator(groupId);
  // the other one has joined when this one's heartbeat says so; the old generation commits on
  while ((await heartbeat(c, groupId, first.memberId, first.generationId)) !== 27);
  expect(await commit(c, groupId, topic, first.memberId, first.generationId, 6)).toBe(0);
  const again = await join(a, { groupId, memberId: first.memberId });
  expect(again.generationId).toBe(first.generationId + 1);
  const other = await second;
  expect(await commit(c, groupId, topic, first.memberId, first.generationId)).toBe(22);
  expect(await commit(c, groupId, topic, first.memberId, again.generationId)).toBe(27);
  await Promise.all([sync(a, groupId, again), sync(b, groupId, other)]);
  expect(await commit(c, groupId, topic, other.memberId, other.generationId, 7)).toBe(0);
  const { groups } = await c.ask(offsetFetchApi, 9, {
    groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [0] }] }],
  });
  expect(groups[0]!.topics[0]!.partitions[0]).toMatchObject({ committedOffset: 7, errorCode: 0 });
  const left = await c.ask(leaveGroupApi, 5, {
    groupId,
    members: [{ memberId: 'nobody' }, { memberId: other.memberId }],
  });
  expect(left.members.map(({ errorCode }) => errorCode)).toEqual([25, 0]);
}, 60_000);

it('a static member that comes back gets another id without a rebalance, and the old id is fenced', async () => {
  const groupId = uniqueName('static');
  const to = await coordinator(groupId);
  const first = await join(to, { groupId, groupInstanceId: 'i' });
  expect(first.errorCode).toBe(0);
  await sync(to, groupId, first);
  const again = await join(to, { groupId, groupInstanceId: 'i' });
  expect(again).toMatchObject({ errorCode: 0, generationId: first.generationId, skipAssignment: true });
  expect(again.memberId).not.toBe(first.memberId);
  const old = { groupId, memberId: first.memberId, generationId: first.generationId, groupInstanceId: 'i' };
  expect((await to.ask(heartbeatApi, 4, old)).errorCode).toBe(82);
  expect((await to.ask(heartbeatApi, 4, { ...old, memberId: again.memberId })).errorCode).toBe(0);
}, 60_000);

it('a KIP-848 group fences by epoch, and takes a member back under its id with epoch 0', async () => {
  const [groupId, topic] = [uniqueName('kip848'), await topicOf(2)];
  const to = await coordinator(groupId);
  const memberId = 'AAAAAAAAAAAAAAAAAAAAAQ';
  const beat = (memberEpoch: number, more: object = {}) =>
    to.askOnceLoaded(consumerGroupHeartbeatApi, 1, { groupId, memberId, memberEpoch, ...more });
  const full = { rebalanceTimeoutMs: 10_000, subscribedTopicNames: [topic], topicPartitions: [] };
  expect((await beat(3)).errorCode).toBe(69);
  let joined = await beat(0, full);
  expect(joined).toMatchObject({ errorCode: 0, memberId });
  expect(joined.memberEpoch).toBeGreaterThan(0);
  // a coordinator hears of a topic a little later than the broker it lives in, and then says so in an answer to a heartbeat
  for (let tries = 0; joined.assignment?.topicPartitions.length !== 1 && tries < 200; tries++) {
    const next = await beat(joined.memberEpoch, { topicPartitions: [] });
    joined = next.assignment === null ? { ...joined, memberEpoch: next.memberEpoch } : next;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(joined.assignment!.topicPartitions[0]!.partitions).toEqual([0, 1]);
  const { memberEpoch, assignment } = joined;
  expect(await beat(memberEpoch, { topicPartitions: assignment!.topicPartitions })).toMatchObject({
    errorCode: 0,
    memberEpoch,
    assignment: null,
  });
  expect((await beat(memberEpoch + 1)).errorCode).toBe(110);
  expect(await commit(to, groupId, topic, memberId, memberEpoch)).toBe(0);
  expect(await commit(to, groupId, topic, memberId, memberEpoch + 1)).toBe(113);
  expect(await commit(to, groupId, topic, 'AAAAAAAAAAAAAAAAAAAAAg', memberEpoch)).toBe(25);
  const again = await beat(0, full);
  expect(again).toMatchObject({ errorCode: 0 });
  expect(again.assignment!.topicPartitions[0]!.partitions).toEqual([0, 1]);
  expect(await beat(-1)).toMatchObject({ errorCode: 0, memberEpoch: -1 });
  expect((await beat(again.memberEpoch)).errorCode).toBe(25);
}, 60_000);

it('a leader tells a repeated batch from a gap, and an old epoch from a new one', async () => {
  const topic = await topicOf();
  const { to, topicId } = await leaderOf(topic);
  const { producerId, producerEpoch } = await to.askOnceLoaded(initProducerIdApi, 5, {
    transactionalId: null,
    transactionTimeoutMs: 0,
  });
  expect(producerEpoch).toBe(0);
  const write = async (baseSequence: number, epoch = 0, acks = -1) => {
    const bytes = sequenced(producerId, epoch, baseSequence, 2);
    const partitionData = [{ index: 0, records: bytes }];
    const { responses } = await to.ask(produceApi, 13, {
      acks,
      timeoutMs: 5000,
      topicData: [{ topicId, partitionData }],
    });
    const { errorCode, baseOffset } = responses[0]!.partitionResponses[0]!;
    return [errorCode, baseOffset];
  };
  expect(await write(0)).toEqual([0, 0]);
  expect(await write(2)).toEqual([0, 2]);
  expect(await write(0)).toEqual([0, 0]);
  expect((await write(6))[0]).toBe(45);
  expect((await write(1, 1))[0]).toBe(45);
  expect(await write(0, 1)).toEqual([0, 4]);
  expect((await write(4, 0))[0]).toBe(47);
  expect((await write(2, 1, 5))[0]).toBe(21);
}, 60_000);

it('a leader tells offsets by time and by epoch, and what is out of range', async () => {
  const topic = await topicOf();
  const { to, topicId } = await leaderOf(topic);
  const batches = [
    batchBytes({
      base: 0,
      records: [
        { value: 'a', timestamp: 1000 },
        { value: 'b', timestamp: 3000 },
      ],
    }),
    batchBytes({ base: 0, records: [{ value: 'c', timestamp: 2000 }] }),
  ];
  for (const records of batches) {
    const topicData = [{ topicId, partitionData: [{ index: 0, records }] }];
    await to.ask(produceApi, 13, { acks: -1, timeoutMs: 5000, topicData });
  }
  const offsetAt = async (timestamp: number, currentLeaderEpoch = -1) => {
    const { topics } = await to.ask(listOffsetsApi, 8, {
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp, currentLeaderEpoch }] }],
    });
    const { errorCode, offset, timestamp: found } = topics[0]!.partitions[0]!;
    return [errorCode, offset, found];
  };
  expect(await offsetAt(-1)).toEqual([0, 3, -1]);
  expect(await offsetAt(-2)).toEqual([0, 0, -1]);
  expect(await offsetAt(-3)).toEqual([0, 1, 3000]);
  expect(await offsetAt(1500)).toEqual([0, 1, 3000]);
  expect(await offsetAt(5000)).toEqual([0, -1, -1]);
  expect((await offsetAt(-1, 9))[0]).toBe(75);
  const epochEnd = async (leaderEpoch: number) => {
    const partitions = [{ partition: 0, leaderEpoch, currentLeaderEpoch: -1 }];
    const { topics } = await to.ask(offsetForLeaderEpochApi, 4, { replicaId: -1, topics: [{ topic, partitions }] });
    const { errorCode, leaderEpoch: epoch, endOffset } = topics[0]!.partitions[0]!;
    return [errorCode, epoch, endOffset];
  };
  expect(await epochEnd(0)).toEqual([0, 0, 3]);
  expect(await epochEnd(7)).toEqual([0, -1, -1]);
}, 60_000);

it('a leader fetches in sessions, and cuts an answer at its limit but for the first batch', async () => {
  const topic = await topicOf();
  const { to, topicId } = await leaderOf(topic);
  for (let n = 0; n < 3; n++) {
    const records = batchBytes({ base: 0, records: ['x'.repeat(500)] });
    await to.ask(produceApi, 13, {
      acks: -1,
      timeoutMs: 5000,
      topicData: [{ topicId, partitionData: [{ index: 0, records }] }],
    });
  }
  const size = batchBytes({ base: 0, records: ['x'.repeat(500)] }).length;
  const fetch = async (sessionId: number, sessionEpoch: number, fetchOffset: number | null, limits: object = {}) => {
    const partitions = [{ partition: 0, fetchOffset: fetchOffset ?? 0, partitionMaxBytes: 1_000_000 }];
    const answer = await to.ask(fetchApi, 17, {
      maxWaitMs: 200,
      minBytes: 1,
      maxBytes: 1_000_000,
      sessionId,
      sessionEpoch,
      topics: fetchOffset === null ? [] : [{ topicId, partitions }],
      ...limits,
    });
    const data = answer.responses[0]?.partitions[0];
    return {
      ...answer,
      partition: data?.errorCode ?? null,
      bytes: data?.records?.length ?? 0,
      highWatermark: data?.highWatermark,
    };
  };
  expect(await fetch(0, -1, 0)).toMatchObject({ errorCode: 0, sessionId: 0, bytes: 3 * size, highWatermark: 3 });
  expect((await fetch(0, -1, 0, { maxBytes: 10 })).bytes).toBe(size);
  expect((await fetch(0, -1, 0, { maxBytes: 2 * size + 10 })).bytes).toBe(2 * size + 10);
  expect((await fetch(0, -1, 9)).partition).toBe(1);
  const first = await fetch(0, 0, 3);
  expect(first).toMatchObject({ errorCode: 0, partition: 0, bytes: 0 });
  expect(first.sessionId).toBeGreaterThan(0);
  const { sessionId } = first;
  const quiet = await fetch(sessionId, 1, null);
  expect([quiet.errorCode, quiet.responses]).toEqual([0, []]);
  expect((await fetch(sessionId, 1, null)).errorCode).toBe(71);
  expect(await fetch(sessionId, 2, 1)).toMatchObject({ errorCode: 0, bytes: 2 * size });
  expect((await fetch(sessionId + 1, 1, null)).errorCode).toBe(70);
}, 60_000);

it('a coordinator ends a transaction of nothing by abort only, and repeats an answer that was lost', async () => {
  const id = uniqueName('tx');
  const to = await RawConnection.toCoordinator(sharedBrokers(), id, 1);
  open.push(to);
  const init = (producerId = -1, producerEpoch = -1) =>
    to.askOnceLoaded(initProducerIdApi, 5, {
      transactionalId: id,
      transactionTimeoutMs: 10_000,
      producerId,
      producerEpoch,
    });
  const end = async (producerId: number, producerEpoch: number, committed: boolean) => {
    for (;;) {
      const answer = await to.ask(endTxnApi, 5, { transactionalId: id, producerId, producerEpoch, committed });
      // the end before is not complete yet
      if (answer.errorCode !== 51) return [answer.errorCode, answer.producerId === producerId, answer.producerEpoch];
    }
  };
  const { producerId, producerEpoch } = await init();
  expect(producerEpoch).toBe(0);
  expect((await end(producerId, 0, true))[0]).toBe(48);
  expect(await end(producerId, 0, false)).toEqual([0, true, 1]);
  expect(await end(producerId, 0, false)).toEqual([0, true, 1]);
  expect((await end(producerId, 7, false))[0]).toBe(90);
  expect((await end(producerId + 1000, 1, false))[0]).toBe(49);
  const next = await init();
  expect(next).toMatchObject({ errorCode: 0, producerId, producerEpoch: 2 });
  expect(await init(producerId, 2)).toMatchObject({ errorCode: 0, producerId, producerEpoch: 3 });
  expect((await init(producerId, 0)).errorCode).toBe(90);
}, 60_000);

it('a broker answers an unknown version of ApiVersions, and closes the connection on any other', async () => {
  const address = sharedBrokers().split(',')[0]!;
  const to = await RawConnection.open(address);
  open.push(to);
  const beyond = { ...apiVersionsApi, maxVersion: 99, request: { ...apiVersionsApi.request, maxVersion: 99 } };
  const answer = await to.ask(beyond, 99, { clientSoftwareName: 'raw', clientSoftwareVersion: '1' });
  expect(answer.errorCode).toBe(35);
  expect(answer.apiKeys).toMatchObject([{ apiKey: 18, minVersion: 0 }]);
  await expect(to.ask(produceApi, 2, { acks: 1, timeoutMs: 1000, topicData: [] })).rejects.toThrow(
    'closed by the broker',
  );
}, 60_000);

function sequenced(producerId: number, producerEpoch: number, baseSequence: number, count: number): Uint8Array {
  const batch = new BatchBuffer(10_000);
  for (let n = 0; n < count; n++) batch.append(1000, null, new TextEncoder().encode(`${n}`), null);
  const compression = { type: 'none' } as const;
  return Uint8Array.from(batch.finish({ producerId, producerEpoch, baseSequence, transactional: false, compression })!);
}
