import { cooperativeSticky } from '../../src/consumer/group/assignors/cooperative-sticky.js';
import { range } from '../../src/consumer/group/assignors/range.js';
import type { Assignor } from '../../src/model/assignor.js';
import { LiveMember, type LiveMemberOptions, Ownership } from '../consumer/group/support/live-member.js';
import { waitUntil } from '../support/kafka/probe.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic, withAdmin } from '../support/peers/kafkajs.js';

jest.setTimeout(90_000);

let topic: string;
let groupId: string;
let ownership: Ownership;
let members: LiveMember[];

beforeEach(() => {
  topic = uniqueName('group');
  groupId = uniqueName('group');
  ownership = new Ownership();
  members = [];
});
afterEach(() => {
  for (const one of members) one.close();
  expect(ownership.violations).toEqual([]);
});

/** A member that has started to join. */
function joins(name: string, consumer: object = {}, options: Partial<LiveMemberOptions> = {}): LiveMember {
  const bootstrapServers = sharedBrokers();
  const timing = { heartbeatIntervalMs: 300, sessionTimeoutMs: 6000, rebalanceTimeoutMs: 12_000, drainTimeoutMs: 4000 };
  // null takes a setting away
  const given: [string, unknown][] = Object.entries({ topics: topic, groupId, ...timing, ...consumer });
  const chosen = given.filter(([, value]) => value !== null);
  const one = new LiveMember(name, {
    bootstrapServers,
    ownership,
    consumer: Object.fromEntries(chosen),
    ...options,
  });
  members.push(one);
  return one.start();
}

const all = (count: number): { topic: string; partition: number }[] =>
  Array.from({ length: count }, (_, partition) => ({ topic, partition }));

describe.each<[string, Assignor]>([
  ['cooperative', cooperativeSticky],
  ['eager', range],
])('a group of ours, %s', (protocol, assignor) => {
  const consumer = { assignors: [assignor] };

  it('[C13, G1, GC1, RL8] shares partitions among two to four members and takes over from those who leave, commits included', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 12 });
    const first = await joined('first', 12);
    for (const tp of all(12)) first.settle(tp, 100 + tp.partition);
    const second = joins('second', consumer, { drainMs: 100 });
    await Promise.all([first.holds(6), second.holds(6)]);
    // what moved was committed by its owner before it moved
    const moved = await second.committed(second.held());
    expect(moved).toHaveLength(6);
    for (const { partition, offset } of moved) expect(offset).toBe(100 + partition);
    const third = joins('third', consumer);
    const fourth = joins('fourth', consumer);
    await Promise.all([first, second, third, fourth].map((one) => one.holds(3)));
    await first.leave();
    await Promise.all([second, third, fourth].map((one) => one.holds(4)));
    await Promise.all([second.leave(), third.leave()]);
    await fourth.holds(12);
    const offsets = await fourth.committed(all(12));
    expect(offsets.map(({ partition, offset }) => offset - partition)).toEqual(Array.from({ length: 12 }, () => 100));
    await fourth.leave();
  });

  it(`${protocol === 'eager' ? 'gives up everything' : 'keeps what does not move'} when another member joins`, async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 4 });
    const first = await joined('first', 4);
    first.journal.length = 0;
    const second = joins('second', consumer);
    await Promise.all([first.holds(2), second.holds(2)]);
    const revoked = first.journal
      .filter((line) => line.startsWith('revoke'))
      .flatMap((line) => line.split(' ').slice(1));
    expect(revoked).toHaveLength(protocol === 'eager' ? 4 : 2);
    expect(first.journal.filter((line) => line.startsWith('lost'))).toEqual([]);
  });

  it('[C13, RL8] hands over what a crashed member held when its session is over', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 4 });
    const first = await joined('first', 4);
    const second = joins('second', consumer);
    await Promise.all([first.holds(2), second.holds(2)]);
    first.close();
    await second.holds(4);
  });

  async function joined(name: string, count: number): Promise<LiveMember> {
    const one = joins(name, consumer, { drainMs: 100 });
    await one.holds(count);
    return one;
  }
});

describe('a static member', () => {
  it('[KJ#884, N8] comes back to what it had, unnoticed by the others', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 4 });
    const first = joins('first', { groupInstanceId: 'one' });
    await first.holds(4);
    const second = joins('second', { groupInstanceId: 'two' });
    await Promise.all([first.holds(2), second.holds(2)]);
    const before = first.held();
    const { generation } = second.membership.identity();
    second.journal.length = 0;
    await first.leave();
    const again = joins('again', { groupInstanceId: 'one' });
    await again.holds(2);
    expect(again.held()).toEqual(before);
    expect(again.membership.identity().generation).toBe(generation);
    // long enough for a heartbeat to tell the other one of a rebalance, if there were one
    await waitUntil('time for heartbeats', 5000, beats(again, 3));
    expect(second.journal).toEqual([]);
    expect(second.membership.identity().generation).toBe(generation);
    // and for good, if it says so
    await again.leave(true);
    await second.holds(4);
  });

  it('that leads the group finds what was added while it was away', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 2 });
    const first = joins('first', { groupInstanceId: 'one' });
    await first.holds(2);
    await first.leave();
    await withAdmin(sharedBrokers(), (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] }));
    const again = joins('again', { groupInstanceId: 'one' });
    await again.holds(4);
    await again.leave(true);
  });

  it('is ended by another one with its name', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 2 });
    const first = joins('first', { groupInstanceId: 'one' });
    await first.holds(2);
    const other = new Ownership();
    const second = joins('second', { groupInstanceId: 'one' }, { ownership: other });
    expect(await first.fails()).toMatchObject({ errorCode: 82, fatal: true });
    await second.holds(2);
    first.close();
  });
});

