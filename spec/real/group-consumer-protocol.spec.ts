import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { LiveMember, type LiveMemberOptions, Ownership } from '../consumer/group/support/live-member.js';
import { cooperativeSticky } from '../../src/consumer/group/assignors/cooperative-sticky.js';
import type { TopicPartition } from '../../src/model/topic-partition.js';
import { consumerGroupMembers } from '../support/kafka/consumer-group-members.js';
import { distribution } from '../support/kafka/distribution.js';
import { waitUntil } from '../support/kafka/probe.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic, withAdmin } from '../support/peers/kafkajs.js';

jest.setTimeout(90_000);

let topic: string;
let groupId: string;
let ownership: Ownership;
let members: LiveMember[];
const ends: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  topic = uniqueName('kip848');
  groupId = uniqueName('kip848');
  ownership = new Ownership();
  members = [];
});
afterEach(async () => {
  for (const one of members) one.close();
  await Promise.all(ends.splice(0).map((end) => end()));
  expect(ownership.violations).toEqual([]);
});

function joins(name: string, consumer: object = {}, options: Partial<LiveMemberOptions> = {}): LiveMember {
  const given = { topics: topic, groupId, groupProtocol: 'consumer', rebalanceTimeoutMs: 20_000, ...consumer };
  const one = new LiveMember(name, { bootstrapServers: sharedBrokers(), ownership, consumer: given, ...options });
  members.push(one);
  return one.start();
}

const all = (count: number): TopicPartition[] =>
  Array.from({ length: count }, (_, partition) => ({ topic, partition }));
const lines = (member: LiveMember, start: string): string[] =>
  member.journal.filter((line) => line.startsWith(start)).flatMap((line) => line.split(' ').slice(1));

describe('members of a KIP-848 group', () => {
  it('share, hand over what was drained and committed before, and take over from who leaves [C13] [RL3] [RL8] [N22]', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 12 });
    const first = joins('first', {}, { drainMs: 300 });
    await first.holds(12);
    for (const tp of all(12)) first.settle(tp, 100 + tp.partition);
    const second = joins('second');
    await Promise.all([first.holds(6), second.holds(6)]);
    const moved = await second.committed(second.held());
    expect(moved).toHaveLength(6);
    for (const { partition, offset } of moved) expect(offset).toBe(100 + partition);
    // what stays was not touched
    expect(lines(first, 'revoke')).toHaveLength(6);
    const third = joins('third');
    await Promise.all([first, second, third].map((one) => one.holds(4)));
    await first.leave();
    await Promise.all([second.holds(6), third.holds(6)]);
    await second.leave();
    await third.holds(12);
    const offsets = await third.committed(all(12));
    expect(offsets.map(({ partition, offset }) => offset - partition)).toEqual(Array.from({ length: 12 }, () => 100));
    await third.leave();
    for (const one of members) expect(lines(one, 'lost')).toEqual([]);
  });

  it('wait for a drain of seconds, while heartbeats and commits of the draining member go on', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 4 });
    const first = joins('first', {}, { drainMs: 6000 });
    await first.holds(4);
    const { generation } = first.membership.identity();
    const second = joins('second');
    await waitUntil('the drain begins', 10_000, () => lines(first, 'revoke').length > 0);
    const began = performance.now();
    let commits = 0;
    while (second.held().length === 0) {
      for (const tp of first.held()) first.settle(tp, ++commits);
      if (first.held().length > 2) expect(first.membership.identity().generation).toBe(generation);
      expect((await first.commit()).outcome).toBe('committed');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    // longer than it takes a second heartbeat to be asked again, and not a moment before the end of the drain
    expect(performance.now() - began).toBeGreaterThan(5000);
    expect(commits).toBeGreaterThan(10);
    await Promise.all([first.holds(2), second.holds(2)]);
    expect(lines(first, 'lost')).toEqual([]);
  });

  it('take over what a killed member held when its session is over [C13] [RL8]', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 4 });
    const first = joins('first');
    await first.holds(4);
    const second = joins('second');
    await Promise.all([first.holds(2), second.holds(2)]);
    first.close();
    await second.holds(4, 30_000);
  });

  it('a new member goes on where the group has committed', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 3 });
    const first = joins('first');
    await first.holds(3);
    expect(await first.committed(all(3))).toEqual([]);
    for (const tp of all(3)) first.settle(tp, 7 + tp.partition);
    expect(await first.commit()).toMatchObject({ outcome: 'committed' });
    await first.leave();
    const second = joins('second');
    await second.holds(3);
    expect((await second.committed(all(3))).map(({ offset }) => offset).sort()).toEqual([7, 8, 9]);
  });

  it('without progress leaves its partitions to others, and comes back', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 4 });
    const first = joins('first');
    await first.holds(4);
    const second = joins('second');
    await Promise.all([first.holds(2), second.holds(2)]);
    const { memberId } = first.membership.identity();
    first.membership.expire();
    await second.holds(4);
    expect(first.held()).toEqual([]);
    first.membership.progress();
    await Promise.all([first.holds(2), second.holds(2)]);
    expect(first.membership.identity().memberId).toBe(memberId);
  });
});

