import { openMembership as open, type OpenMembership } from '../../src/consumer/open-membership.js';
import type { ConsumerCoreOptions } from '../../src/consumer/consumer-ports.js';
import { UsageError } from '../../src/errors/usage-error.js';
import { resolveConsumerOptions } from '../../src/observables/consumer-options.js';
import { CheckingHost } from './group/support/checking-host.js';
import { FakeMetadataCluster, RecordingHost } from './group/support/fake-metadata.js';
import { joinResponse } from './group/support/member.js';
import { ScriptedCluster } from './group/support/scripted-cluster.js';
import { encodeAssignment } from '../../src/consumer/group/subscription-codec.js';

const openMembership = (
  cluster: Parameters<typeof open>[0],
  given: ConsumerCoreOptions,
  host: Parameters<typeof open>[3],
): OpenMembership => open(cluster, given, given.selection, host);
const options = (given: object): ConsumerCoreOptions => resolveConsumerOptions(given);

function inGroup(given: object = {}): [ScriptedCluster, CheckingHost, OpenMembership] {
  const cluster = new ScriptedCluster();
  cluster.topic('t', 2);
  const host = new CheckingHost();
  return [cluster, host, openMembership(cluster.cluster, options({ topics: 't', groupId: 'g', ...given }), host)];
}

/** A member with both partitions. */
function joined(given: object = {}): ReturnType<typeof inGroup> {
  const [cluster, host, membership] = inGroup(given);
  membership.start();
  cluster.advance();
  cluster.only('JoinGroup').reply(joinResponse(cluster.only('JoinGroup'), 3));
  cluster.advance();
  const assignment = encodeAssignment([0, 1].map((partition) => ({ topic: 't', partition })));
  cluster.only('SyncGroup').reply({ errorCode: 0, assignment });
  cluster.advance();
  host.take();
  return [cluster, host, membership];
}

describe('topics with a group', () => {
  it('join with what the options say, and not in the stack of start', () => {
    const [cluster, host, membership] = inGroup({ groupInstanceId: 'i', clientRack: 'r', sessionTimeoutMs: 9000 });
    membership.start();
    expect([host.take(), cluster.calls]).toEqual([[], []]);
    cluster.advance();
    expect(cluster.only('JoinGroup').body).toMatchObject({
      groupId: 'g',
      groupInstanceId: 'i',
      sessionTimeoutMs: 9000,
      rebalanceTimeoutMs: 60_000,
      protocols: [{ name: 'cooperative-sticky' }],
    });
    expect(cluster.only('JoinGroup').options.timeoutMs).toBe(65_000);
  });

  it('commit as the member they are, on the connection that no join can block', () => {
    const [cluster, , membership] = joined();
    expect(membership.identity()).toEqual({ groupId: 'g', generation: 3, memberId: 'm1', groupInstanceId: null });
    const cursor = { topic: 't', partition: 1, epoch: 1, commitValue: { offset: 9, leaderEpoch: 4 } };
    membership.committer!.add(cursor, null);
    membership.committer!.commitNow([cursor], () => undefined);
    membership.committed!.fetch([{ topic: 't', partition: 0 }], () => undefined);
    cluster.advance();
    const commit = cluster.only('OffsetCommit');
    expect(commit.body).toMatchObject({ groupId: 'g', generationIdOrMemberEpoch: 3, memberId: 'm1' });
    expect([commit.purpose, cluster.only('OffsetFetch').purpose]).toEqual(['group', 'group']);
  });

  it('keep their heartbeats and give up their joins once a shutdown has begun, then leave', () => {
    const [cluster, host, membership] = joined();
    membership.stopRebalancing();
    for (let beats = 0; beats < 3; beats++) {
      cluster.advance(3000);
      cluster.only('Heartbeat').reply({ errorCode: 27 });
      cluster.advance();
    }
    expect([cluster.count('JoinGroup'), host.take()]).toEqual([1, []]);
    const done = jest.fn();
    membership.leave({ leaveGroup: undefined }, done);
    cluster.advance();
    cluster.only('LeaveGroup').reply({ errorCode: 0, members: [] });
    cluster.advance();
    expect(done).toHaveBeenCalledTimes(1);
  });

  it('lose everything on expire and join again on progress', () => {
    const [cluster, host, membership] = joined();
    membership.expire();
    cluster.advance();
    expect(host.take()).toEqual(['lost t-0 t-1']);
    expect(cluster.count('LeaveGroup')).toBe(1);
    cluster.advance(60_000);
    expect([cluster.count('JoinGroup'), cluster.open('Heartbeat')]).toEqual([1, []]);
    membership.progress();
    cluster.advance();
    expect(cluster.count('JoinGroup')).toBe(2);
  });

  it('[D#1019] fail when a topic may not be read, and hold nothing afterwards', () => {
    const cluster = new FakeMetadataCluster();
    const host = new RecordingHost();
    const given = options({ topics: 't', groupId: 'g', allowAutoCreateTopics: false });
    const membership = openMembership(cluster.cluster, given, host);
    cluster.set('t', 0, 29);
    membership.start();
    cluster.publish();
    expect(host.take()).toEqual(['failed']);
    expect(host.error).toMatchObject({ errorCode: 29, topic: 't' });
    expect([cluster.listeners, cluster.released]).toEqual([0, cluster.retained.length]);
    expect(cluster.retained.some(({ autoCreate }) => autoCreate === true)).toBe(false);
    membership.close();
  });
});

