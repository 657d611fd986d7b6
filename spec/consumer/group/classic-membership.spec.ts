import { ConnectionClosedError } from '../../../src/errors/connection-error.js';
import { AuthenticationError } from '../../../src/errors/client-errors.js';
import { BrokerError } from '../../../src/errors/broker-error.js';
import { range } from '../../../src/consumer/group/assignors/range.js';
import { cooperativeSticky } from '../../../src/consumer/group/assignors/cooperative-sticky.js';
import { decodeAssignment, encodeSubscription } from '../../../src/consumer/group/subscription-codec.js';
import { text, tps } from './support/checking-host.js';
import { joinResponse, leads, Member, ownedIn, subscriptionOf } from './support/member.js';

describe('joining', () => {
  it('[B155, N9] joins with the member id that the coordinator hands out (KIP-394)', () => {
    const member = new Member({ clientRack: 'r1' });
    member.membership.subscribe(['u', 't', 't']);
    expect(member.host.take()).toEqual([]);
    member.advance();
    expect(member.host.take()).toEqual(['joining']);
    expect(member.join.body).toMatchObject({ memberId: '', groupInstanceId: null, reason: 'joins' });
    member.join.reply({ errorCode: 79, memberId: 'm7', members: [] });
    member.advance();
    expect(member.join.body).toMatchObject({ memberId: 'm7', groupId: 'g', protocolType: 'consumer' });
    expect(member.subscription).toMatchObject({ topics: ['t', 'u'], owned: [], generation: -1, rackId: 'r1' });
    member.joined(3);
    member.synced('t-0 t-1');
    expect(member.host.take()).toEqual(['assigned t-0 t-1', 'stable']);
    expect(member.membership.identity()).toEqual({
      groupId: 'g',
      generation: 3,
      memberId: 'm7',
      groupInstanceId: null,
    });
  });

  it('waits for JoinGroup longer than a rebalance may take, on a connection of its own', () => {
    const member = new Member();
    member.membership.subscribe(['t']);
    member.advance();
    expect(member.join.purpose).toBe('join');
    expect(member.join.options.timeoutMs).toBe(65_000);
    expect(new Member({ requestTimeoutMs: 90_000 }).options.requestTimeoutMs).toBe(90_000);
  });

  it('[N11] offers every assignor, in order of preference', () => {
    const member = new Member({ assignors: [range, cooperativeSticky] });
    member.membership.subscribe(['t']);
    member.advance();
    expect((member.join.body as { protocols: { name: string }[] }).protocols.map(({ name }) => name)).toEqual([
      'range',
      'cooperative-sticky',
    ]);
  });

  it('[D#R9, N8] names the instance of a static member in every request', () => {
    const member = new Member({ groupInstanceId: 'i1' });
    member.enter('t-0');
    member.advance(3000);
    for (const call of member.cluster.calls) expect(call.body).toMatchObject({ groupInstanceId: 'i1' });
    expect(member.cluster.calls.map(({ api }) => api)).toEqual(['JoinGroup', 'JoinGroup', 'SyncGroup', 'Heartbeat']);
  });

  it('[B155] retries 14 after a pause, without another look-up of the coordinator', () => {
    const member = new Member();
    member.membership.subscribe(['t']);
    member.advance();
    member.join.reply({ errorCode: 14, members: [] });
    member.advance(50);
    expect(member.cluster.open('JoinGroup')).toHaveLength(0);
    member.advance(100);
    expect(member.join.body).toMatchObject({ memberId: '' });
    expect(member.cluster.forgotten).toBe(0);
  });

  it.each([15, 16])('[B155, D#1134] looks the coordinator up again after %d', (errorCode) => {
    const member = new Member();
    member.membership.subscribe(['t']);
    member.advance();
    member.cluster.coordinatorNode = 2;
    member.join.reply({ errorCode, members: [] });
    member.advance(150);
    expect(member.cluster.forgotten).toBe(1);
    expect(member.join.node).toBe(2);
  });

  it('[B155, D#376] retries with a growing pause when the connection breaks', () => {
    const member = new Member();
    member.membership.subscribe(['t']);
    member.advance();
    const times: number[] = [];
    for (let attempt = 0; attempt < 5; attempt++) {
      times.push(member.cluster.runtime.now());
      member.join.fail();
      member.advance(1300);
    }
    expect(member.cluster.forgotten).toBe(5);
    expect(member.cluster.count('JoinGroup')).toBe(6);
    const starts = member.cluster.calls.map(({ at }, index) => at - (times[index - 1] ?? 0));
    expect(starts[4]!).toBeGreaterThan(600);
  });

  it.each([
    [23, /no assignor of this one \(cooperative-sticky\)/],
    [24, /"g"/],
    [26, /sessionTimeoutMs of 45000/],
    [30, /"g" may not be read/],
    [82, /groupInstanceId "i1"/],
  ])('[B155, KJ#1513] fails for good with %d and says what to do', (errorCode, message) => {
    const member = new Member({ groupInstanceId: 'i1' });
    member.membership.subscribe(['t']);
    member.advance();
    member.join.reply({ errorCode, members: [] });
    member.advance(10_000);
    expect(member.host.take()).toEqual(['joining', 'failed']);
    expect(member.host.error).toMatchObject({ code: 'ERR_KAFKA_BROKER', errorCode, fatal: true });
    expect(member.host.error!.message).toMatch(message);
    expect(member.cluster.count('JoinGroup')).toBe(1);
    expect(member.cluster.retained).toEqual([]);
  });

  it('fails when the coordinator may not be looked up', () => {
    const member = new Member();
    member.cluster.coordinatorNode = new BrokerError(30, 'FindCoordinator');
    member.membership.subscribe(['t']);
    member.advance(100);
    expect(member.host.error).toMatchObject({ errorCode: 30 });
  });

  it('fails when the broker refuses the credentials', () => {
    const member = new Member();
    member.membership.subscribe(['t']);
    member.advance();
    member.join.fail(new AuthenticationError('no'));
    member.advance(1);
    expect(member.host.error).toMatchObject({ code: 'ERR_KAFKA_AUTHENTICATION' });
  });

  it('drops the answer of a join that was given up', () => {
    const member = new Member();
    member.membership.subscribe(['t']);
    member.advance();
    const first = member.join;
    member.membership.close();
    first.reply(joinResponse(first, 1));
    member.advance(1000);
    expect(member.host.take()).toEqual(['joining']);
    expect(member.cluster.poolsClosed).toContain('join');
  });

  it.each([
    ['SyncGroup', 27, 'm1'],
    ['SyncGroup', 22, 'm1'],
    ['SyncGroup', 25, ''],
    ['JoinGroup', 25, ''],
  ])('[B155, B156] joins again when %s is answered with %d, as %j', (api, errorCode, memberId) => {
    const member = new Member();
    member.membership.subscribe(['t']);
    member.advance();
    member.join.reply({ errorCode: 79, memberId: 'm1', members: [] });
    member.advance();
    if (api === 'SyncGroup') member.joined(1);
    member.cluster.only(api).reply({ errorCode, assignment: new Uint8Array(0), members: [] });
    member.advance();
    expect(member.join.body).toMatchObject({ memberId });
    expect(member.host.take()).toEqual(['joining']);
  });

  it('does not spin when it is refused again and again', () => {
    const member = new Member();
    member.cluster.broker = (call) => {
      call.reply({ errorCode: 25, members: [] });
    };
    member.membership.subscribe(['t']);
    member.advance(10_000);
    expect(member.cluster.count('JoinGroup')).toBeLessThan(25);
    expect(member.cluster.count('JoinGroup')).toBeGreaterThan(10);
  });
});

