import { Committer } from '../../../src/consumer/committer.js';
import { CommittedOffsets } from '../../../src/consumer/committed-offsets.js';
import { type ConsumerGroupOptions } from '../../../src/consumer/group/consumer-group-options.js';
import { ConsumerMembership } from '../../../src/consumer/group/consumer-membership.js';
import { AuthenticationError } from '../../../src/errors/client-errors.js';
import { UnsupportedVersionError } from '../../../src/errors/protocol-error.js';
import type { CommitReceipt } from '../../../src/model/commit.js';
import { CheckingHost } from './support/checking-host.js';
import { byId, consumerGroupOptions, ownedIn, type Said } from './support/consumer-script.js';
import { type Call, ScriptedCluster } from './support/scripted-cluster.js';

/** A real membership on a scripted coordinator. */
class Member {
  readonly cluster: ScriptedCluster = new ScriptedCluster();
  readonly host: CheckingHost = new CheckingHost();
  readonly membership: ConsumerMembership;

  constructor(options: Partial<ConsumerGroupOptions> = {}) {
    this.cluster.topic('t', 4);
    this.membership = new ConsumerMembership(this.cluster.cluster, { ...consumerGroupOptions, ...options }, this.host);
  }

  get beat(): Call {
    return this.cluster.only('ConsumerGroupHeartbeat');
  }

  answer(memberEpoch: number, assignment: string | null, more: object = {}): this {
    this.beat.reply(heartbeat(memberEpoch, assignment, more));
    return this.advance();
  }

  advance(ms = 0): this {
    this.cluster.advance(ms);
    return this;
  }

  /** In the group with epoch 1 and nothing to say. */
  enter(assignment: string): this {
    this.membership.subscribe(['t']);
    this.advance().answer(1, assignment).answer(1, null);
    this.host.take();
    return this;
  }
}

function heartbeat(memberEpoch: number, assignment: string | null, more: object = {}): object {
  return {
    errorCode: 0,
    errorMessage: null,
    memberId: null,
    memberEpoch,
    heartbeatIntervalMs: 5000,
    assignment: assignment === null ? null : { topicPartitions: byId(assignment) },
    ...more,
  };
}

const identity = { groupId: 'g', generation: 1, memberId: 'me', groupInstanceId: null };

