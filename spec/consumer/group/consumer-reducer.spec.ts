import { UnsupportedVersionError } from '../../../src/errors/protocol-error.js';
import { InvalidOptionError } from '../../../src/errors/usage-error.js';
import { ConsumerScript, ownedIn } from './support/consumer-script.js';

describe('joining', () => {
  it('says everything with epoch 0 and an empty list, takes what it gets and confirms it at once', () => {
    const member = new ConsumerScript({ groupInstanceId: 'i', serverAssignor: 'range', clientRack: 'r' });
    member.subscribe('u', 't', 't');
    expect(member.said).toEqual({
      groupId: 'g',
      memberId: 'me',
      memberEpoch: 0,
      instanceId: 'i',
      rackId: 'r',
      rebalanceTimeoutMs: 60_000,
      serverAssignor: 'range',
      subscribedTopicNames: ['t', 'u'],
      topicPartitions: [],
    });
    expect(member.take()).toEqual(['joining', 'beat 0']);
    member.answer(3, 't-0 t-1');
    expect(member.take()).toEqual(['assigned t-0 t-1', 'stable', 'beat 3 t-0 t-1']);
    expect(member.said).toEqual({
      groupId: 'g',
      memberId: 'me',
      memberEpoch: 3,
      instanceId: 'i',
      topicPartitions: [{ topicId: 'id-t', partitions: [0, 1] }],
    });
    // and from there on says nothing that is known
    member.answer(3, null).beatDue();
    expect(member.take()).toEqual(['stable', 'beat 3 .']);
    expect(member.said).toEqual({ groupId: 'g', memberId: 'me', memberEpoch: 3, instanceId: 'i' });
  });

  it('tells the host of an assignment that is empty, once', () => {
    const member = new ConsumerScript().subscribe('t').answer(1, '');
    expect(member.take()).toEqual(['joining', 'beat 0', 'assigned', 'stable']);
    member.beatDue().answer(2, '').beatDue().answer(2, 't-0');
    expect(member.take().filter((line) => line.startsWith('assigned'))).toEqual(['assigned t-0']);
  });

  it('keeps one heartbeat in flight: what changes meanwhile goes into the next', () => {
    const member = new ConsumerScript().subscribe('t').subscribe('t', 'u').subscribe('u');
    expect(member.heartbeats).toHaveLength(1);
    member.on({ type: 'beatDue' });
    expect(member.heartbeats).toHaveLength(1);
    member.answer(1, '');
    expect(member.heartbeats).toHaveLength(2);
    expect(member.said).toMatchObject({ subscribedTopicNames: ['u'] });
    expect(member.said).not.toHaveProperty('rebalanceTimeoutMs');
  });

  it('subscribes by a pattern of the broker, and ends it with the empty one', () => {
    const member = new ConsumerScript().on({ type: 'subscribe', topics: [], pattern: 'a.*' });
    expect(member.said).toMatchObject({ subscribedTopicRegex: 'a.*', subscribedTopicNames: [] });
    member.answer(1, 'ab-0').answer(1, null).subscribe('t');
    expect(member.said).toMatchObject({ subscribedTopicRegex: '', subscribedTopicNames: ['t'] });
    // a coordinator that forgot the end of it would go on assigning by it
    member.fail().on({ type: 'beatDue' });
    expect(member.said).toMatchObject({ subscribedTopicRegex: '', subscribedTopicNames: ['t'] });
    member.answer(1, null).beatDue();
    expect(member.said).not.toHaveProperty('subscribedTopicRegex');
  });

  it('takes the id that an older broker hands out', () => {
    const member = new ConsumerScript().subscribe('t').answer(1, '', { memberId: 'given' }).beatDue();
    expect(member.said).toMatchObject({ memberId: 'given' });
  });
});