describe('a static member', () => {
  it('comes back to what it had, unnoticed by the others, and leaves for good when told to [N8]', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 4 });
    const first = joins('first', { groupInstanceId: 'one' });
    await first.holds(4);
    const second = joins('second', { groupInstanceId: 'two' });
    await Promise.all([first.holds(2), second.holds(2)]);
    const before = first.held();
    second.journal.length = 0;
    await first.leave();
    const again = joins('again', { groupInstanceId: 'one' });
    await again.holds(2);
    expect(again.held()).toEqual(expect.arrayContaining([...before]));
    const until = again.cluster.runtime.now() + 3000;
    await waitUntil('time for heartbeats', 5000, () => again.cluster.runtime.now() > until);
    expect(lines(second, 'revoke').concat(lines(second, 'assigned'), lines(second, 'lost'))).toEqual([]);
    await again.leave(true);
    await second.holds(4);
  });

  it('waits for its name while another one has it', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 2 });
    const first = joins('first', { groupInstanceId: 'one' });
    await first.holds(2);
    const second = joins('second', { groupInstanceId: 'one' });
    await waitUntil('it asked', 10_000, () => second.journal.includes('joining'));
    const until = second.cluster.runtime.now() + 2000;
    await waitUntil('time for tries', 5000, () => second.cluster.runtime.now() > until);
    expect([second.held(), second.failure]).toEqual([[], null]);
    expect(lines(first, 'lost')).toEqual([]);
    await first.leave();
    await second.holds(2);
  });
});

describe('the assignor of the broker', () => {
  // range puts the same partitions of both topics together, uniform evens out over all
  it.each([
    ['range', [2, 4]],
    ['uniform', [3, 3]],
  ])('%s', async (serverAssignor, sizes) => {
    const other = `${topic}-b`;
    for (const name of [topic, other]) await createTopic(sharedBrokers(), name, { partitions: 3 });
    const pair = ['first', 'second'].map((name) => joins(name, { topics: [topic, other], serverAssignor }));
    await waitUntil('both hold their share', 20_000, () => {
      const held = pair.map((one) => (one.stable ? one.cursors.size : -1)).sort();
      return String(held) === String(sizes);
    });
    if (serverAssignor !== 'range') return;
    for (const one of pair) {
      const numbers = (name: string): number[] =>
        one
          .held()
          .filter((tp) => tp.topic === name)
          .map(({ partition }) => partition)
          .sort();
      expect(numbers(topic)).toEqual(numbers(other));
    }
  });

  it('that it does not have fails the member, with those to choose from', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 1 });
    const error = await joins('one', { serverAssignor: 'mine' }).fails();
    expect(error).toMatchObject({ errorCode: 112, fatal: true });
    expect(error.message).toMatch(/"mine".*uniform, range/);
  });

  it('its interval is what the drain timeout has to fit', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 1 });
    const error = await joins('one', { rebalanceTimeoutMs: 10_000, drainTimeoutMs: 7500 }).fails();
    expect(error).toMatchObject({ code: 'ERR_KAFKA_INVALID_OPTION', option: 'drainTimeoutMs' });
  });
});

describe('topics', () => {
  it('by a pattern of the broker, over the whole name, one that is created later included', async () => {
    await createTopic(sharedBrokers(), `${topic}-a`, { partitions: 2 });
    await createTopic(sharedBrokers(), `x${topic}-a`, { partitions: 1 });
    const one = joins('one', { topics: undefined, serverPattern: `${topic}-.` });
    await one.holds(2);
    await createTopic(sharedBrokers(), `${topic}-b`, { partitions: 3 });
    await createTopic(sharedBrokers(), `${topic}-bb`, { partitions: 1 });
    await one.holds(5, 60_000);
    expect(new Set(one.held().map((tp) => tp.topic))).toEqual(new Set([`${topic}-a`, `${topic}-b`]));
  });

  it('a pattern that is none fails the member', async () => {
    const error = await joins('one', { topics: undefined, serverPattern: '*(' }).fails();
    expect(error).toMatchObject({ errorCode: 128 });
    expect(error.message).toContain('serverPattern');
  });

  it('that appear later, and that get more partitions, are shared anew [RL8]', async () => {
    const options = { metadataMaxAgeMs: 1000 };
    const first = joins('first', { allowAutoCreateTopics: false }, options);
    const second = joins('second', { allowAutoCreateTopics: false }, options);
    await waitUntil('joined without partitions', 20_000, () => first.stable && second.stable);
    await createTopic(sharedBrokers(), topic, { partitions: 2 });
    await Promise.all([first.holds(1), second.holds(1)]);
    await withAdmin(sharedBrokers(), (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] }));
    await Promise.all([first.holds(2), second.holds(2)]);
  });
});