describe('leading', () => {
  it('assigns from the subscriptions of all members, and knows the partitions of all their topics', () => {
    const member = new Member();
    member.cluster.topic('u', 2);
    member.membership.subscribe(['t']);
    member.advance();
    const other = { memberId: 'm2', metadata: encodeSubscription({ ...subscriptionOf(member.join), topics: ['u'] }) };
    member.join.reply({ errorCode: 79, memberId: 'm1', members: [] });
    member.advance();
    member.joined(1, leads(member.join, [other]));
    const { assignments } = member.cluster.only('SyncGroup').body as {
      assignments: { memberId: string; assignment: Uint8Array }[];
    };
    expect(assignments.map(({ memberId, assignment }) => [memberId, text(decodeAssignment(assignment))])).toEqual([
      ['m1', 't-0 t-1 t-2 t-3'],
      ['m2', 'u-0 u-1'],
    ]);
    expect(member.cluster.retained.sort()).toEqual(['t', 't', 'u']);
  });

  it('[B163] waits for metadata of topics it does not know, and retries a look-up that failed', () => {
    const member = new Member();
    member.cluster.holdRefresh = true;
    member.membership.subscribe(['t', 'new']);
    member.advance();
    member.join.reply({ errorCode: 79, memberId: 'm1', members: [] });
    member.advance();
    member.joined(1, leads(member.join));
    expect(member.cluster.open('SyncGroup')).toHaveLength(0);
    member.cluster.answerRefresh(new ConnectionClosedError('gone'));
    member.advance(200);
    expect(member.cluster.refreshes).toBe(2);
    member.cluster.topic('new', 1);
    member.cluster.answerRefresh();
    member.advance();
    const { assignments } = member.cluster.only('SyncGroup').body as { assignments: { assignment: Uint8Array }[] };
    expect(text(decodeAssignment(assignments[0]!.assignment))).toBe('new-0 t-0 t-1 t-2 t-3');
    expect(member.cluster.refreshes).toBe(2);
  });

  it('gives a member with an unreadable subscription nothing, and serves the others', () => {
    const member = new Member();
    member.membership.subscribe(['t']);
    member.advance();
    member.join.reply({ errorCode: 79, memberId: 'm1', members: [] });
    member.advance();
    member.joined(1, leads(member.join, [{ memberId: 'm2', metadata: Uint8Array.of(0, 1, 255) }]));
    const { assignments } = member.cluster.only('SyncGroup').body as { assignments: { assignment: Uint8Array }[] };
    expect(assignments.map(({ assignment }) => text(decodeAssignment(assignment)))).toEqual(['t-0 t-1 t-2 t-3', '']);
  });

  it('[B163, C15] joins again when a subscribed topic gets partitions, and only then', () => {
    const member = new Member();
    member.membership.subscribe(['t']);
    member.advance();
    member.joined(1, { memberId: 'm1', ...leads(member.join), leader: 'm1' });
    member.synced('t-0 t-1 t-2 t-3');
    member.cluster.updated();
    member.advance(100);
    expect(member.cluster.open('JoinGroup')).toHaveLength(0);
    member.cluster.topic('t', 6);
    member.cluster.topic('t', 6);
    member.advance(100);
    expect(member.join.body).toMatchObject({ reason: 'partitions of subscribed topics changed' });
    expect(member.cluster.count('JoinGroup')).toBe(2);
  });

  it('leaves the assignment alone when told to, and still notices new partitions (KIP-814)', () => {
    const member = new Member({ groupInstanceId: 'i1' });
    member.membership.subscribe(['t']);
    member.advance();
    member.joined(5, { ...leads(member.join), memberId: 'm1', leader: 'm1', skipAssignment: true });
    expect(member.cluster.only('SyncGroup').body).toMatchObject({ generationId: 5, assignments: [] });
    member.synced('t-0');
    member.cluster.topic('t', 5);
    member.advance(1);
    expect(member.join.body).toMatchObject({ reason: 'partitions of subscribed topics changed' });
  });

  it('[N11] fails when its assignor throws', () => {
    const broken = {
      ...cooperativeSticky,
      assign: () => {
        throw new TypeError('mine');
      },
    };
    const member = new Member({ assignors: [broken] });
    member.membership.subscribe(['t']);
    member.advance();
    member.joined(1, { ...leads(member.join), memberId: 'm1', leader: 'm1' });
    expect(member.host.error).toMatchObject({ code: 'ERR_KAFKA_GROUP', fatal: true, cause: new TypeError('mine') });
  });
});

