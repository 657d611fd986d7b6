import { LiveMember, type LiveMemberOptions, Ownership } from '../consumer/group/support/live-member.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';
import type { TopicPartition } from '../../src/model/topic-partition.js';

jest.setTimeout(90_000);

let topic: string;
let groupId: string;
let ownership: Ownership;
let members: LiveMember[];

beforeEach(() => {
  topic = uniqueName('kip848');
  groupId = uniqueName('kip848');
  ownership = new Ownership();
  members = [];
});
afterEach(() => {
  for (const one of members) one.close();
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

describe('members of a KIP-848 group', () => {
  it('share, hand over what was drained and committed before, and take over from who leaves', async () => {
    await createTopic(sharedBrokers(), topic, { partitions: 12 });
    const first = joins('first', {}, { drainMs: 300 });
    await first.holds(12);
    for (const tp of all(12)) first.settle(tp, 100 + tp.partition);
    const second = joins('second');
    await Promise.all([first.holds(6), second.holds(6)]);
    const moved = await second.committed(second.held());
    expect(moved).toHaveLength(6);
    for (const { partition, offset } of moved) expect(offset).toBe(100 + partition);
    const third = joins('third');
    await Promise.all([first, second, third].map((one) => one.holds(4)));
    await first.leave();
    await Promise.all([second.holds(6), third.holds(6)]);
    await second.leave();
    await third.holds(12);
    const offsets = await third.committed(all(12));
    expect(offsets.map(({ partition, offset }) => offset - partition)).toEqual(Array.from({ length: 12 }, () => 100));
    await third.leave();
    for (const one of members) expect(one.journal.filter((line) => line.startsWith('lost'))).toEqual([]);
  });
});