/** True after so many heartbeat intervals. */
function beats(member: LiveMember, count: number): () => boolean {
  const until = member.cluster.runtime.now() + count * 300;
  return () => member.cluster.runtime.now() > until;
}

describe('while a JoinGroup is held', () => {
  it('[C22, C23, KJ#1083, L25] answers heartbeats and commits of the waiting member within a second, for 20 seconds', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 4 });
    const timing = { rebalanceTimeoutMs: 25_000, drainTimeoutMs: 4000 };
    const waiting = joins('waiting', timing);
    await waiting.holds(4);
    // judged apart: it is expelled in the end, and hears of it a heartbeat later than the one that gets its partitions
    const silent = joins('silent', timing, { ownership: new Ownership() });
    await Promise.all([waiting.holds(2), silent.holds(2)]);
    // takes part no more, but is alive: the coordinator waits for it until the rebalance timeout
    silent.membership.stopRebalancing();
    const { generation } = waiting.membership.identity();
    const third = joins('third', timing);
    await waitUntil('the rebalance begins', 5000, () => !waiting.stable);
    const slow: number[] = [];
    const started = performance.now();
    let offset = 1000;
    while (performance.now() - started < 20_000) {
      for (const tp of waiting.held()) waiting.settle(tp, ++offset);
      const before = performance.now();
      const receipt = await waiting.commit();
      expect(receipt.outcome).toBe('committed');
      if (performance.now() - before > 1000) slow.push(performance.now() - before);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    expect(slow).toEqual([]);
    expect(waiting.membership.identity().generation).toBe(generation);
    expect(waiting.journal.filter((line) => line.startsWith('lost'))).toEqual([]);
    await waiting.holds(2);
    await third.holds(2);
    await waitUntil('the silent one hears that it is out', 5000, () => silent.held().length === 0);
    expect(waiting.membership.identity().generation).toBeGreaterThan(generation);
  });
});

describe('what a group does not take', () => {
  it('[B153] fails a member whose session timeout the broker refuses, with what to change', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 1 });
    const one = joins('one', { sessionTimeoutMs: 3000 });
    const error = await one.fails();
    expect(error).toMatchObject({ errorCode: 26, fatal: true });
    expect(error.message).toContain('3000');
  });

  it('fails a member without a common assignor', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 1 });
    await joins('one').holds(1);
    const other = joins('other', { assignors: [range] });
    const error = await other.fails();
    expect(error).toMatchObject({ errorCode: 23, fatal: true });
    expect(error.message).toContain('range');
  });
});

describe('topics', () => {
  it('[C15, G7, RL8] that get more partitions are shared anew', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 2 });
    const options = { metadataMaxAgeMs: 500 };
    const first = joins('first', {}, options);
    const second = joins('second', {}, options);
    await Promise.all([first.holds(1), second.holds(1)]);
    await withAdmin(sharedBrokers(), (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] }));
    await Promise.all([first.holds(2), second.holds(2)]);
  });

  it('[CM1, RL8] that appear later are picked up', async () => {
    const one = joins('one', { allowAutoCreateTopics: false }, { metadataMaxAgeMs: 500 });
    await waitUntil('joined without partitions', 20_000, () => one.stable);
    expect(one.held()).toEqual([]);
    await createTopic(sharedBrokers(), topic, { partitions: 3 });
    await one.holds(3);
  });

  it('[G7] are read whole without a group, new partitions included', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 2 });
    const one = joins('one', { groupId: null }, { metadataMaxAgeMs: 500 });
    await one.holds(2);
    await withAdmin(sharedBrokers(), (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] }));
    await one.holds(5);
    await one.leave();
  });
});

describe('partitions chosen by hand', () => {
  it('[B145, C16] commit to a group without being a member, and find it again', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 2 });
    const chosen = { topics: null, partitions: [{ topic, partition: 1 }] };
    const one = joins('one', chosen);
    await one.holds(1);
    expect(await one.committed([{ topic, partition: 1 }])).toEqual([]);
    one.settle({ topic, partition: 1 }, 5);
    expect(await one.commit()).toMatchObject({ outcome: 'committed', offsets: [{ topic, partition: 1, offset: 5 }] });
    expect(one.membership.identity()).toMatchObject({ groupId, generation: -1, memberId: '' });
    await one.leave();
    const again = joins('again', chosen);
    await again.holds(1);
    expect(await again.committed(all(2))).toMatchObject([{ topic, partition: 1, offset: 5 }]);
    await again.leave();
  });
});

describe('a member that makes no progress', () => {
  it('[D#847] leaves its partitions to others, and comes back', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 4 });
    const first = joins('first');
    await first.holds(4);
    const second = joins('second');
    await Promise.all([first.holds(2), second.holds(2)]);
    first.membership.expire();
    await second.holds(4);
    expect(first.held()).toEqual([]);
    first.membership.progress();
    await Promise.all([first.holds(2), second.holds(2)]);
  });
});