describe('a member of a KIP-848 group', () => {
  it('joins in a turn of its own, on the group connection, and is who the coordinator says', () => {
    const member = new Member();
    member.membership.subscribe(['t']);
    expect([member.host.take(), member.cluster.calls]).toEqual([[], []]);
    expect(member.membership.commitReady).toBe(false);
    expect(member.membership.identity()).toEqual({ ...identity, generation: -1, memberId: '' });
    member.advance();
    expect(member.beat.purpose).toBe('group');
    let changes = 0;
    member.membership.onChange(() => {
      changes++;
    });
    member.answer(1, 't-0');
    expect(member.host.take()).toEqual(['joining', 'assigned t-0', 'stable']);
    expect(member.membership.identity()).toEqual(identity);
    expect([member.membership.commitReady, changes]).toEqual([true, 1]);
  });

  it('beats at the interval of the last answer', () => {
    const member = new Member().enter('t-0');
    member.advance(4999);
    expect(member.cluster.open('ConsumerGroupHeartbeat')).toHaveLength(0);
    member.advance(1).answer(1, null, { heartbeatIntervalMs: 700 });
    expect(member.cluster.open('ConsumerGroupHeartbeat')).toHaveLength(0);
    member.advance(700);
    expect(member.beat.options).toMatchObject({ timeoutMs: 3000, minVersion: 0 });
  });

  it('notices a dead link after three intervals, and tells whoever answers next everything', () => {
    const member = new Member().enter('t-0 t-1').advance(5000);
    expect(member.beat.options.timeoutMs).toBe(15_000);
    expect(ownedIn(member.beat.body as Said)).toBeNull();
    member.cluster.coordinatorNode = 2;
    // the scripted call times out by itself
    member.advance(15_000).advance(150);
    expect(member.beat.node).toBe(2);
    expect(member.cluster.forgotten).toBeGreaterThan(0);
    expect(member.beat.body).toMatchObject({ memberEpoch: 1, rebalanceTimeoutMs: 60_000, subscribedTopicNames: ['t'] });
    expect(ownedIn(member.beat.body as Said)).toBe('t-0 t-1');
    expect(member.host.take()).toEqual([]);
  });

  it('gives up after the drain, with a heartbeat that does not wait for the interval', () => {
    const member = new Member().enter('t-0 t-1').advance(5000).answer(1, 't-0');
    expect(member.host.take()).toEqual(['revoke t-1', 'rebalancing']);
    expect(member.host.revokes[0]!.deadline).toBe(member.cluster.runtime.now() + 30_000);
    member.advance(5000).answer(1, null).advance(200);
    member.host.revokes[0]!.done();
    member.advance();
    expect(ownedIn(member.beat.body as Said)).toBe('t-0');
    member.answer(2, 't-0 t-3');
    expect(member.host.take()).toEqual(['assigned t-3', 'stable']);
    expect(ownedIn(member.beat.body as Said)).toBe('t-0 t-3');
  });

  it('lost in the middle of a drain: the end of it says nothing, and it joins again as itself', () => {
    const member = new Member().enter('t-0 t-1').advance(5000).answer(1, 't-0').advance(5000);
    member.host.take();
    member.beat.reply({ ...heartbeat(0, null), errorCode: 110 });
    member.advance();
    expect(member.host.take()).toEqual(['lost t-0 t-1', 'joining']);
    expect(member.host.lostError).toMatchObject({ errorCode: 110 });
    expect(member.beat.body).toMatchObject({ memberId: 'me', memberEpoch: 0, topicPartitions: [] });
    member.host.revokes[0]!.done();
    member.answer(7, 't-1');
    expect(member.host.take()).toEqual(['assigned t-1', 'stable']);
  });

  it('counts as expelled when nothing was answered for longer than any session', () => {
    const member = new Member().enter('t-0');
    member.cluster.coordinatorNode = null;
    member.advance(46_000);
    expect(member.host.take()).toEqual(['lost t-0', 'joining']);
    expect(member.membership.commitReady).toBe(false);
  });

  it('waits for the name of a topic id: metadata is asked again until it knows', () => {
    const member = new Member();
    member.membership.subscribe(['t', 'late']);
    member.advance().answer(1, 't-0 late-0');
    expect(member.host.take()).toEqual(['joining', 'assigned t-0', 'rebalancing']);
    expect(ownedIn(member.beat.body as Said)).toBe('t-0');
    member.answer(1, null);
    const asked = member.cluster.refreshes;
    expect(asked).toBeGreaterThan(0);
    member.advance(1000);
    expect(member.cluster.refreshes).toBeGreaterThan(asked);
    expect(member.cluster.refreshes).toBeLessThan(asked + 10);
    member.cluster.topic('late', 1);
    member.advance();
    expect(member.host.take()).toEqual(['assigned late-0', 'stable']);
    expect(ownedIn(member.beat.body as Said)).toBe('late-0 t-0');
    member.answer(1, null);
    const after = member.cluster.refreshes;
    member.advance(4000);
    expect(member.cluster.refreshes).toBe(after);
    expect(member.cluster.retainedAll).toBe(0);
  });

  it('by a pattern of the broker asks for all topics only while a name is missing, and keeps what it holds', () => {
    const member = new Member();
    member.membership.subscribe([], 'l.*');
    member.advance();
    expect(member.beat.options.minVersion).toBe(1);
    expect(member.beat.body).toMatchObject({ subscribedTopicRegex: 'l.*' });
    member.answer(1, 'late-0');
    expect(member.cluster.retainedAll).toBe(1);
    member.cluster.topic('late', 1);
    member.advance();
    expect(member.host.take()).toEqual(['joining', 'assigned ', 'rebalancing', 'assigned late-0', 'stable']);
    expect(member.cluster.retainedAll).toBe(0);
    expect(member.cluster.retained).toEqual(['late']);
  });

  it('is told what to do where the broker has no such groups', () => {
    const member = new Member();
    member.membership.subscribe(['t']);
    member.advance();
    member.beat.fail(new UnsupportedVersionError('not listed'));
    member.advance();
    expect(member.host.take()).toEqual(['joining', 'failed']);
    expect(member.host.error).toBeInstanceOf(UnsupportedVersionError);
    expect(member.host.error!.message).toContain("groupProtocol: 'classic'");
  });

  it('ends with what no other try mends', () => {
    const member = new Member().enter('t-0').advance(5000);
    member.beat.fail(new AuthenticationError('no'));
    member.advance();
    expect(member.host.error).toBeInstanceOf(AuthenticationError);
    expect(member.advance(100_000).cluster.open('ConsumerGroupHeartbeat')).toHaveLength(0);
  });
});

