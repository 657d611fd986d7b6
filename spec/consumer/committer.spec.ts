import { AuthenticationError } from '../../src/errors/client-errors.js';
import { Committer } from '../../src/consumer/committer.js';
import type { GroupPort } from '../../src/consumer/group/group-port.js';
import { ManualGroup } from '../../src/consumer/group/manual-group.js';
import { ScriptedCluster } from './group/support/scripted-cluster.js';
import { CommitBench, type Part } from './support/commit-bench.js';

describe('a commit', () => {
  it('[D#R9] carries offset, leader epoch and who commits, on the group connection', () => {
    const bench = new CommitBench();
    bench.part('t-0', 5);
    bench.part('t-1', 6);
    const commit = bench.now();
    const call = bench.group.cluster.only('OffsetCommit');
    expect(call.purpose).toBe('group');
    expect(call.version).toBe(9);
    expect(call.body).toEqual({
      groupId: 'g',
      generationIdOrMemberEpoch: 1,
      memberId: 'm1',
      groupInstanceId: 'i1',
      topics: [
        {
          name: 't',
          partitions: [5, 6].map((committedOffset, partitionIndex) => ({
            partitionIndex,
            committedOffset,
            committedLeaderEpoch: 7,
            commitTimestamp: -1,
            committedMetadata: '',
          })),
        },
      ],
    });
    bench.answer();
    expect(commit.result).toBe('committed t-0@5 t-1@6');
    expect(bench.receipts).toEqual(['committed t-0@5 t-1@6']);
  });

  it('is of the partitions that were asked for', () => {
    const bench = new CommitBench();
    bench.part('t-0', 5);
    bench.now(bench.part('u-1', 6));
    expect(bench.sent).toBe('u-1@6');
  });

  it('is not sent for what is stored already, and says what is stored', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 5, 5);
    expect(bench.now(part).result).toBe('committed t-0@5');
    expect(bench.requests).toBe(0);
    part.commitValue = { offset: 6, leaderEpoch: 7 };
    const commit = bench.now(part);
    bench.answer();
    expect(commit.result).toBe('committed t-0@6');
    expect(bench.now(part).result).toBe('committed t-0@6');
    expect(bench.requests).toBe(1);
  });

  it('is sent for a value that went back', () => {
    const bench = new CommitBench();
    bench.now(bench.part('t-0', 3, 9));
    expect(bench.sent).toBe('t-0@3');
  });

  it.each([
    [
      'was left unanswered',
      (bench: CommitBench) => {
        bench.group.cluster.only('OffsetCommit').fail();
      },
    ],
    [
      'timed out at the broker',
      (bench: CommitBench) => {
        bench.answer(7);
      },
    ],
  ])('that went back and %s is followed by the value from before', (_, ends) => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 5);
    bench.now(part);
    bench.answer();
    // a seek, and then all of it again
    part.commitValue = { offset: 1, leaderEpoch: 7 };
    const commit = bench.now(part);
    ends(bench);
    part.commitValue = { offset: 5, leaderEpoch: 7 };
    bench.advance(2000);
    expect([bench.sent, commit.result]).toEqual(['t-0@5', null]);
    bench.answer();
    expect(commit.result).toBe('committed t-0@5');
  });

  it('of nothing is answered all the same', () => {
    const bench = new CommitBench();
    expect(bench.now().result).toBe('committed');
    expect(bench.now(bench.part('t-0', null)).result).toBe('committed');
    expect(bench.requests).toBe(0);
  });
});

describe('one commit at a time', () => {
  it('lets a newer value replace a queued one', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 1);
    const first = bench.now(part);
    part.commitValue = { offset: 2, leaderEpoch: 7 };
    const second = bench.now(part);
    part.commitValue = { offset: 3, leaderEpoch: 7 };
    const third = bench.now(part);
    expect(bench.sent).toBe('t-0@1');
    bench.answer();
    expect([first.result, second.result, third.result]).toEqual(['committed t-0@1', null, null]);
    expect(bench.sent).toBe('t-0@3');
    bench.answer();
    expect([second.result, third.result]).toEqual(['committed t-0@3', 'committed t-0@3']);
    expect(bench.requests).toBe(2);
  });

  it('joins the request that is out when it has the same value', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 1);
    const first = bench.now(part);
    const second = bench.now(part);
    bench.answer();
    expect([first.result, second.result]).toEqual(['committed t-0@1', 'committed t-0@1']);
    expect(bench.requests).toBe(1);
  });

  it('takes the values and the identity of the moment in which it is written', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 1);
    const gone = bench.part('t-1', 1);
    const original = bench.group.groupCall;
    let write: (() => void) | null = null;
    Object.assign(bench.group, {
      groupCall: (...args: Parameters<GroupPort['groupCall']>) => {
        write = () => original(...args);
        return () => undefined;
      },
    });
    bench.now();
    part.commitValue = { offset: 4, leaderEpoch: 7 };
    bench.committer.remove(gone);
    bench.group.become(2);
    write!();
    bench.advance();
    expect(bench.sent).toBe('t-0@4');
    expect(bench.group.cluster.only('OffsetCommit').body).toMatchObject({ generationIdOrMemberEpoch: 2 });
  });

  it('waits while the member is between join and sync', () => {
    const bench = new CommitBench();
    bench.part('t-0', 1);
    bench.group.become(2, false);
    const commit = bench.now();
    bench.advance(5000);
    expect(bench.requests).toBe(0);
    bench.group.become(2);
    bench.advance();
    bench.answer();
    expect(commit.result).toBe('committed t-0@1');
  });
});

