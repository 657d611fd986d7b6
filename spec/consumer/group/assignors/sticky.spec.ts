import type { Assignor, AssignorMember } from '../../../../src/model/assignor.js';
import type { TopicPartition } from '../../../../src/model/topic-partition.js';
import { cooperativeSticky } from '../../../../src/consumer/group/assignors/cooperative-sticky.js';
import { sticky } from '../../../../src/consumer/group/assignors/sticky.js';
import { chance, list, member, names, partitions, shown } from './support.js';

type Result = ReadonlyMap<string, readonly TopicPartition[]>;

/** The member as it joins again after it got this: each assignor has its own way to say so. */
function after(
  assignor: Assignor,
  before: AssignorMember,
  had: readonly TopicPartition[],
  generation: number,
): AssignorMember {
  const userData = assignor.userData?.(had, generation) ?? null;
  return { ...before, owned: assignor.protocol === 'eager' ? [] : had, generation, userData };
}

/** Runs to the end of the rebalances that follow: what was withheld is free once its owner has joined without it. */
function settle(assignor: Assignor, members: readonly AssignorMember[], counts: Map<string, number[]>): Result {
  let joined = members;
  for (let rounds = 1; ; rounds++) {
    const result = assignor.assign(joined, counts);
    // only what a member holds and did not get again makes it join once more
    const gives = joined.some(({ memberId, owned }) => {
      const got = new Set(names(result.get(memberId)!));
      return names(owned).some((name) => !got.has(name));
    });
    if (!gives) return result;
    expect(rounds).toBeLessThan(4);
    joined = joined.map((one) => after(assignor, one, result.get(one.memberId)!, one.generation + 1));
  }
}

function sizes(result: Result): number[] {
  return [...result.values()].map((partitions) => partitions.length);
}

/** Every partition of a subscribed topic exactly once, to a member that subscribed to it. */
function expectWhole(result: Result, members: readonly AssignorMember[], counts: Map<string, number[]>): void {
  const wanted = [...counts].filter(([topic]) => members.some(({ topics }) => topics.includes(topic)));
  const all = wanted.flatMap(([topic, numbers]) => numbers.map((partition) => `${topic}p${partition}`));
  expect([...result.values()].flatMap(names).sort()).toEqual(all.sort());
  for (const { memberId, topics } of members) {
    for (const { topic } of result.get(memberId)!) expect(topics).toContain(topic);
  }
}

/** No member has two more than another one that could take one of its partitions. */
function expectBalanced(result: Result, members: readonly AssignorMember[]): void {
  for (const rich of members) {
    const has = result.get(rich.memberId)!;
    for (const poor of members) {
      if (has.length < result.get(poor.memberId)!.length + 2) continue;
      expect(has.filter(({ topic }) => poor.topics.includes(topic))).toEqual([]);
    }
  }
}