describe('subscription changes', () => {
  it('joins again with the new topics', () => {
    const member = new Member().enter('t-0');
    member.membership.subscribe(['t', 'u']);
    member.advance();
    expect(member.subscription.topics).toEqual(['t', 'u']);
    expect(member.join.body).toMatchObject({ reason: 'subscription changed' });
  });

  it('does nothing when they are the same', () => {
    const member = new Member().enter('t-0');
    member.membership.subscribe(['t']);
    member.advance(100);
    expect(member.cluster.open('JoinGroup')).toHaveLength(0);
  });

  it('[B162] takes a change between assignment and sync along in exactly one more rebalance', () => {
    const member = new Member();
    member.membership.subscribe(['t']);
    member.advance();
    member.joined(1);
    member.membership.subscribe(['u']);
    member.membership.subscribe(['u', 'v']);
    member.advance(10);
    expect(member.cluster.count('JoinGroup')).toBe(1);
    member.synced('t-0');
    expect(member.host.take()).toEqual(['joining', 'assigned ', 'stable', 'rebalancing']);
    expect(member.subscription.topics).toEqual(['u', 'v']);
    member.joined(2);
    member.synced('u-0 v-0');
    member.advance(1000);
    expect(member.cluster.count('JoinGroup')).toBe(2);
    expect(member.host.take()).toEqual(['assigned u-0 v-0', 'stable']);
  });
});

