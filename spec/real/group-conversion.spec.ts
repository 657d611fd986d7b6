import { decodeAssignment, encodeAssignment, encodeSubscription } from '../../src/consumer/group/subscription-codec.js';
import type { TopicPartition } from '../../src/model/topic-partition.js';
import { consumerGroupDescribeApi } from '../../src/protocol/messages/consumer-group-describe.js';
import { consumerGroupHeartbeatApi } from '../../src/protocol/messages/consumer-group-heartbeat.js';
import { describeGroupsApi } from '../../src/protocol/messages/describe-groups.js';
import { heartbeatApi } from '../../src/protocol/messages/heartbeat.js';
import { joinGroupApi, type JoinGroupResponse } from '../../src/protocol/messages/join-group.js';
import { leaveGroupApi } from '../../src/protocol/messages/leave-group.js';
import { offsetCommitApi } from '../../src/protocol/messages/offset-commit.js';
import { offsetFetchApi } from '../../src/protocol/messages/offset-fetch.js';
import { syncGroupApi } from '../../src/protocol/messages/sync-group.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';
import { RawConnection } from '../support/raw-client.js';

// How a coordinator takes classic members along in a group of the consumer protocol, and converts a group to and fro (KIP-848,
// "Online migration"), request by request.

jest.setTimeout(60_000);

let topic: string;
let groupId: string;
const open: RawConnection[] = [];

beforeEach(async () => {
  topic = uniqueName('conversion');
  groupId = uniqueName('conversion');
  await createTopic(sharedBrokers(), topic, { partitions: 2 });
});
afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
});

async function coordinator(): Promise<RawConnection> {
  const connection = await RawConnection.toCoordinator(sharedBrokers(), groupId);
  open.push(connection);
  return connection;
}

function join(
  to: RawConnection,
  memberId: string,
  owned: readonly TopicPartition[] = [],
  groupInstanceId: string | null = null,
): Promise<JoinGroupResponse> {
  const subscription = { topics: [topic], owned, generation: -1, rackId: null, userData: null };
  return to.askOnceLoaded(joinGroupApi, 9, {
    groupId,
    memberId,
    groupInstanceId,
    protocolType: 'consumer',
    protocols: [{ name: 'cooperative-sticky', metadata: encodeSubscription(subscription) }],
    sessionTimeoutMs: 6000,
    rebalanceTimeoutMs: 20_000,
  });
}

async function joinAnew(to: RawConnection): Promise<JoinGroupResponse> {
  const { errorCode, memberId } = await join(to, '');
  expect(errorCode).toBe(79);
  return join(to, memberId);
}

/** An assignment of both partitions. */
function topicAndPartitions(): Uint8Array {
  return encodeAssignment([0, 1].map((partition) => ({ topic, partition })));
}

function identityOf({ memberId, generationId }: JoinGroupResponse) {
  return { memberId, generationId };
}

async function sync(
  to: RawConnection,
  { memberId, generationId }: JoinGroupResponse,
  assigned?: Uint8Array,
  groupInstanceId: string | null = null,
) {
  const { errorCode, assignment } = await to.ask(syncGroupApi, 5, {
    groupId,
    memberId,
    generationId,
    groupInstanceId,
    protocolType: 'consumer',
    protocolName: 'cooperative-sticky',
    assignments: assigned === undefined ? [] : [{ memberId, assignment: assigned }],
  });
  return errorCode === 0 ? decodeAssignment(assignment).map(({ partition }) => partition) : errorCode;
}

async function heartbeat(to: RawConnection, { memberId, generationId }: JoinGroupResponse): Promise<number> {
  return (await to.ask(heartbeatApi, 4, { groupId, memberId, generationId })).errorCode;
}