describe('a refused commit', () => {
  it.each([14, 15, 16, 7])('[B167] is tried again after %d at the coordinator that is found then', (code) => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 1);
    const commit = bench.now();
    bench.answer(code);
    expect(bench.group.cluster.forgotten).toBe(1);
    part.commitValue = { offset: 2, leaderEpoch: 7 };
    bench.advance(150);
    expect(bench.sent).toBe('t-0@2');
    bench.answer();
    expect(commit.result).toBe('committed t-0@2');
    expect(bench.group.refusals).toEqual([]);
  });

  it('is tried again when the connection breaks', () => {
    const bench = new CommitBench();
    bench.part('t-0', 1);
    const commit = bench.now();
    bench.group.cluster.only('OffsetCommit').fail();
    bench.advance(150);
    bench.answer();
    expect(commit.result).toBe('committed t-0@1');
  });

  it.each([27, 22, 113])('[B167] with %d goes out again under the new identity, with the value of then', (code) => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 1);
    const commit = bench.now();
    bench.answer(code);
    expect(bench.group.refusals).toEqual([code]);
    bench.group.become(2, false);
    bench.advance(5000);
    expect(bench.requests).toBe(1);
    part.commitValue = { offset: 2, leaderEpoch: 7 };
    bench.group.become(2);
    bench.advance();
    expect(bench.group.cluster.only('OffsetCommit').body).toMatchObject({ generationIdOrMemberEpoch: 2 });
    bench.answer();
    expect(commit.result).toBe('committed t-0@2');
  });

  it.each([27, 22, 113])('[C9, ER6, L4] with %d is superseded when the partition goes meanwhile', (code) => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 1);
    const commit = bench.now();
    bench.answer(code);
    bench.group.become(2, false);
    bench.committer.remove(part);
    bench.advance();
    expect(commit.result).toBe('superseded t-0@1');
    expect(bench.receipts).toEqual(['superseded t-0@1']);
    bench.group.become(2);
    bench.advance(5000);
    expect(bench.requests).toBe(1);
  });

  it.each([25, 82, 110])('[B167, C9, ER6, L4] with %d is fenced, and the membership hears of it', (code) => {
    const bench = new CommitBench();
    bench.part('t-0', 1);
    const commit = bench.now();
    bench.answer(code);
    bench.advance(5000);
    expect(commit.result).toBe('fenced t-0@1');
    expect(bench.group.refusals).toEqual([code]);
    expect(bench.requests).toBe(1);
  });

  it('is answered partition by partition', () => {
    const bench = new CommitBench();
    bench.part('t-0', 1);
    bench.part('t-1', 2);
    bench.part('t-2', 3);
    const commit = bench.now();
    bench.answer({ 't-1': 14, 't-2': 25 });
    expect(commit.result).toBeNull();
    expect(bench.receipts).toEqual(['committed t-0@1', 'fenced t-2@3']);
    bench.advance(150);
    expect(bench.sent).toBe('t-1@2');
    bench.answer();
    expect(commit.result).toBe('fenced t-2@3');
  });

  it.each([12, 28, 29])('with %d is an error for whoever waits', (code) => {
    const bench = new CommitBench();
    bench.part('t-0', 1);
    const commit = bench.now();
    bench.answer(code);
    expect(commit.result).toMatchObject({
      code: 'ERR_KAFKA_BROKER',
      errorCode: code,
      topic: 't',
      partition: 0,
      offset: 1,
    });
    expect(bench.group.refusals).toEqual(code === 29 ? [29] : []);
  });

  it('for which no other try helps is an error', () => {
    const bench = new CommitBench();
    bench.part('t-0', 1);
    const commit = bench.now();
    bench.group.cluster.only('OffsetCommit').fail(new AuthenticationError('no'));
    bench.advance();
    expect(commit.result).toMatchObject({ code: 'ERR_KAFKA_AUTHENTICATION' });
  });

  it('pauses longer each time', () => {
    const bench = new CommitBench();
    bench.part('t-0', 1);
    bench.now();
    bench.group.cluster.broker = (call) => {
      call.reply({ topics: [{ name: 't', partitions: [{ partitionIndex: 0, errorCode: 14 }] }] });
    };
    bench.group.cluster.only('OffsetCommit').fail();
    bench.advance(10_000);
    expect(bench.requests).toBeGreaterThan(8);
    expect(bench.requests).toBeLessThan(20);
  });
});

