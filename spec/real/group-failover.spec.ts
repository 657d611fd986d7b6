import { type KafkaCluster, startCluster } from '../support/kafka/cluster.js';
import { LiveMember, Ownership } from '../consumer/group/support/live-member.js';
import { waitUntil } from '../support/kafka/probe.js';
import { uniqueName } from '../support/kafka/shared-brokers.js';
import { committedOffsets, createTopic } from '../support/peers/kafkajs.js';
import { RawConnection } from '../support/raw-client.js';
import { describeQuorumApi } from '../../src/protocol/messages/describe-quorum.js';
import { findCoordinatorApi } from '../../src/protocol/messages/find-coordinator.js';

jest.setTimeout(120_000);

let cluster: KafkaCluster;
let topic: string;
let groupId: string;
let ownership: Ownership;
let members: LiveMember[];

beforeAll(async () => {
  cluster = await startCluster({ properties: { 'broker.session.timeout.ms': '3000' } });
});
afterAll(() => (cluster as KafkaCluster | undefined)?.stop());
beforeEach(async () => {
  topic = uniqueName('failover');
  groupId = uniqueName('failover');
  ownership = new Ownership();
  members = [];
  await createTopic(cluster.bootstrapServers, topic, { partitions: 4 });
});
afterEach(() => {
  for (const one of members) one.close();
  expect(ownership.violations).toEqual([]);
});

function joins(name: string, next = false): LiveMember {
  const session = next ? { groupProtocol: 'consumer' } : { heartbeatIntervalMs: 500, sessionTimeoutMs: 15_000 };
  const timing = { ...session, rebalanceTimeoutMs: 15_000 };
  const consumer = { topics: topic, groupId, ...timing };
  const one = new LiveMember(name, { bootstrapServers: cluster.bootstrapServers, ownership, consumer });
  members.push(one);
  return one.start();
}

/** Two members that share the topic, and the broker that coordinates them. */
async function pair(next = false): Promise<{ first: LiveMember; second: LiveMember; coordinator: number }> {
  const first = joins('first', next);
  const second = joins('second', next);
  await Promise.all([first.holds(2), second.holds(2)]);
  const coordinator = await new Promise<number>((resolve, reject) => {
    first.cluster.coordinator('group', groupId, (error, nodeId) => {
      if (nodeId === null) reject(error ?? new Error('no coordinator'));
      else resolve(nodeId);
    });
  });
  first.journal.length = second.journal.length = 0;
  return { first, second, coordinator };
}

/**
 * A group whose coordinator is not the active controller too. With both in one process the others elect a controller first, which
 * then waits a whole broker session before it moves the group: about all of a member's session goes by before there is anyone to find.
 */
async function groupAwayFromController(): Promise<string> {
  const any = await RawConnection.open(cluster.bootstrapServers.split(',')[0]!);
  try {
    const quorum = await any.ask(describeQuorumApi, 1, {
      topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
    });
    const controller = quorum.topics[0]!.partitions[0]!.leaderId;
    for (;;) {
      const key = uniqueName('failover');
      const { coordinators } = await any.ask(findCoordinatorApi, 4, { keyType: 0, coordinatorKeys: [key] });
      if (coordinators[0]!.errorCode === 0 && coordinators[0]!.nodeId !== controller) return key;
    }
  } finally {
    any.close();
  }
}

describe('when the coordinator of a group', () => {
  it('[B166, D#1134, G6] is killed, its members go on with what they hold under the next one', async () => {
    const { first, second, coordinator } = await pair();
    for (const one of [first, second]) for (const tp of one.held()) one.settle(tp, 10 + tp.partition);
    await cluster.broker(coordinator).kill();
    const receipts = await Promise.all([first.commit(), second.commit()]);
    expect(receipts.map(({ outcome }) => outcome)).toEqual(['committed', 'committed']);
    // longer than the session: who did not find the new coordinator would be out by now
    const until = performance.now() + 17_000;
    await waitUntil('the session is over', 20_000, () => performance.now() > until);
    expect([...first.journal, ...second.journal].filter((line) => line.startsWith('lost'))).toEqual([]);
    expect([first.cursors.size, second.cursors.size]).toEqual([2, 2]);
    await cluster.broker(coordinator).restart();
    await first.leave();
    await second.holds(4);
    expect(await committedOffsets(cluster.bootstrapServers, groupId, topic)).toEqual([10, 11, 12, 13]);
  });

  it('of the KIP-848 protocol is killed, its members go on under the next one as who they are [G6]', async () => {
    const { first, second, coordinator } = await pair(true);
    for (const one of [first, second]) for (const tp of one.held()) one.settle(tp, 10 + tp.partition);
    const before = [first, second].map(({ membership }) => membership.identity());
    await cluster.broker(coordinator).kill();
    const receipts = await Promise.all([first.commit(), second.commit()]);
    expect(receipts.map(({ outcome }) => outcome)).toEqual(['committed', 'committed']);
    // longer than the session that the rig gives
    const until = performance.now() + 14_000;
    await waitUntil('the session is over', 20_000, () => performance.now() > until);
    expect([...first.journal, ...second.journal].filter((line) => line.startsWith('lost'))).toEqual([]);
    expect([first, second].map(({ membership }) => membership.identity())).toEqual(before);
    await cluster.broker(coordinator).restart();
    await first.leave();
    await second.holds(4);
    expect(await committedOffsets(cluster.bootstrapServers, groupId, topic)).toEqual([10, 11, 12, 13]);
  });

  it('[B166, D#376] stops answering with its connections open, its members go on under the next one', async () => {
    groupId = await groupAwayFromController();
    const { first, second, coordinator } = await pair();
    cluster.broker(coordinator).pause();
    const until = performance.now() + 20_000;
    await waitUntil('the session is over', 25_000, () => performance.now() > until);
    expect([...first.journal, ...second.journal].filter((line) => line.startsWith('lost'))).toEqual([]);
    for (const tp of first.held()) first.settle(tp, 77);
    expect((await first.commit()).outcome).toBe('committed');
    cluster.broker(coordinator).resume();
    await second.leave();
    await first.holds(4);
  });
});