describe('giving up', () => {
  it('lists what drains as owned until the drain has ended, then leaves it out at once', () => {
    const member = new ConsumerScript().enter('t-0 t-1 t-2').beatDue().answer(1, 't-0');
    expect(member.take()).toEqual(['beat 1 .', 'revoke t-1 t-2 as 1 until 35000', 'rebalancing']);
    member.beatDue();
    // all of it is still ours, so there is nothing new to list
    expect(member.take()).toEqual(['beat 1 .']);
    member.answer(1, null);
    expect(member.take()).toEqual(['rebalancing']);
    member.drained(1);
    expect(member.take()).toEqual(['beat 1 t-0', 'rebalancing']);
    member.answer(2, 't-0 t-5');
    expect(member.take()).toEqual(['assigned t-5', 'stable', 'beat 2 t-0 t-5']);
  });

  it('repeats the drained partitions as owned when it has to say everything during the drain', () => {
    const member = new ConsumerScript().enter('t-0 t-1').beatDue().answer(1, 't-0').beatDue().fail();
    expect(member.take().at(-1)).toBe('again 1');
    member.on({ type: 'beatDue' });
    expect(ownedIn(member.said)).toBe('t-0 t-1');
    expect(member.said).toMatchObject({ rebalanceTimeoutMs: 60_000, subscribedTopicNames: ['t'] });
  });

  it('an answer that comes late, while the drain ended, is not taken as heard of the end', () => {
    const member = new ConsumerScript().enter('t-0 t-1').beatDue().answer(1, 't-0').beatDue();
    member.take();
    // the heartbeat that is out lists nothing; the end of the drain waits for its answer, no longer
    member.drained(1);
    expect(member.take()).toEqual(['rebalancing']);
    member.answer(1, null);
    expect(member.take()).toEqual(['rebalancing', 'beat 1 t-0']);
    member.answer(2, null);
    expect(member.take()).toEqual(['stable']);
  });

  it('a second assignment during the drain of a first: two drains, each told when it ends', () => {
    const member = new ConsumerScript().enter('t-0 t-1 t-2').beatDue().answer(1, 't-0 t-1').beatDue();
    member.answer(1, 't-0');
    expect(member.take()).toEqual([
      'beat 1 .',
      'revoke t-2 as 1 until 35000',
      'rebalancing',
      'beat 1 .',
      'revoke t-1 as 2 until 40000',
      'rebalancing',
    ]);
    member.drained(2);
    expect(member.take()).toEqual(['beat 1 t-0 t-2', 'rebalancing']);
    member.drained(1);
    expect(member.take()).toEqual(['rebalancing']);
    member.answer(1, null);
    expect(member.take()).toEqual(['rebalancing', 'beat 1 t-0']);
  });

  it('what comes back while it drains begins anew after its drain, and was never given up', () => {
    const member = new ConsumerScript().enter('t-0 t-1').beatDue().answer(1, 't-0').beatDue().answer(1, 't-0 t-1');
    member.take();
    member.drained(1);
    expect(member.take()).toEqual(['assigned t-1', 'stable']);
    member.beatDue();
    expect(ownedIn(member.said)).toBeNull();
  });

  it('waits with the drain at most drainTimeoutMs, and two seconds less than the broker does', () => {
    const revoke = (drainTimeoutMs: number, heartbeatIntervalMs: number): string => {
      const member = new ConsumerScript({ drainTimeoutMs, rebalanceTimeoutMs: 20_000 }).enter('t-0');
      // an interval that grew later shortens the drain and fails nobody
      member.beatDue().answer(1, '', { heartbeatIntervalMs });
      return member.take().find((line) => line.startsWith('revoke'))!;
    };
    expect(revoke(10_000, 5000)).toContain('until 15000');
    expect(revoke(10_000, 12_000)).toContain(`until ${5000 + 6000}`);
    expect(revoke(10_000, 30_000)).toContain('until 5000');
  });

  it('fails when the drain does not fit the interval that the broker gives', () => {
    const member = new ConsumerScript({ drainTimeoutMs: 13_001, rebalanceTimeoutMs: 20_000 }).subscribe('t');
    member.answer(1, 't-0');
    expect(member.error).toBeInstanceOf(InvalidOptionError);
    expect(member.error!.message).toMatch(/drainTimeoutMs.*5000.*13000.*13001/);
    expect(member.take()).toEqual(['joining', 'beat 0', 'resolve', 'failed']);
  });
});