describe('eager', () => {
  const eager = { assignors: [range, cooperativeSticky] };

  it('[KJ#1720] gives everything up before it joins, owning nothing, heartbeats going on', () => {
    const member = new Member(eager).enter('t-0 t-1');
    member.heartbeat(27);
    expect(member.host.take()).toEqual(['rebalancing', 'revoke t-0 t-1']);
    expect(member.host.revokes[0]!.deadline).toBe(member.cluster.runtime.now() + 30_000);
    member.heartbeat(27);
    member.heartbeat(27);
    expect(member.cluster.open('JoinGroup')).toHaveLength(0);
    expect(member.membership.commitReady).toBe(true);
    member.host.revokes[0]!.done();
    member.advance();
    expect(ownedIn(member.join)).toBe('');
    expect(member.join.body).toMatchObject({ memberId: 'm1', reason: 'group is rebalancing' });
    member.joined(2);
    expect(member.membership.commitReady).toBe(false);
    member.synced('t-1');
    expect(member.host.take()).toEqual(['assigned t-1', 'stable']);
    expect(member.membership.commitReady).toBe(true);
  });

  it('drains at most until the group would go on without it', () => {
    const member = new Member({ ...eager, rebalanceTimeoutMs: 20_000, drainTimeoutMs: 60_000 }).enter('t-0');
    member.heartbeat(27);
    expect(member.host.revokes[0]!.deadline - member.cluster.runtime.now()).toBe(15_000);
  });

  it('[B167] does not revoke again when the join fails', () => {
    const member = new Member(eager).enter('t-0');
    member.heartbeat(27);
    member.host.revokes[0]!.done();
    member.advance();
    member.join.fail();
    member.advance(1000);
    member.joined(2);
    member.synced('t-0');
    expect(member.host.take()).toEqual(['rebalancing', 'revoke t-0', 'assigned t-0', 'stable']);
  });

  it.each([22, 25])(
    'joins at once when it is expelled (%d) while it drains, whatever the drain says later',
    (errorCode) => {
      const member = new Member(eager).enter('t-0 t-1');
      member.heartbeat(27);
      member.heartbeat(errorCode);
      expect(member.host.take()).toEqual(['rebalancing', 'revoke t-0 t-1', 'lost t-0 t-1', 'joining']);
      expect(member.join.body).toMatchObject({ memberId: errorCode === 22 ? 'm1' : '' });
      member.host.revokes[0]!.done();
      member.advance(100);
      expect(member.cluster.count('JoinGroup')).toBe(3);
      member.joined(4);
      member.synced('t-0');
      expect(member.host.take()).toEqual(['assigned t-0', 'stable']);
    },
  );
});