describe('with the Java console consumer on the same protocol', () => {
  async function javaJoins(): Promise<ChildProcess> {
    const { classPath, archive, flags } = await distribution();
    const shared = archive === null ? [] : [`-XX:SharedArchiveFile=${archive}`, '-Xlog:cds=off'];
    const small = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    const settings = { 'group.protocol': 'consumer', 'max.poll.interval.ms': '15000', 'client.id': 'java' };
    const properties = Object.entries(settings).flatMap(([name, value]) => ['--command-property', `${name}=${value}`]);
    const tool = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
    const target = ['--bootstrap-server', sharedBrokers(), '--topic', topic, '--group', groupId];
    const command = [...small, ...shared, ...flags, '-cp', classPath, tool, ...target, ...properties];
    const child = spawn('java', command, { stdio: 'ignore' });
    const ended = once(child, 'exit');
    ends.push(() => {
      child.kill('SIGKILL');
      return ended;
    });
    return child;
  }

  it('shares, takes over when it leaves, and leaves it everything', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 6 });
    const ours = joins('ours', {}, { drainMs: 300 });
    await ours.holds(6);
    for (const tp of all(6)) ours.settle(tp, 0);
    const child = await javaJoins();
    await ours.holds(3, 40_000);
    const heldByJava = async (): Promise<readonly string[]> =>
      (await consumerGroupMembers(ours.cluster, groupId)).find(({ clientId }) => clientId === 'java')?.partitions ?? [];
    await waitUntil('java has the rest', 20_000, async () => (await heldByJava()).length === 3);
    const together = [...(await heldByJava()), ...ours.held().map((tp) => `${tp.topic}-${tp.partition}`)];
    expect(together.sort()).toEqual(all(6).map((tp) => `${tp.topic}-${tp.partition}`));
    child.kill('SIGTERM');
    await ours.holds(6, 30_000);
    await javaJoins();
    await ours.holds(3, 40_000);
    expect(lines(ours, 'lost')).toEqual([]);
    const watching = joins('watching', { groupId: uniqueName('other') }, { ownership: new Ownership() });
    await ours.leave();
    await waitUntil('java has all', 20_000, async () => {
      const [java] = await consumerGroupMembers(watching.cluster, groupId);
      return java?.partitions.length === 6;
    });
  });
});

describe('with members of the classic protocol', () => {
  const classic = { groupProtocol: 'classic', assignors: [cooperativeSticky], heartbeatIntervalMs: 300 };

  it('a classic member joins a KIP-848 group, shares, and leaves', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 4 });
    const next = joins('next', {}, { drainMs: 300 });
    await next.holds(4);
    for (const tp of all(4)) next.settle(tp, 10 + tp.partition);
    const old = joins('old', { ...classic, sessionTimeoutMs: 10_000 }, { drainMs: 300 });
    await Promise.all([next.holds(2), old.holds(2)]);
    expect((await old.committed(old.held())).map(({ partition, offset }) => offset - partition)).toEqual([10, 10]);
    await old.leave();
    await next.holds(4);
    expect(lines(next, 'lost')).toEqual([]);
  });

  it('a classic group is taken over while it works: one member after the other changes', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 4 });
    const olds = ['old-1', 'old-2'].map((name) =>
      joins(name, { ...classic, sessionTimeoutMs: 10_000 }, { drainMs: 200 }),
    );
    await Promise.all(olds.map((one) => one.holds(2)));
    for (const one of olds) for (const tp of one.held()) one.settle(tp, 50 + tp.partition);
    const first = joins('new-1', {}, { drainMs: 200 });
    await waitUntil('three share', 30_000, () => {
      const sizes = [...olds, first].map((one) => (one.stable ? one.cursors.size : 0));
      return sizes.every((size) => size > 0) && sizes.reduce((sum, size) => sum + size, 0) === 4;
    });
    await olds[0]!.leave();
    await Promise.all([first.holds(2), olds[1]!.holds(2)]);
    const second = joins('new-2', {}, { drainMs: 200 });
    await olds[1]!.leave();
    await Promise.all([first.holds(2), second.holds(2)]);
    for (const one of members) expect(lines(one, 'lost')).toEqual([]);
    const offsets = await first.committed(all(4));
    expect(offsets.map(({ partition, offset }) => offset - partition)).toEqual([50, 50, 50, 50]);
  });
});