describe('trouble on the way', () => {
  it.each([7, 14])('%d: the same coordinator again after a pause, with everything', (errorCode) => {
    const member = new ConsumerScript().enter('t-0').beatDue().refuse(errorCode);
    expect(member.take()).toEqual(['beat 1 .', 'again 1']);
    member.on({ type: 'beatDue' }).refuse(errorCode);
    expect(member.take()).toEqual(['beat 1 t-0', 'again 2']);
    member.on({ type: 'beatDue' }).answer(1, null);
    expect(member.take()).toEqual(['beat 1 t-0', 'stable']);
    member.beatDue().refuse(errorCode);
    expect(member.take()).toEqual(['beat 1 .', 'again 1']);
  });

  it.each([15, 16])('%d: the coordinator moves, the next one hears everything', (errorCode) => {
    const member = new ConsumerScript().enter('t-0').beatDue().refuse(errorCode);
    expect(member.take()).toEqual(['beat 1 .', 'find', 'again 1']);
    member.on({ type: 'beatDue' });
    expect(member.take()).toEqual(['beat 1 t-0']);
    expect(member.said).toMatchObject({ rebalanceTimeoutMs: 60_000, subscribedTopicNames: ['t'] });
  });

  it('a commit that finds another coordinator: the next heartbeat says everything there', () => {
    const member = new ConsumerScript().enter('t-0').on({ type: 'coordinatorLost' });
    expect(member.take()).toEqual([]);
    member.beatDue();
    expect(member.take()).toEqual(['beat 1 t-0']);
  });

  it('found while a heartbeat is out: that one said little, so the next says everything', () => {
    const member = new ConsumerScript().enter('t-0').beatDue().on({ type: 'coordinatorLost' }).answer(1, null);
    member.take();
    member.beatDue();
    expect(member.take()).toEqual(['beat 1 t-0']);
  });

  it('a lost answer that held an assignment: the repeated heartbeat lists what was owned before it', () => {
    const member = new ConsumerScript().enter('t-0').beatDue().fail().on({ type: 'beatDue' });
    expect(member.take().at(-1)).toBe('beat 1 t-0');
    member.answer(2, 't-0 t-1');
    expect(member.take()).toEqual(['assigned t-1', 'stable', 'beat 2 t-0 t-1']);
  });

  it('does not let what is urgent overtake the pause', () => {
    const member = new ConsumerScript().enter('t-0 t-1').beatDue().answer(1, 't-0').beatDue().fail();
    member.take();
    member.drained(1);
    expect(member.take()).toEqual(['rebalancing']);
    member.on({ type: 'beatDue' });
    expect(member.take()).toEqual(['beat 1 t-0']);
  });

  it('an answer to a heartbeat of before is dropped', () => {
    const member = new ConsumerScript().enter('t-0').beatDue();
    const late = { type: 'answered', beat: 1, sentAt: 0, names: new Map() } as const;
    member.take();
    member.on({ ...late, answer: { error: null, value: { errorCode: 25 } as never } });
    expect(member.take()).toEqual([]);
  });
});

describe('being lost', () => {
  it.each([25, 110])('%d: loses everything and joins again with epoch 0 and the same id', (errorCode) => {
    const member = new ConsumerScript().enter('t-0 t-1').beatDue().answer(1, 't-0').beatDue();
    member.take();
    member.refuse(errorCode);
    expect(member.take()).toEqual(['resolve', 'lost t-0 t-1', 'joining', 'beat 0']);
    expect(member.said).toMatchObject({ memberId: 'me', topicPartitions: [], subscribedTopicNames: ['t'] });
    // the drain that was under way is over for the member
    member.drained(1);
    expect(member.take()).toEqual([]);
    member.answer(9, 't-1');
    expect(member.take()).toEqual(['assigned t-1', 'stable', 'beat 9 t-1']);
  });

  it('fenced between the assignment and its confirmation', () => {
    const member = new ConsumerScript().subscribe('t').answer(1, 't-0');
    member.take();
    member.refuse(110);
    expect(member.take()).toEqual(['resolve', 'lost t-0', 'joining', 'beat 0']);
  });

  it('again and again: at once the first time, then with growing pauses', () => {
    const member = new ConsumerScript().enter('t-0').beatDue().refuse(25).refuse(25);
    expect(member.take().filter((line) => /^(beat|again)/.test(line))).toEqual(['beat 1 .', 'beat 0', 'again 2']);
    member.on({ type: 'beatDue' }).refuse(25);
    expect(member.take().filter((line) => /^(beat|again)/.test(line))).toEqual(['beat 0', 'again 3']);
  });

  it('by silence, which nobody else tells', () => {
    const member = new ConsumerScript().enter('t-0').beatDue();
    member.now = 44_999;
    member.on({ type: 'silence' });
    expect(member.take()).toEqual(['beat 1 .']);
    member.now = 45_000;
    member.on({ type: 'silence' });
    expect(member.take()).toEqual(['find', 'resolve', 'lost t-0', 'joining', 'beat 0']);
  });

  it('as a commit was told: 25 and 110 of the present epoch, not of an older one', () => {
    const member = new ConsumerScript().enter('t-0').beatDue().answer(2, null);
    member.take();
    member.on({ type: 'refused', errorCode: 25, as: { memberId: 'me', generation: 1 } });
    expect(member.take()).toEqual([]);
    member.on({ type: 'refused', errorCode: 110, as: { memberId: 'me', generation: 2 } });
    expect(member.take()).toEqual(['resolve', 'lost t-0', 'joining', 'beat 0']);
  });

  it('a commit with a stale epoch brings the next heartbeat forward and loses nothing', () => {
    const member = new ConsumerScript().enter('t-0');
    const refused = { type: 'refused', errorCode: 113, as: { memberId: 'me', generation: 1 } } as const;
    member.on(refused);
    expect(member.take()).toEqual(['beat 1 .']);
    member.on(refused).answer(2, null);
    expect(member.take()).toEqual(['stable', 'beat 2 .']);
  });

  it('a group that is gone for a member (69) is joined again, for who joins it is the wrong kind', () => {
    const member = new ConsumerScript().enter('t-0').beatDue().refuse(69);
    expect(member.take()).toEqual(['beat 1 .', 'resolve', 'lost t-0', 'joining', 'beat 0']);
    member.refuse(69, 'Group g is not a consumer group');
    expect(member.error).toMatchObject({ errorCode: 69, fatal: true });
    expect(member.error!.message).toMatch(/classic.*migration.*Group g is not a consumer group/);
  });
});