describe.each([sticky, cooperativeSticky])('$name', (assignor) => {
  const all = ['t0', 't1', 't2', 't3'];
  const counts = partitions({ t0: 2, t1: 2, t2: 2, t3: 2 });

  it('[B171] deals evenly at first, and keeps what the others have when a member leaves', () => {
    const members = [member('C0', all), member('C1', all), member('C2', all)];
    const first = assignor.assign(members, counts);
    expect(shown(first)).toEqual({ C0: 't0p0 t1p1 t3p0', C1: 't0p1 t2p0 t3p1', C2: 't1p0 t2p1' });
    const rest = [members[0]!, members[2]!].map((one) => after(assignor, one, first.get(one.memberId)!, 1));
    expect(shown(assignor.assign(rest, counts))).toEqual({ C0: 't0p0 t1p1 t2p0 t3p0', C2: 't0p1 t1p0 t2p1 t3p1' });
  });

  it('moves only as much to a new member as balance needs', () => {
    const members = [member('C0', all), member('C1', all)];
    const first = assignor.assign(members, counts);
    const joined = [...members.map((one) => after(assignor, one, first.get(one.memberId)!, 1)), member('C2', all)];
    const result = settle(assignor, joined, counts);
    expectWhole(result, joined, counts);
    expect(sizes(result).sort()).toEqual([2, 3, 3]);
    for (const { memberId } of members) {
      const kept = names(result.get(memberId)!).filter((name) => names(first.get(memberId)!).includes(name));
      expect(kept).toHaveLength(3);
    }
  });

  it.each([
    [4, 5, 'C1'],
    [5, 4, 'C0'],
  ])(
    '[B172] believes the member of the higher generation when two claim the same partition (%d, %d)',
    (zero, one, owner) => {
      const members = [
        after(assignor, member('C0', all), list('t0p0 t0p1 t1p0 t1p1'), zero),
        after(assignor, member('C1', all), list('t0p0 t2p0 t2p1 t3p0'), one),
      ];
      for (const [memberId, partitions] of assignor.assign(members, counts)) {
        expect(names(partitions).includes('t0p0')).toBe(memberId === owner);
      }
    },
  );

  it('[B172] believes neither of two members that claim a partition in the same generation', () => {
    const members = [
      after(assignor, member('C0', ['t0']), list('t0p0'), 4),
      after(assignor, member('C1', ['t0']), list('t0p0'), 4),
    ];
    const result = settle(assignor, members, partitions({ t0: 2 }));
    // dealt anew, in order
    expect(shown(result)).toEqual({ C0: 't0p0', C1: 't0p1' });
  });

  it('[B172] drops what members claim of topics that are gone, or that they no longer want', () => {
    const members = [
      after(assignor, member('C0', ['t0']), list('t0p0 t1p0 gonep3 t0p7'), 2),
      after(assignor, member('C1', ['t1']), list('t1p1'), 2),
    ];
    const result = settle(assignor, members, partitions({ t0: 1, t1: 2 }));
    expect(shown(result)).toEqual({ C0: 't0p0', C1: 't1p0 t1p1' });
  });

  it('gives members without a topic that exists an empty list', () => {
    expect(shown(assignor.assign([member('C0', ['gone']), member('C1', [])], counts))).toEqual({ C0: '', C1: '' });
    expect(shown(assignor.assign([], counts))).toEqual({});
  });

  it('answers alike, in whatever order the members come', () => {
    const members = Array.from({ length: 9 }, (_, index) => member(`m${index}`, all.slice(index % 3)));
    const forward = shown(assignor.assign(members, counts));
    expect(shown(assignor.assign([...members].reverse(), counts))).toEqual(forward);
  });

  it('[B172] stays whole and balanced, and moves nothing needlessly, over random changes', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = chance(seed);
      const pick = (bound: number): number => Math.floor(random() * bound);
      const topics = Array.from({ length: 1 + pick(8) }, (_, index) => `t${index}`);
      const equal = random() < 0.5;
      let topicCounts = partitions(Object.fromEntries(topics.map((topic) => [topic, 1 + pick(9)])));
      const choose = (): string[] => (equal ? topics : topics.filter(() => random() < 0.6));
      let members = Array.from({ length: 1 + pick(12) }, (_, index) => member(`m${index}`, choose()));
      let next = members.length;
      for (let step = 0; step < 6; step++) {
        const result = settle(assignor, members, topicCounts);
        expectWhole(result, members, topicCounts);
        expectBalanced(result, members);
        members = members.map((one) => after(assignor, one, result.get(one.memberId)!, 10 + step));
        // the same again must not move anything
        expect(shown(settle(assignor, members, topicCounts))).toEqual(shown(result));
        const change = pick(4);
        if (change === 0) members.push(member(`m${next++}`, choose()));
        else if (change === 1 && members.length > 1) members.splice(pick(members.length), 1);
        else if (change === 2 && !equal) members = members.map((one) => ({ ...one, topics: choose() }));
        else if (topicCounts.size > 1) topicCounts = new Map([...topicCounts].slice(1));
      }
    }
  });

  it('[B172] is done in no time with 200 members and 2000 partitions, equal subscriptions or not', () => {
    const topics = Array.from({ length: 40 }, (_, index) => `t${index}`);
    const big = partitions(Object.fromEntries(topics.map((topic) => [topic, 50])));
    for (const equal of [true, false]) {
      const random = chance(7);
      const members = Array.from({ length: 200 }, (_, index) =>
        member(`m${index}`, equal ? topics : topics.filter(() => random() < 0.3)),
      );
      const started = process.hrtime.bigint();
      const first = assignor.assign(members, big);
      const rest = members.slice(50).map((one) => after(assignor, one, first.get(one.memberId)!, 1));
      const second = assignor.assign(rest, big);
      const ms = Number(process.hrtime.bigint() - started) / 1e6;
      expectBalanced(settle(assignor, rest, big), rest);
      // nobody who stayed lost anything
      let kept = 0;
      for (const { memberId } of rest) {
        const had = new Set(names(first.get(memberId)!));
        kept += names(second.get(memberId)!).filter((name) => had.has(name)).length;
      }
      const before = rest.reduce((sum, { memberId }) => sum + first.get(memberId)!.length, 0);
      if (equal) expect(kept).toBe(before);
      else expect(kept).toBeGreaterThan(before * 0.9);
      expect(ms).toBeLessThan(2000);
    }
  });
});

describe('cooperativeSticky', () => {
  it('assigns a partition that moves to nobody until its owner has given it up', () => {
    const owner = member('C0', ['t0'], { owned: list('t0p0 t0p1'), generation: 1 });
    const counts = partitions({ t0: 2 });
    const first = cooperativeSticky.assign([owner, member('C1', ['t0'])], counts);
    expect(shown(first)).toEqual({ C0: 't0p0', C1: '' });
    const second = cooperativeSticky.assign(
      [{ ...owner, owned: list('t0p0'), generation: 2 }, member('C1', ['t0'], { generation: 2 })],
      counts,
    );
    expect(shown(second)).toEqual({ C0: 't0p0', C1: 't0p1' });
  });

  it('withholds also what is held without being wanted any more', () => {
    const leaving = member('C0', ['t1'], { owned: list('t0p0'), generation: 3 });
    const result = cooperativeSticky.assign([leaving, member('C1', ['t0'])], partitions({ t0: 1, t1: 1 }));
    expect(shown(result)).toEqual({ C0: 't1p0', C1: '' });
  });

  it('takes the generation from the user data of members whose subscription has none', () => {
    const old = (memberId: string, generation: number): AssignorMember =>
      member(memberId, ['t0'], { owned: list('t0p0'), userData: cooperativeSticky.userData!([], generation) });
    const result = cooperativeSticky.assign([old('C0', 2), old('C1', 6)], partitions({ t0: 2 }));
    expect(names(result.get('C1')!)).toEqual(['t0p0']);
  });
});