describe('time', () => {
  it('ends the wait with the reason of the last refusal, and nothing is sent for nobody', () => {
    const bench = new CommitBench();
    bench.part('t-0', 1);
    const commit = bench.now();
    bench.answer(27);
    bench.group.become(1, false);
    bench.advance(31_000);
    expect(commit.result).toMatchObject({ code: 'ERR_KAFKA_TIMEOUT', retriable: true, cause: { errorCode: 27 } });
    bench.group.become(2);
    bench.advance(1000);
    expect(bench.requests).toBe(1);
  });

  it('does not matter to one who cancelled', () => {
    const bench = new CommitBench();
    bench.part('t-0', 1);
    const commit = bench.now();
    commit.cancel();
    bench.answer();
    bench.advance(31_000);
    expect(commit.result).toBeNull();
    expect(bench.receipts).toEqual(['committed t-0@1']);
  });
});

describe('a partition that goes', () => {
  it('[D#929] is superseded when its commit was not written yet', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 1);
    bench.now(part);
    part.commitValue = { offset: 2, leaderEpoch: 7 };
    const second = bench.now(part);
    bench.committer.remove(part);
    expect(second.result).toBeNull();
    bench.advance();
    expect(second.result).toBe('superseded t-0@2');
  });

  it('has its last receipt told before whoever waited for the commit gives it up', () => {
    const bench = new CommitBench();
    const parts = [bench.part('t-0', 1), bench.part('t-1', 2)];
    const told: string[][] = [];
    bench.committer.commitNow(parts, () => {
      told.push([...bench.receipts]);
      for (const part of parts) bench.committer.remove(part);
    });
    bench.advance();
    bench.answer();
    expect(told).toEqual([['committed t-0@1 t-1@2']]);
  });

  it('is reported as what its written commit came to', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 1);
    const first = bench.now(part);
    bench.committer.remove(part);
    bench.advance();
    expect(first.result).toBeNull();
    bench.answer();
    expect(first.result).toBe('committed t-0@1');
  });

  it.each([14, 22, 27])('is superseded, not tried again, when its written commit is refused with %d', (code) => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 1);
    const first = bench.now(part);
    bench.committer.remove(part);
    bench.answer(code);
    bench.advance(5000);
    expect(first.result).toBe('superseded t-0@1');
    expect(bench.requests).toBe(1);
  });

  it('[D#929] and comes back is another one: the answer to the old one does not count for it', () => {
    const bench = new CommitBench();
    const old = bench.part('t-0', 9);
    bench.now(old);
    bench.committer.remove(old);
    const again = bench.part('t-0', 9, 4);
    bench.answer();
    const commit = bench.now(again);
    expect(bench.sent).toBe('t-0@9');
    bench.answer();
    expect(commit.result).toBe('committed t-0@9');
  });
});

describe('a commit of a partition whose start is not known yet', () => {
  const opening = (bench: CommitBench): Part => {
    const part: Part = { topic: 't', partition: 0, epoch: 9, commitValue: null };
    bench.committer.expect(part);
    return part;
  };

  it('waits for the start, and stands over what the reset policy chose [CM10]', () => {
    const bench = new CommitBench();
    const part = opening(bench);
    const commit = bench.explicit({ topic: 't', partition: 0, offset: 5 });
    expect([commit.result, bench.requests]).toEqual([null, 0]);
    part.commitValue = { offset: 0, leaderEpoch: 7 };
    bench.committer.add(part, null);
    const chosen = bench.now(part);
    expect(bench.sent).toBe('t-0@5');
    bench.answer();
    expect([commit.result, chosen.result, bench.requests]).toEqual(['committed t-0@5', 'committed t-0@5', 1]);
    expect(bench.now(part).result).toBe('committed t-0@5');
  });

  it('is sent when the start is known, whoever else commits or not', () => {
    const bench = new CommitBench();
    const part = opening(bench);
    bench.explicit({ topic: 't', partition: 0, offset: 5 });
    bench.committer.add(part, 3);
    bench.advance();
    expect(bench.sent).toBe('t-0@5');
  });

  it('is superseded when the partition goes before, and ends in time when the start never comes', () => {
    const bench = new CommitBench();
    const part = opening(bench);
    const gone = bench.explicit({ topic: 't', partition: 0, offset: 5 });
    bench.committer.remove(part);
    bench.advance();
    expect(gone.result).toMatch(/^superseded/);
    opening(bench);
    const late = bench.explicit({ topic: 't', partition: 0, offset: 5 });
    bench.advance(30_000);
    expect(late.result).toMatchObject({ code: 'ERR_KAFKA_TIMEOUT' });
  });

  it('does not hold up a commit of everything or a drain', () => {
    const bench = new CommitBench();
    const part = opening(bench);
    expect([bench.now().result, bench.now(part).result, bench.requests]).toEqual(['committed', 'committed', 0]);
  });
});