describe('cooperative', () => {
  it('[D#1126] joins at once with what it holds, and gives up only what is missing, then joins again', () => {
    const member = new Member().enter('t-0 t-1 t-2');
    member.heartbeat(27);
    expect(member.host.take()).toEqual(['rebalancing']);
    expect(ownedIn(member.join)).toBe('t-0 t-1 t-2');
    expect(member.subscription.generation).toBe(1);
    member.joined(2);
    member.synced('t-0 t-3');
    expect(member.host.take()).toEqual(['revoke t-1 t-2', 'assigned t-3', 'stable']);
    expect(member.cluster.open('JoinGroup')).toHaveLength(0);
    member.host.revokes[0]!.done();
    member.advance();
    expect(ownedIn(member.join)).toBe('t-0 t-3');
    expect(member.join.body).toMatchObject({ reason: 'gave partitions up' });
    member.joined(3);
    member.synced('t-0 t-3');
    expect(member.host.take()).toEqual(['rebalancing', 'stable']);
  });

  it('does not let a join wait for a drain, claims what drains, and joins again after it', () => {
    const member = new Member().enter('t-0 t-1');
    member.heartbeat(27);
    member.joined(2);
    member.synced('t-0');
    member.heartbeat(27);
    expect(ownedIn(member.join)).toBe('t-0 t-1');
    member.joined(3);
    member.synced('t-0');
    expect(member.cluster.open('JoinGroup')).toHaveLength(0);
    member.host.revokes[0]!.done();
    member.advance();
    expect(ownedIn(member.join)).toBe('t-0');
  });

  it('joins once more when the drain ends inside a join that still claimed it', () => {
    const member = new Member().enter('t-0 t-1');
    member.heartbeat(27);
    member.joined(2);
    member.synced('t-0');
    member.heartbeat(27);
    member.host.revokes[0]!.done();
    member.advance();
    expect(member.cluster.open('JoinGroup')).toHaveLength(1);
    member.joined(3);
    member.synced('t-0');
    expect(ownedIn(member.join)).toBe('t-0');
  });

  it('begins a partition that comes back while it drains anew, when the drain is over', () => {
    const member = new Member().enter('t-0 t-1');
    member.heartbeat(27);
    member.joined(2);
    member.synced('t-0');
    member.heartbeat(27);
    member.joined(3);
    member.host.take();
    member.synced('t-0 t-1');
    expect(member.host.take()).toEqual(['stable']);
    member.host.revokes[0]!.done();
    member.advance(100);
    expect(member.host.take()).toEqual(['assigned t-1']);
    expect(member.cluster.open('JoinGroup')).toHaveLength(0);
  });

  it('does not bring back what another round took away again', () => {
    const member = new Member().enter('t-0 t-1');
    for (const [generation, assignment] of [
      [2, 't-0'],
      [3, 't-0 t-1'],
      [4, 't-0'],
    ] as const) {
      member.heartbeat(27);
      member.joined(generation);
      member.synced(assignment);
    }
    member.host.take();
    member.host.revokes[0]!.done();
    member.advance();
    expect(member.host.take()).toEqual(['rebalancing']);
    expect(ownedIn(member.join)).toBe('t-0');
  });

  it('[D#335] owns nothing after it was expelled, and starts again as a new member', () => {
    const member = new Member().enter('t-0 t-1');
    member.heartbeat(25);
    expect(member.host.take()).toEqual(['lost t-0 t-1', 'joining']);
    expect(member.host.lostError).toMatchObject({ errorCode: 25 });
    expect(member.join.body).toMatchObject({ memberId: '' });
    expect(member.subscription).toMatchObject({ owned: [], generation: -1 });
    expect(member.membership.identity()).toMatchObject({ generation: -1, memberId: '' });
    expect(member.membership.commitReady).toBe(false);
    member.advance(10_000);
    expect(member.cluster.open('Heartbeat')).toHaveLength(0);
  });

  it('leaves a join that is under way to its own answer when a heartbeat says the generation is over', () => {
    const member = new Member().enter('t-0');
    member.heartbeat(27);
    member.host.take();
    for (const errorCode of [22, 25]) member.heartbeat(errorCode);
    expect(member.host.take()).toEqual([]);
    member.joined(2);
    member.synced('t-0');
    expect(member.host.take()).toEqual(['stable']);
  });

  it('drops a heartbeat answer of the generation before', () => {
    const member = new Member().enter('t-0');
    member.membership.rejoin('spec');
    member.advance(3000);
    const old = member.cluster.only('Heartbeat');
    member.joined(2);
    member.synced('t-0');
    member.host.take();
    old.reply({ errorCode: 22 });
    member.advance(100);
    expect(member.host.take()).toEqual([]);
  });
});

