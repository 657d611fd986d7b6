import { cooperativeSticky } from '../../src/consumer/group/assignors/cooperative-sticky.js';
import { range } from '../../src/consumer/group/assignors/range.js';
import { roundRobin } from '../../src/consumer/group/assignors/round-robin.js';
import type { Assignor } from '../../src/model/assignor.js';
import { LiveMember, type LiveMemberOptions, Ownership } from '../consumer/group/support/live-member.js';
import { expel } from '../support/kafka/expel.js';
import { waitUntil } from '../support/kafka/probe.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';

jest.setTimeout(90_000);

let topic: string;
let groupId: string;
let ownership: Ownership;
let members: LiveMember[];

beforeEach(() => {
  topic = uniqueName('rows');
  groupId = uniqueName('rows');
  ownership = new Ownership();
  members = [];
});
afterEach(() => {
  for (const one of members) one.close();
  expect(ownership.violations).toEqual([]);
});

function joins(name: string, consumer: object = {}, options: Partial<LiveMemberOptions> = {}): LiveMember {
  const timing = { heartbeatIntervalMs: 300, sessionTimeoutMs: 6000, rebalanceTimeoutMs: 12_000, drainTimeoutMs: 4000 };
  const one = new LiveMember(name, {
    bootstrapServers: sharedBrokers(),
    ownership,
    consumer: { topics: topic, groupId, ...timing, ...consumer },
    ...options,
  });
  members.push(one);
  return one.start();
}

/** Its calls, as the assignor of a member that leads. */
function counted(inner: Assignor, onAssign: () => void = () => undefined): { assignor: Assignor; calls: () => number } {
  let calls = 0;
  const assignor: Assignor = {
    ...inner,
    assign: (group, partitions) => {
      calls++;
      const result = inner.assign(group, partitions);
      onAssign();
      return result;
    },
  };
  return { assignor, calls: () => calls };
}

/** True after so many milliseconds. */
function after(ms: number): () => boolean {
  const until = performance.now() + ms;
  return () => performance.now() > until;
}

it('takes the member id that the broker hands out, and keeps it over rebalances [N9]', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 2 });
  const one = joins('one');
  await one.holds(2);
  const { memberId } = one.membership.identity();
  // the broker makes it from the client id and a uuid
  expect(memberId).toMatch(/^one-[0-9a-f-]{36}$/);
  const two = joins('two');
  await Promise.all([one.holds(1), two.holds(1)]);
  expect(one.membership.identity().memberId).toBe(memberId);
});

it('serves a selection that changes between assignment and sync in one more rebalance [B162]', async () => {
  const other = uniqueName('rows');
  await Promise.all([topic, other].map((name) => createTopic(sharedBrokers(), name, { partitions: 2 })));
  let changed = false;
  const { assignor, calls } = counted(roundRobin, () => {
    if (changed) return;
    changed = true;
    one.membership.select({ kind: 'topics', topics: [topic, other] });
  });
  const one = joins('one', { assignors: [assignor] });
  await one.holds(4);
  await waitUntil('time for another rebalance, if there were one', 5000, after(1500));
  expect([calls(), one.membership.identity().generation]).toEqual([2, 2]);
});

it('waits for metadata before it assigns, and metadata that says the same causes no rebalance [B163]', async () => {
  const other = uniqueName('rows');
  await Promise.all([topic, other].map((name) => createTopic(sharedBrokers(), name, { partitions: 2 })));
  const { assignor, calls } = counted(range);
  const one = joins('one', { assignors: [assignor] }, { metadataMaxAgeMs: 300 });
  await one.holds(2);
  expect(calls()).toBe(1);
  one.membership.select({ kind: 'topics', topics: [other] });
  await waitUntil('the other topic is held', 20_000, () => one.held().some((tp) => tp.topic === other));
  await one.holds(2);
  const { version } = one.cluster.metadata;
  await waitUntil('several refreshes', 20_000, () => one.cluster.metadata.version > version + 4);
  expect([calls(), one.membership.identity().generation]).toEqual([2, 2]);
});

it('completes a join although a commit is refused in the middle of it [B164]', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 2 });
  const one = joins('one', { assignors: [cooperativeSticky] });
  await one.holds(2);
  one.settle({ topic, partition: 0 }, 5);
  // thrown out by an administrator: the next commit is answered with UNKNOWN_MEMBER_ID
  const { memberId } = one.membership.identity();
  await expel(groupId, memberId);
  one.membership.committer!.commitNow(null, () => undefined);
  await waitUntil('another member id', 20_000, () => {
    const now = one.membership.identity().memberId;
    return now !== '' && now !== memberId;
  });
  await one.holds(2);
  expect(one.failure).toBeNull();
  one.settle({ topic, partition: 0 }, 7);
  expect((await one.commit()).outcome).toBe('committed');
});

it('runs an assignor of the user, with user data that comes back to the leader [N11]', async () => {
  await createTopic(sharedBrokers(), topic, { partitions: 4 });
  const seen: string[] = [];
  // everything to the member that asks loudest
  const loudest = (volume: number): Assignor => ({
    name: 'loudest',
    protocol: 'eager',
    userData: () => Uint8Array.of(volume),
    assign: (group, partitions) => {
      seen.push(
        group
          .map(({ userData }) => userData?.[0] ?? -1)
          .sort()
          .join(),
      );
      const winner = [...group].sort((l, r) => (r.userData?.[0] ?? 0) - (l.userData?.[0] ?? 0))[0]!;
      const all = [...partitions].flatMap(([name, numbers]) =>
        numbers.map((partition) => ({ topic: name, partition })),
      );
      return new Map(group.map(({ memberId }) => [memberId, memberId === winner.memberId ? all : []]));
    },
  });
  const quiet = joins('quiet', { assignors: [loudest(1)] });
  await quiet.holds(4);
  const loud = joins('loud', { assignors: [loudest(9)] });
  await Promise.all([loud.holds(4), quiet.holds(0)]);
  expect(seen.at(-1)).toBe('1,9');
});