describe('an explicit commit', () => {
  it('[CM10] writes the given offset and text, whatever is settled', () => {
    const bench = new CommitBench();
    bench.part('t-0', 5, 5);
    const commit = bench.explicit({ topic: 't', partition: 0, offset: 3, metadata: 'mine', leaderEpoch: 2 });
    expect(bench.group.cluster.only('OffsetCommit').body).toMatchObject({
      topics: [{ partitions: [{ committedOffset: 3, committedMetadata: 'mine', committedLeaderEpoch: 2 }] }],
    });
    bench.answer();
    expect(commit.result).toBe('committed t-0@3');
  });

  it('stands until the commit value moves', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 5, 5);
    bench.explicit({ topic: 't', partition: 0, offset: 10 });
    bench.answer();
    expect(bench.now(part).result).toBe('committed t-0@10');
    expect(bench.requests).toBe(1);
    part.commitValue = { offset: 6, leaderEpoch: 7 };
    bench.now(part);
    expect(bench.sent).toBe('t-0@6');
  });

  it('gives way to a newer one that is queued behind it', () => {
    const bench = new CommitBench();
    bench.part('t-0', 5, 5);
    const offsets = [6, 7, 8].map((offset) => ({ topic: 't', partition: 0, offset }));
    const commits = offsets.map((offset) => bench.explicit(offset));
    bench.answer();
    expect(bench.sent).toBe('t-0@8');
    bench.answer();
    expect(commits.map(({ result }) => result)).toEqual(['committed t-0@6', 'committed t-0@8', 'committed t-0@8']);
  });

  it('[CM10] of a partition that is not held is a usage error, and nothing of it is written', () => {
    const bench = new CommitBench();
    bench.part('t-0', 5, 5);
    const commit = bench.explicit({ topic: 't', partition: 0, offset: 6 }, { topic: 't', partition: 1, offset: 6 });
    expect(commit.result).toMatchObject({ code: 'ERR_KAFKA_USAGE', topic: 't', partition: 1 });
    bench.now();
    expect(bench.requests).toBe(0);
  });

  it.each([-1, 0.5, Number.NaN])('of offset %d is a usage error', (offset) => {
    const bench = new CommitBench();
    bench.part('t-0', 5);
    expect(bench.explicit({ topic: 't', partition: 0, offset }).result).toMatchObject({ code: 'ERR_KAFKA_USAGE' });
  });
});

it('commits without a membership as nobody, in no generation', () => {
  const cluster = new ScriptedCluster();
  const group = new ManualGroup(cluster.cluster, { groupId: 'g', requestTimeoutMs: 1000 });
  const committer = new Committer(group, { requestTimeoutMs: 1000 });
  committer.add({ topic: 't', partition: 0, epoch: 1, commitValue: { offset: 1, leaderEpoch: -1 } }, null);
  committer.commitNow(null, () => undefined);
  cluster.advance();
  expect(cluster.only('OffsetCommit').body).toMatchObject({
    generationIdOrMemberEpoch: -1,
    memberId: '',
    groupInstanceId: null,
    topics: [{ partitions: [{ committedLeaderEpoch: -1 }] }],
  });
});

it('answers everybody when it is closed', () => {
  const bench = new CommitBench();
  const part = bench.part('t-0', 1);
  const first = bench.now(part);
  part.commitValue = { offset: 2, leaderEpoch: 7 };
  const second = bench.now(part);
  bench.committer.close();
  bench.advance();
  for (const { result } of [first, second]) expect(result).toMatchObject({ code: 'ERR_KAFKA_CLIENT_CLOSED' });
  bench.advance(60_000);
  expect(bench.requests).toBe(1);
});