describe('heartbeats', () => {
  it('[C22, KJ#1720, L25] go on in their own time while JoinGroup and SyncGroup are held, on another connection', () => {
    const member = new Member().enter('t-0');
    member.beats(27);
    member.membership.rejoin('spec');
    member.advance(20_000);
    expect(member.cluster.open('JoinGroup')).toHaveLength(1);
    const sent = member.cluster.calls.filter(({ api, at }) => api === 'Heartbeat' && at > 3000);
    expect(sent.map(({ at }) => at)).toEqual([6000, 9000, 12_000, 15_000, 18_000]);
    expect(new Set(sent.map(({ purpose }) => purpose))).toEqual(new Set(['group']));
    expect(sent.every(({ options }) => options.timeoutMs === 15_000)).toBe(true);
    expect(member.host.take()).toEqual(['rebalancing']);
  });

  it('are one at a time', () => {
    const member = new Member().enter('t-0');
    member.advance(10_000);
    expect(member.cluster.open('Heartbeat')).toHaveLength(1);
  });

  it('[B158] come sooner after a failure, and find a coordinator that moved', () => {
    const member = new Member().enter('t-0');
    member.advance(3000);
    member.cluster.coordinatorNode = 3;
    member.cluster.only('Heartbeat').reply({ errorCode: 16 });
    member.advance(150);
    expect(member.cluster.only('Heartbeat').node).toBe(3);
    member.cluster.only('Heartbeat').reply({ errorCode: 0 });
    member.advance(3000);
    expect(member.cluster.only('Heartbeat').at).toBeGreaterThan(6000);
    expect(member.host.take()).toEqual([]);
  });

  it('that fail send a join that hangs at the old coordinator again', () => {
    const member = new Member().enter('t-0');
    member.membership.rejoin('spec');
    member.advance();
    const hanging = member.join;
    member.advance(3000);
    member.cluster.coordinatorNode = 2;
    member.cluster.only('Heartbeat').fail();
    member.advance(200);
    expect(hanging.cancelled).toBe(true);
    expect(member.cluster.poolsClosed).toContain('join');
    expect(member.join.node).toBe(2);
    expect(ownedIn(member.join)).toBe('t-0');
  });

  it('[D#335] unanswered for the session timeout mean that everything is lost', () => {
    const member = new Member().enter('t-0 t-1');
    member.cluster.broker = (call) => {
      if (call.api === 'Heartbeat') call.fail();
    };
    member.advance(44_000);
    expect(member.host.take()).toEqual([]);
    member.advance(2000);
    expect(member.host.take()).toEqual(['lost t-0 t-1', 'joining']);
    expect(member.host.lostError!.message).toMatch(/No heartbeat .* 45000 ms/);
    expect(member.join.body).toMatchObject({ memberId: 'm1' });
    expect(ownedIn(member.join)).toBe('');
  });

  it.each([82, 30])('[B158] end the member on %d', (errorCode) => {
    const member = new Member({ groupInstanceId: 'i1' }).enter('t-0');
    member.heartbeat(errorCode);
    expect(member.host.take()).toEqual(['failed']);
    member.advance(100_000);
    expect(member.cluster.calls.filter(({ open }) => open)).toEqual([]);
  });

  it('that were refused by a commit count as well, unless the identity is an old one', () => {
    const member = new Member().enter('t-0');
    member.membership.refused(25, { ...member.membership.identity(), generation: 0 });
    member.advance();
    expect(member.host.take()).toEqual([]);
    member.membership.refused(25, member.membership.identity());
    member.advance();
    expect(member.host.take()).toEqual(['lost t-0', 'joining']);
  });

  it('[B164] a commit refused with 25 does not disturb a join that is under way', () => {
    const member = new Member().enter('t-0');
    member.membership.rejoin('spec');
    member.advance();
    member.membership.refused(25, member.membership.identity());
    member.advance();
    member.joined(2);
    member.synced('t-0');
    expect(member.host.take()).toEqual(['rebalancing', 'stable']);
  });
});