describe('its offsets', () => {
  const cursor = { topic: 't', partition: 0, epoch: 1, commitValue: { offset: 9, leaderEpoch: 4 } };

  function committing(member: Member): CommitReceipt[] {
    const receipts: CommitReceipt[] = [];
    const committer = new Committer(member.membership, { requestTimeoutMs: 30_000 });
    committer.add(cursor, null);
    committer.commitNow([cursor], (_error, receipt) => {
      if (receipt !== null) receipts.push(receipt);
    });
    member.advance();
    return receipts;
  }

  function refuse(call: Call, errorCode: number): void {
    call.reply({ topics: [{ name: 't', partitions: [{ partitionIndex: 0, errorCode }] }] });
  }

  it('are committed under the member epoch, with a version that knows it', () => {
    const member = new Member().enter('t-0');
    const receipts = committing(member);
    const call = member.cluster.only('OffsetCommit');
    expect(call.body).toMatchObject({ generationIdOrMemberEpoch: 1, memberId: 'me', groupId: 'g' });
    expect(call.options).toMatchObject({ minVersion: 9, maxVersion: 9 });
    refuse(call, 0);
    member.advance();
    expect(receipts).toMatchObject([{ outcome: 'committed' }]);
  });

  it('a stale epoch brings the next heartbeat forward, and the new epoch the commit', () => {
    const member = new Member().enter('t-0');
    const receipts = committing(member);
    refuse(member.cluster.only('OffsetCommit'), 113);
    member.advance();
    expect(member.beat.at).toBe(member.cluster.runtime.now());
    member.answer(2, null);
    expect(member.cluster.only('OffsetCommit').body).toMatchObject({ generationIdOrMemberEpoch: 2 });
    refuse(member.cluster.only('OffsetCommit'), 0);
    member.advance();
    expect(receipts).toMatchObject([{ outcome: 'committed' }]);
    expect(member.host.take()).toEqual([]);
  });

  it.each([25, 110])('a commit refused with %d is fenced, and the member is lost', (errorCode) => {
    const member = new Member().enter('t-0');
    const receipts = committing(member);
    refuse(member.cluster.only('OffsetCommit'), errorCode);
    member.advance();
    expect(receipts).toMatchObject([{ outcome: 'fenced' }]);
    expect(member.host.take()).toEqual(['lost t-0', 'joining']);
  });

  it('a commit that loses its connection makes the next heartbeat say everything', () => {
    const member = new Member().enter('t-0');
    committing(member);
    member.cluster.only('OffsetCommit').fail();
    member.advance(5000);
    expect(ownedIn(member.beat.body as Said)).toBe('t-0');
  });

  it('are read as the member it is by then, again when that has changed', () => {
    const member = new Member().enter('t-0');
    const found: unknown[] = [];
    new CommittedOffsets(member.membership).fetch([{ topic: 't', partition: 0 }], (_error, offsets) => {
      found.push(offsets);
    });
    member.advance();
    const call = member.cluster.only('OffsetFetch');
    expect(call.options).toMatchObject({ minVersion: 9, maxVersion: 9 });
    expect(call.body).toMatchObject({
      requireStable: true,
      groups: [{ groupId: 'g', memberId: 'me', memberEpoch: 1 }],
    });
    call.reply({ groups: [{ groupId: 'g', errorCode: 113, topics: [] }] });
    member.advance();
    member.answer(2, null).advance(150);
    const again = member.cluster.only('OffsetFetch');
    expect(again.body).toMatchObject({ groups: [{ memberEpoch: 2 }] });
    const partition = { partitionIndex: 0, committedOffset: 7, committedLeaderEpoch: -1, metadata: '', errorCode: 0 };
    again.reply({ groups: [{ groupId: 'g', errorCode: 0, topics: [{ name: 't', partitions: [partition] }] }] });
    member.advance();
    expect(found).toMatchObject([[{ topic: 't', partition: 0, offset: 7 }]]);
  });
});

describe('leaving', () => {
  it.each([
    [null, undefined, -1],
    ['i', undefined, -2],
    ['i', true, -1],
  ])(
    'instance %p, leaveGroup %p: epoch %p, once, and done after the answer',
    (groupInstanceId, leaveGroup, memberEpoch) => {
      const member = new Member({ groupInstanceId }).enter('t-0').advance(5000);
      let done = 0;
      member.membership.leave({ leaveGroup }, () => {
        done++;
      });
      member.advance();
      // the heartbeat that was out is not waited for
      expect(member.beat.body).toMatchObject({ memberId: 'me', memberEpoch, instanceId: groupInstanceId });
      expect(done).toBe(0);
      member.answer(memberEpoch, null);
      expect([done, member.cluster.retained]).toEqual([1, []]);
      expect(member.advance(60_000).cluster.open('ConsumerGroupHeartbeat')).toHaveLength(0);
    },
  );

  it('waits for the answer no longer than a request may take', () => {
    const member = new Member().enter('t-0');
    member.cluster.coordinatorNode = null;
    let done = 0;
    member.membership.leave({ leaveGroup: undefined }, () => {
      done++;
    });
    member.advance(29_999);
    expect(done).toBe(0);
    member.advance(1);
    expect(done).toBe(1);
  });

  it('without progress: leaves at once, and joins again with progress', () => {
    const member = new Member().enter('t-0');
    member.membership.expire();
    member.advance();
    expect(member.host.take()).toEqual(['lost t-0']);
    member.answer(-1, null);
    member.membership.progress();
    member.advance();
    expect(member.beat.body).toMatchObject({ memberEpoch: 0, memberId: 'me' });
  });

  it('closed: nothing is called and nothing is sent any more', () => {
    const member = new Member().enter('t-0 t-1').advance(5000).answer(1, 't-0').advance(5000);
    member.host.take();
    const { beat } = member;
    member.membership.close();
    beat.reply(heartbeat(2, 't-3'));
    member.host.revokes[0]!.done();
    member.membership.subscribe(['t']);
    member.advance(100_000);
    expect(member.host.take()).toEqual([]);
    expect(member.cluster.open('ConsumerGroupHeartbeat')).toHaveLength(0);
    expect(member.cluster.retained).toEqual([]);
  });
});
