import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type kafkajs from 'kafkajs';
import { cooperativeSticky } from '../../src/consumer/group/assignors/cooperative-sticky.js';
import { range } from '../../src/consumer/group/assignors/range.js';
import { roundRobin } from '../../src/consumer/group/assignors/round-robin.js';
import { sticky } from '../../src/consumer/group/assignors/sticky.js';
import { decodeAssignment } from '../../src/consumer/group/subscription-codec.js';
import type { Assignor } from '../../src/model/assignor.js';
import { LiveMember, Ownership } from '../consumer/group/support/live-member.js';
import { distribution } from '../support/kafka/distribution.js';
import { waitUntil } from '../support/kafka/probe.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { committedOffsets, createTopic, kafkajsClient, withAdmin } from '../support/peers/kafkajs.js';

jest.setTimeout(90_000);

let topic: string;
let groupId: string;
let ownership: Ownership;
let members: LiveMember[];
const ends: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  topic = uniqueName('mixed');
  groupId = uniqueName('mixed');
  ownership = new Ownership();
  members = [];
});
afterEach(async () => {
  for (const one of members) one.close();
  await Promise.all(ends.splice(0).map((end) => end()));
  expect(ownership.violations).toEqual([]);
});

function joins(name: string, assignors: readonly Assignor[]): LiveMember {
  const timing = { heartbeatIntervalMs: 300, sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 15_000 };
  const consumer = { topics: topic, groupId, assignors, ...timing };
  const one = new LiveMember(name, { bootstrapServers: sharedBrokers(), ownership, consumer });
  members.push(one);
  return one.start();
}

/** What the coordinator gave to the members of the other client, by the start of their client id. */
async function heldBy(clientId: string): Promise<number[]> {
  const { groups } = await withAdmin(sharedBrokers(), (admin) => admin.describeGroups([groupId]));
  const [group] = groups;
  if (group?.state !== 'Stable') return [];
  return group.members
    .filter((one) => one.clientId.startsWith(clientId))
    .flatMap((one) => decodeAssignment(one.memberAssignment).map(({ partition }) => partition));
}

async function share(ours: LiveMember, clientId: string, count: number): Promise<number[]> {
  let theirs: number[] = [];
  await waitUntil(`${clientId} and ours have ${count} each`, 40_000, async () => {
    if (!ours.stable || ours.cursors.size !== count) return false;
    theirs = await heldBy(clientId);
    return theirs.length === count;
  });
  const together = [...ours.held().map(({ partition }) => partition), ...theirs];
  expect(together.sort((left, right) => left - right)).toEqual(Array.from({ length: 2 * count }, (_, at) => at));
  return theirs;
}

describe('with a kafkajs member', () => {
  // kafkajs knows one assignor, and calls it by this name
  const shared: Assignor = { ...roundRobin, name: 'RoundRobinAssigner' };

  async function kafkajsJoins(): Promise<kafkajs.Consumer> {
    const consumer = kafkajsClient(sharedBrokers()).consumer({
      groupId,
      heartbeatInterval: 300,
      sessionTimeout: 10_000,
      rebalanceTimeout: 15_000,
      maxWaitTimeInMs: 200,
    });
    ends.push(() => consumer.disconnect());
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({ autoCommit: false, eachMessage: () => Promise.resolve() });
    return consumer;
  }

  it('shares under their lead, and takes over when they leave', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 6 });
    const theirs = await kafkajsJoins();
    const ours = joins('ours', [shared, range]);
    await share(ours, 'kafkajs', 3);
    await theirs.disconnect();
    await ours.holds(6);
  });

  it('shares under our lead, and leaves them everything', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 6 });
    const ours = joins('ours', [shared]);
    await ours.holds(6);
    // an offset that is there: kafkajs commits -1 over one that is not
    ours.settle({ topic, partition: 4 }, 0);
    await kafkajsJoins();
    await share(ours, 'kafkajs', 3);
    // what we gave up was committed before
    expect(await committedOffsets(sharedBrokers(), groupId, topic)).toEqual([-1, -1, -1, -1, 0, -1]);
    await ours.leave();
    await waitUntil('kafkajs has all', 20_000, async () => (await heldBy('kafkajs')).length === 6);
  });
});

describe('with the Java console consumer', () => {
  const strategies: readonly (readonly [string, Assignor])[] = [
    ['RangeAssignor', range],
    ['RoundRobinAssignor', roundRobin],
    ['StickyAssignor', sticky],
    ['CooperativeStickyAssignor', cooperativeSticky],
  ];

  async function javaJoins(assignor: string): Promise<ChildProcess> {
    const { classPath, archive, flags } = await distribution();
    const shared = archive === null ? [] : [`-XX:SharedArchiveFile=${archive}`, '-Xlog:cds=off'];
    const small = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    const settings = {
      'partition.assignment.strategy': `org.apache.kafka.clients.consumer.${assignor}`,
      'heartbeat.interval.ms': '300',
      'session.timeout.ms': '10000',
      'max.poll.interval.ms': '15000',
      'client.id': 'java',
    };
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

  it.each(strategies)('shares by %s under our lead, and takes over when it leaves', async (javaName, assignor) => {
    await createTopic(sharedBrokers(), topic, { partitions: 6 });
    const ours = joins('ours', [assignor]);
    await ours.holds(6);
    const child = await javaJoins(javaName);
    const before = await share(ours, 'java', 3);
    expect(before).toHaveLength(3);
    child.kill('SIGTERM');
    await ours.holds(6, 30_000);
  });

  it.each(strategies)('shares by %s under its lead', async (javaName, assignor) => {
    await createTopic(sharedBrokers(), topic, { partitions: 6 });
    await javaJoins(javaName);
    await waitUntil('java has all', 40_000, async () => (await heldBy('java')).length === 6);
    const first = joins('first', [assignor]);
    await share(first, 'java', 3);
    const second = joins('second', [assignor]);
    await Promise.all([first.holds(2), second.holds(2)]);
    await first.leave();
    await share(second, 'java', 3);
  });
});