describe('leaving', () => {
  it('[D#372] sends LeaveGroup and may join again afterwards', () => {
    const member = new Member().enter('t-0');
    const left = jest.fn();
    member.membership.leave({ leaveGroup: undefined }, left);
    member.advance();
    const call = member.cluster.only('LeaveGroup');
    expect(call.purpose).toBe('group');
    expect(call.body).toMatchObject({ groupId: 'g', members: [{ memberId: 'm1', groupInstanceId: null }] });
    expect(left).not.toHaveBeenCalled();
    call.reply({ errorCode: 0, members: [] });
    member.advance();
    expect(left).toHaveBeenCalledTimes(1);
    expect(member.cluster.retained).toEqual([]);
    expect(member.membership.identity()).toMatchObject({ generation: -1, memberId: '' });
    member.host.holds.clear();
    member.membership.subscribe(['t']);
    member.advance();
    expect(member.join.body).toMatchObject({ memberId: '' });
  });

  it('names itself as older brokers want it', () => {
    const member = new Member();
    member.cluster.versions = { LeaveGroup: 2 };
    member.enter('t-0').membership.leave({ leaveGroup: undefined }, () => undefined);
    member.advance();
    expect(member.cluster.only('LeaveGroup').body).toEqual({ groupId: 'g', memberId: 'm1' });
  });

  it('[D#659] does not wait for an answer for ever', () => {
    const member = new Member().enter('t-0');
    const left = jest.fn();
    member.membership.leave({ leaveGroup: undefined }, left);
    member.advance(31_000);
    expect(left).toHaveBeenCalledTimes(1);
  });

  it.each([
    [undefined, 0],
    [false, 0],
    [true, 1],
  ])('as a static member with leaveGroup %j sends %d LeaveGroup', (leaveGroup, count) => {
    const member = new Member({ groupInstanceId: 'i1' }).enter('t-0');
    const left = jest.fn();
    member.membership.leave({ leaveGroup }, left);
    member.advance();
    expect(member.cluster.count('LeaveGroup')).toBe(count);
    for (const call of member.cluster.open('LeaveGroup')) call.reply({ errorCode: 0, members: [] });
    member.advance();
    expect(left).toHaveBeenCalledTimes(1);
  });

  it('[D#306, D#659] leaves also from within a join, whose answer comes too late', () => {
    const member = new Member().enter('t-0');
    member.membership.rejoin('spec');
    member.advance();
    const join = member.join;
    member.membership.leave({ leaveGroup: undefined }, () => undefined);
    member.advance();
    expect(member.cluster.open('LeaveGroup')).toHaveLength(1);
    join.reply(joinResponse(join, 2));
    member.advance(100);
    expect(member.cluster.count('SyncGroup')).toBe(1);
    expect(member.host.take()).toEqual(['rebalancing']);
  });

  it('ignores what heartbeats say while it leaves', () => {
    const member = new Member().enter('t-0');
    member.advance(3000);
    const heartbeat = member.cluster.only('Heartbeat');
    member.membership.leave({ leaveGroup: undefined }, () => undefined);
    heartbeat.reply({ errorCode: 25 });
    member.advance(100);
    expect(member.host.take()).toEqual([]);
  });

  it('[D#659] before it ever joined is over at once', () => {
    const member = new Member();
    const left = jest.fn();
    member.membership.leave({ leaveGroup: undefined }, left);
    expect(left).not.toHaveBeenCalled();
    member.advance();
    expect(left).toHaveBeenCalledTimes(1);
    expect(member.cluster.calls).toEqual([]);
  });
});