describe('what ends a member', () => {
  it.each([
    [82, 'groupInstanceId "i"'],
    [112, 'serverAssignor "mine"'],
    [128, 'RE2J'],
    [81, 'group.consumer.max.size'],
    [30, 'READ'],
    [29, 'DESCRIBE'],
    [42, 'what the broker says'],
  ])('%d, in words that say what to change', (errorCode, words) => {
    const member = new ConsumerScript({ groupInstanceId: 'i', serverAssignor: 'mine' }).subscribe('t');
    member.refuse(errorCode, 'what the broker says');
    expect(member.error).toMatchObject({ errorCode, fatal: true, retriable: false });
    expect(member.error!.message).toContain(words);
    member.take();
    member.on({ type: 'beatDue' }).subscribe('u');
    expect(member.take()).toEqual([]);
    member.on({ type: 'leave', leaveGroup: true });
    expect(member.take().at(-1)).toBe('leave null');
  });

  it('a name that is taken (111) is waited for a minute, then surfaced', () => {
    const member = new ConsumerScript({ groupInstanceId: 'i' }).subscribe('t').refuse(111);
    expect(member.take()).toEqual(['joining', 'beat 0', 'again 1']);
    member.now = 59_999;
    member.on({ type: 'beatDue' }).refuse(111);
    expect(member.take()).toEqual(['beat 0', 'again 2']);
    member.now = 60_000;
    member.on({ type: 'beatDue' }).refuse(111);
    expect(member.error).toMatchObject({ errorCode: 111 });
    expect(member.error!.message).toContain('groupInstanceId "i"');
  });

  it('the name that comes free in time is taken', () => {
    const member = new ConsumerScript({ groupInstanceId: 'i' }).subscribe('t').refuse(111);
    member.on({ type: 'beatDue' }).answer(4, 't-0');
    expect(member.take().at(-1)).toBe('beat 4 t-0');
  });

  it('a broker without the protocol, or with the feature off', () => {
    const old = new ConsumerScript().subscribe('t').fail(new UnsupportedVersionError('no such key'));
    const off = new ConsumerScript().subscribe('t').refuse(35);
    for (const { error } of [old, off]) {
      expect(error).toBeInstanceOf(UnsupportedVersionError);
      expect(error!.message).toMatch(/groupProtocol: 'classic'/);
      expect(error!.message).toMatch(/group\.version/);
    }
    const pattern = new ConsumerScript().on({ type: 'subscribe', topics: [], pattern: 'a.*' });
    expect(pattern.fail(new UnsupportedVersionError('v1')).error!.message).toMatch(/serverPattern.*use pattern/);
  });
});