it.each([{ topics: 't', groupId: 'g' }, { topics: 't' }, { partitions: [{ topic: 't', partition: 0 }], groupId: 'g' }])(
  'a topic that is refused during the drain of a shutdown does not end it: %j',
  (given) => {
    const cluster = new FakeMetadataCluster();
    const host = new RecordingHost();
    const membership = openMembership(cluster.cluster, options(given), host);
    cluster.set('t', 1);
    membership.start();
    cluster.publish();
    host.take();
    membership.stopRebalancing();
    cluster.set('t', 0, 29);
    cluster.publish();
    expect(host.take()).toEqual([]);
    expect(cluster.released).toBe(0);
    membership.close();
  },
);

describe('topics without a group', () => {
  it('have nothing to commit to, no identity, and nobody to leave', () => {
    const cluster = new FakeMetadataCluster();
    const host = new RecordingHost();
    const membership = openMembership(cluster.cluster, options({ topics: ['a'] }), host);
    expect([membership.committer, membership.committed]).toEqual([null, null]);
    expect(() => membership.identity()).toThrow(UsageError);
    cluster.set('a', 1);
    membership.start();
    cluster.publish();
    expect(host.take()).toEqual(['assigned [a-0] of [a-0]', 'stable']);
    expect(cluster.retained).toEqual([{ topics: ['a'], autoCreate: true }]);
    membership.expire();
    membership.progress();
    const done = jest.fn();
    membership.leave({ leaveGroup: true }, done);
    expect(done).not.toHaveBeenCalled();
    cluster.runtime.advance(1);
    expect(done).toHaveBeenCalledTimes(1);
    expect(host.take()).toEqual([]);
    membership.close();
    expect([cluster.listeners, cluster.released]).toEqual([0, 1]);
  });
});

describe('partitions chosen by hand', () => {
  const partitions = [{ topic: 't', partition: 1, offset: 3 }];

  it('commit to their group without being a member of it', () => {
    const cluster = new ScriptedCluster();
    cluster.topic('t', 2);
    const host = new CheckingHost();
    const membership = openMembership(cluster.cluster, options({ partitions, groupId: 'g' }), host);
    membership.start();
    cluster.advance();
    expect(host.take()).toEqual(['assigned t-1', 'stable']);
    expect(membership.identity()).toEqual({ groupId: 'g', generation: -1, memberId: '', groupInstanceId: null });
    const cursor = { topic: 't', partition: 1, epoch: 1, commitValue: { offset: 9, leaderEpoch: 4 } };
    membership.committer!.add(cursor, null);
    membership.committer!.commitNow(null, () => undefined);
    cluster.advance(100_000);
    expect(cluster.calls.map(({ api }) => api)).not.toContain('JoinGroup');
    expect(cluster.calls[0]!.body).toMatchObject({ groupId: 'g', generationIdOrMemberEpoch: -1, memberId: '' });
    membership.close();
    expect([cluster.retained, cluster.poolsClosed]).toEqual([[], ['group']]);
  });

  it('have no committer without a group', () => {
    const cluster = new ScriptedCluster();
    const membership = openMembership(cluster.cluster, options({ partitions }), new CheckingHost());
    expect([membership.committer, membership.committed]).toEqual([null, null]);
    expect(() => membership.identity()).toThrow(UsageError);
    membership.close();
  });
});