describe('shutting down', () => {
  it('[L26] takes part in no rebalance any more while heartbeats go on', () => {
    const member = new Member().enter('t-0');
    member.membership.stopRebalancing();
    member.heartbeat(27);
    member.heartbeat(27);
    member.membership.rejoin('spec');
    member.advance(100);
    expect(member.cluster.count('JoinGroup')).toBe(2);
    expect(member.host.take()).toEqual([]);
    expect(member.membership.commitReady).toBe(true);
  });

  it('still says what is lost, and does not join again', () => {
    const member = new Member().enter('t-0');
    member.membership.stopRebalancing();
    member.heartbeat(25);
    member.advance(5000);
    expect(member.host.take()).toEqual(['lost t-0']);
    expect(member.cluster.count('JoinGroup')).toBe(2);
  });
});

describe('without progress', () => {
  it('a dynamic member loses everything and leaves, until progress is made', () => {
    const member = new Member().enter('t-0');
    member.membership.expire();
    expect(member.host.take()).toEqual([]);
    member.advance();
    expect(member.host.take()).toEqual(['lost t-0']);
    member.cluster.only('LeaveGroup').reply({ errorCode: 0, members: [] });
    member.advance(60_000);
    expect(member.cluster.open('JoinGroup')).toHaveLength(0);
    expect(member.cluster.open('Heartbeat')).toHaveLength(0);
    member.membership.progress();
    member.advance();
    expect(member.join.body).toMatchObject({ memberId: '', reason: 'makes progress again' });
    expect(ownedIn(member.join)).toBe('');
  });

  it('a static member only falls silent', () => {
    const member = new Member({ groupInstanceId: 'i1' }).enter('t-0');
    member.membership.expire();
    member.advance(60_000);
    expect(member.host.take()).toEqual(['lost t-0']);
    expect(member.cluster.count('LeaveGroup')).toBe(0);
    expect(member.cluster.count('Heartbeat')).toBe(0);
    member.membership.progress();
    member.advance();
    expect(member.join.body).toMatchObject({ memberId: 'm1', groupInstanceId: 'i1' });
  });
});

it('acts on what the host asks for inside a call only when that call has returned', () => {
  const member = new Member();
  member.host.onAssigned = () => {
    member.membership.rejoin('from inside');
    member.host.said.push('returned');
  };
  member.membership.subscribe(['t']);
  member.advance();
  member.joined(1);
  member.synced('t-0');
  expect(member.host.take()).toEqual(['joining', 'assigned t-0', 'returned', 'stable', 'rebalancing']);
  expect(tps('t-0')).toEqual([{ topic: 't', partition: 0 }]);
});