/** Joins and syncs until it is beyond that epoch: the coordinator computes targets now and then, not with each change. */
async function settles(
  to: RawConnection,
  memberId: string,
  epoch: number,
): Promise<{ readonly member: JoinGroupResponse; readonly assigned: readonly number[] }> {
  for (let tries = 0; tries < 100; tries++) {
    const member = await join(to, memberId);
    const assigned = await sync(to, member);
    if (typeof assigned !== 'number' && member.generationId > epoch) return { member, assigned };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('no new target');
}

/** Until a heartbeat is answered so. */
async function told(to: RawConnection, member: JoinGroupResponse, errorCode: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await heartbeat(to, member)) === errorCode) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no heartbeat was answered with ${errorCode}`);
}

function beat(
  to: RawConnection,
  memberId: string,
  memberEpoch: number,
  owned: readonly number[] | null,
  id = '',
  instanceId: string | null = null,
) {
  return to.ask(consumerGroupHeartbeatApi, 1, {
    groupId,
    memberId,
    instanceId,
    memberEpoch,
    rebalanceTimeoutMs: memberEpoch === 0 ? 20_000 : -1,
    subscribedTopicNames: memberEpoch === 0 ? [topic] : null,
    topicPartitions: owned === null ? null : owned.length === 0 ? [] : [{ topicId: id, partitions: [...owned] }],
  });
}

/** The first heartbeat of the newer protocol, again until the coordinator has heard of the topic: epoch, and the topic's id. */
async function beatAnew(to: RawConnection): Promise<{ readonly memberEpoch: number; readonly topicId: string }> {
  for (let tries = 0; tries < 100; tries++) {
    const { errorCode, memberEpoch, assignment } = await beat(to, newer, 0, []);
    const [given] = assignment?.topicPartitions ?? [];
    if (errorCode === 0 && given !== undefined) {
      expect(given.partitions).toEqual([0, 1]);
      return { memberEpoch, topicId: given.topicId };
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('no assignment');
}

async function commit(to: RawConnection, memberId: string, epoch: number, version = 9): Promise<number> {
  const { topics } = await to.ask(offsetCommitApi, version, {
    groupId,
    memberId,
    generationIdOrMemberEpoch: epoch,
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: 4 }] }],
  });
  return topics[0]!.partitions[0]!.errorCode;
}

async function committed(to: RawConnection): Promise<number> {
  const asked = [{ groupId, topics: [{ name: topic, partitionIndexes: [0] }] }];
  const { groups } = await to.ask(offsetFetchApi, 8, { groups: asked });
  return groups[0]!.topics[0]!.partitions[0]!.committedOffset;
}

/** Members by type: 0 classic, 1 consumer; null while it is no consumer group. */
async function memberTypes(to: RawConnection): Promise<number[] | null> {
  const { groups } = await to.ask(consumerGroupDescribeApi, 1, { groupIds: [groupId] });
  return groups[0]!.errorCode === 0 ? groups[0]!.members.map(({ memberType }) => memberType).sort() : null;
}

async function classicState(to: RawConnection): Promise<string> {
  return (await to.ask(describeGroupsApi, 5, { groups: [groupId] })).groups[0]!.groupState;
}

const newer = 'AAAAAAAAAAAAAAAAAAAAAQ';

it('a classic member in a KIP-848 group has no leader, syncs what the coordinator gave it, and is told when to join again', async () => {
  const to = await coordinator();
  const first = await beatAnew(to);
  const { topicId } = first;
  const member = await joinAnew(to);
  expect(member).toMatchObject({ errorCode: 0, leader: '', members: [], protocolType: 'consumer' });
  expect(member.protocolName).toBe('cooperative-sticky');
  // nothing is free yet
  const { member: waiting, assigned: none } = await settles(to, member.memberId, first.memberEpoch);
  expect(none).toEqual([]);
  expect(await heartbeat(to, waiting)).toBe(0);
  const second = await beat(to, newer, first.memberEpoch, [0, 1], topicId);
  expect(second.memberEpoch).toBe(first.memberEpoch);
  const kept = second.assignment!.topicPartitions[0]!.partitions;
  expect(kept).toHaveLength(1);
  expect(await heartbeat(to, waiting)).toBe(0);
  const third = await beat(to, newer, first.memberEpoch, kept, topicId);
  expect(third.memberEpoch).toBe(waiting.generationId);
  // by now it is free
  expect(await heartbeat(to, waiting)).toBe(27);
  const again = await join(to, member.memberId);
  expect([again.errorCode, again.generationId]).toEqual([0, waiting.generationId]);
  expect(await sync(to, again)).toEqual([0, 1].filter((partition) => !kept.includes(partition)));
  expect(await heartbeat(to, again)).toBe(0);
  expect(await memberTypes(to)).toEqual([0, 1]);
  expect(await classicState(to)).toBe('Dead');
});

it('its identity is its member id and epoch, and what it says is checked as in a classic group', async () => {
  const to = await coordinator();
  await beatAnew(to);
  const member = await joinAnew(to);
  await sync(to, member);
  expect(await heartbeat(to, { ...member, generationId: member.generationId - 1 })).toBe(22);
  expect(await heartbeat(to, { ...member, memberId: 'nobody' })).toBe(25);
  // who speaks the newer protocol has no place in the older one
  expect(await heartbeat(to, { ...member, memberId: newer })).toBe(25);
  expect(await commit(to, member.memberId, member.generationId - 1)).toBe(22);
  expect(await commit(to, member.memberId, member.generationId, 8)).toBe(0);
  expect(await commit(to, newer, 1000)).toBe(113);
  const other = await to.ask(joinGroupApi, 9, {
    groupId,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'other', metadata: new Uint8Array([0, 0]) }],
    sessionTimeoutMs: 6000,
    rebalanceTimeoutMs: 20_000,
  });
  expect(other.errorCode).toBe(23);
});

it('the first member of the newer protocol takes a classic group over, the last one that leaves gives it back', async () => {
  const to = await coordinator();
  const alone = await joinAnew(to);
  expect(alone.leader).toBe(alone.memberId);
  const both = topicAndPartitions();
  expect(await sync(to, alone, both)).toEqual([0, 1]);
  expect(await commit(to, alone.memberId, alone.generationId)).toBe(0);
  expect(await classicState(to)).toBe('Stable');

  const joined = await beat(to, newer, 0, []);
  expect([joined.errorCode, joined.memberEpoch]).toEqual([0, alone.generationId + 1]);
  expect(joined.assignment!.topicPartitions).toEqual([]);
  expect(await memberTypes(to)).toEqual([0, 1]);
  expect(await committed(to)).toBe(4);
  // the generation was its epoch, and the group has a later one
  expect(await heartbeat(to, alone)).toBe(27);
  const owned = [0, 1].map((partition) => ({ topic, partition }));
  const revoking = await join(to, alone.memberId, owned);
  expect(revoking.generationId).toBe(alone.generationId);
  const kept = await sync(to, revoking);
  expect(kept).toHaveLength(1);
  const settled = await join(to, alone.memberId, [{ topic, partition: (kept as number[])[0]! }]);
  expect(settled.generationId).toBe(joined.memberEpoch);
  expect(await sync(to, settled)).toEqual(kept);
  expect(await heartbeat(to, settled)).toBe(0);

  const left = await beat(to, newer, -1, null);
  expect(left.errorCode).toBe(0);
  expect(await memberTypes(to)).toBeNull();
  // a classic group again, under the same ids, and it rebalances
  await told(to, settled, 27);
  expect(await classicState(to)).toBe('PreparingRebalance');
  expect(await committed(to)).toBe(4);
  const last = await join(to, settled.memberId);
  expect(last).toMatchObject({ errorCode: 0, generationId: settled.generationId + 1, leader: settled.memberId });
});

it('a static member changes its protocol by coming back, one way and the other', async () => {
  const to = await coordinator();
  const old = await join(to, '', [], 'place');
  expect([old.errorCode, old.leader]).toEqual([0, old.memberId]);
  const both = topicAndPartitions();
  expect(await sync(to, old, both, 'place')).toEqual([0, 1]);
  const next = await beat(to, newer, 0, [], '', 'place');
  expect(next.errorCode).toBe(0);
  expect(await memberTypes(to)).toEqual([1]);
  // its predecessor is fenced
  const { errorCode } = await to.ask(heartbeatApi, 4, { ...identityOf(old), groupId, groupInstanceId: 'place' });
  expect(errorCode).toBe(82);
  // who speaks the newer protocol is not replaced by another one like it
  expect((await beat(to, 'AAAAAAAAAAAAAAAAAAAAAg', 0, [], '', 'place')).errorCode).toBe(111);
  const again = await join(to, '', [], 'place');
  expect([again.errorCode, again.generationId]).toEqual([0, next.memberEpoch]);
  expect(again.memberId).not.toBe(old.memberId);
  // a classic group again, and nobody had to move for it
  expect(await classicState(to)).toBe('Stable');
  expect(await sync(to, again, undefined, 'place')).toEqual([0, 1]);
  const beaten = await to.ask(heartbeatApi, 4, { ...identityOf(again), groupId, groupInstanceId: 'place' });
  expect(beaten.errorCode).toBe(0);
  expect((await beat(to, newer, next.memberEpoch, null, '', 'place')).errorCode).toBe(69);
});

it('a classic member leaves a KIP-848 group by LeaveGroup', async () => {
  const to = await coordinator();
  const first = await beatAnew(to);
  const member = await joinAnew(to);
  await sync(to, member);
  const { members } = await to.ask(leaveGroupApi, 5, { groupId, members: [{ memberId: member.memberId }] });
  expect(members.map(({ errorCode }) => errorCode)).toEqual([0]);
  expect(await heartbeat(to, member)).toBe(25);
  expect(await memberTypes(to)).toEqual([1]);
  let { memberEpoch } = first;
  for (let tries = 0; memberEpoch <= member.generationId && tries < 100; tries++) {
    memberEpoch = (await beat(to, newer, memberEpoch, [0, 1], first.topicId)).memberEpoch;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(memberEpoch).toBeGreaterThan(member.generationId);
});

it('a classic member that joins and does not sync in time is out', async () => {
  const to = await coordinator();
  await beatAnew(to);
  const asked = await join(to, '');
  const member = await to.ask(joinGroupApi, 9, {
    groupId,
    memberId: asked.memberId,
    protocolType: 'consumer',
    protocols: [
      {
        name: 'cooperative-sticky',
        metadata: encodeSubscription({ topics: [topic], owned: [], generation: -1, rackId: null, userData: null }),
      },
    ],
    sessionTimeoutMs: 6000,
    rebalanceTimeoutMs: 1000,
  });
  expect(member.errorCode).toBe(0);
  await told(to, member, 25);
  // what is described was written to the log before
  for (let tries = 0; (await memberTypes(to))?.length !== 1 && tries < 50; tries++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await memberTypes(to)).toEqual([1]);
});