describe('topics that are known by id only', () => {
  it('are neither handed out nor listed until metadata has their name', () => {
    const member = new ConsumerScript().subscribe('t', 'new').answer(1, 't-0 new-0 new-1');
    expect(member.take()).toEqual(['joining', 'beat 0', 'assigned t-0', 'resolve id-new', 'rebalancing', 'beat 1 t-0']);
    member.answer(1, null);
    member.take();
    member.on({ type: 'named', names: new Map([['id-new', 'new']]) });
    expect(member.take()).toEqual(['assigned new-0 new-1', 'resolve', 'beat 1 new-0 new-1 t-0', 'stable'].sort(by));
  });

  it('that go away again before they have a name were never there', () => {
    const member = new ConsumerScript().subscribe('t', 'new').answer(1, 't-0 new-0').answer(1, null).beatDue();
    member.take();
    member.answer(2, 't-0');
    expect(member.take()).toEqual(['resolve', 'stable']);
    member.on({ type: 'named', names: new Map([['id-new', 'new']]) });
    expect(member.take().filter((line) => line.startsWith('assigned'))).toEqual([]);
  });

  it('keep their name while they drain, also when the topic was deleted', () => {
    const member = new ConsumerScript().enter('t-0').beatDue().answer(2, '');
    expect(member.take()).toContain('revoke t-0 as 1 until 35000');
    member.beatDue().fail().on({ type: 'beatDue' });
    expect(ownedIn(member.said)).toBe('t-0');
  });

  it('a topic that was created anew under its name is listed under the id that is assigned', () => {
    const member = new ConsumerScript().enter('t-0').beatDue();
    const topicPartitions = [{ topicId: 'id-new2', partitions: [0] }];
    member.answer(2, null, { assignment: { topicPartitions } });
    member.take();
    member.on({ type: 'named', names: new Map([['id-new2', 't']]) });
    // nobody can have the old one, so it is not waited for to say so; the new stream waits for the drain of the old
    expect(member.take()).toEqual(['resolve', 'rebalancing', 'beat 2 new2-0']);
    member.answer(2, null).drained(1);
    expect(member.take()).toEqual(['rebalancing', 'assigned t-0', 'stable']);
  });
});

describe('leaving', () => {
  it.each([
    [null, undefined, -1],
    [null, true, -1],
    [null, false, null],
    ['i', undefined, -2],
    ['i', false, -2],
    ['i', true, -1],
  ] as const)('instance %p with leaveGroup %p sends %p', (groupInstanceId, leaveGroup, epoch) => {
    const member = new ConsumerScript({ groupInstanceId }).enter('t-0');
    member.on({ type: 'leave', leaveGroup });
    expect(member.take()).toEqual(['resolve', `leave ${String(epoch)}`]);
    member.on({ type: 'beatDue' });
    expect(member.take()).toEqual([]);
    member.on({ type: 'left' }).subscribe('t');
    expect(member.take()).toEqual(['joining', 'beat 0']);
    expect(member.said).toMatchObject({ memberId: 'me' });
  });

  it('sends nothing when it never joined', () => {
    const member = new ConsumerScript().on({ type: 'leave', leaveGroup: undefined });
    expect(member.take().at(-1)).toBe('leave null');
  });

  it('a subscription that comes while it leaves joins afterwards', () => {
    const member = new ConsumerScript().enter('t-0').on({ type: 'leave', leaveGroup: undefined }).subscribe('u');
    expect(member.take()).toEqual(['resolve', 'leave -1']);
    member.on({ type: 'left' });
    expect(member.take()).toEqual(['joining', 'beat 0']);
    expect(member.said).toMatchObject({ subscribedTopicNames: ['u'] });
  });

  it('says nothing more of a drain that ends while it leaves', () => {
    const member = new ConsumerScript().enter('t-0 t-1').beatDue().answer(1, 't-0');
    member.on({ type: 'leave', leaveGroup: undefined });
    member.take();
    member.drained(1);
    expect(member.take()).toEqual([]);
  });

  it('beats on and assigns nothing while the consumer drains to leave', () => {
    const member = new ConsumerScript().enter('t-0').on({ type: 'stopRebalancing' }).beatDue().answer(2, 't-1');
    expect(member.take()).toEqual(['beat 1 .']);
    member.beatDue();
    expect(member.take()).toEqual(['beat 2 .']);
    member.refuse(25);
    // lost all the same, and not joined again
    expect(member.take()).toEqual(['resolve', 'lost t-0']);
    member.on({ type: 'beatDue' });
    expect(member.take().filter((line) => line.startsWith('beat'))).toEqual([]);
  });
});

describe('without progress', () => {
  it('a dynamic member loses all and leaves, and joins again with progress', () => {
    const member = new ConsumerScript().enter('t-0').on({ type: 'expire' });
    expect(member.take()).toEqual(['resolve', 'lost t-0', 'leave -1']);
    member.on({ type: 'left' }).on({ type: 'beatDue' });
    expect(member.take()).toEqual([]);
    member.on({ type: 'progress' });
    expect(member.take()).toEqual(['joining', 'beat 0']);
  });

  it('a static member only falls silent', () => {
    const member = new ConsumerScript({ groupInstanceId: 'i' }).enter('t-0').on({ type: 'expire' });
    expect(member.take()).toEqual(['resolve', 'lost t-0']);
    member.on({ type: 'progress' });
    expect(member.take()).toEqual(['joining', 'beat 0']);
  });
});

function by(left: string, right: string): number {
  const order = ['assigned', 'resolve', 'stable', 'beat'];
  return order.indexOf(left.split(' ')[0]!) - order.indexOf(right.split(' ')[0]!);
}
