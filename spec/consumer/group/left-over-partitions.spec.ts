import { encodeAssignment } from '../../../src/consumer/group/subscription-codec.js';
import { tps } from './support/checking-host.js';
import { leads, Member } from './support/member.js';

/** A static leader that has come back and has `t-0` of the topic's four partitions. */
function returned(): Member {
  const member = new Member({ groupInstanceId: 'i1' });
  member.membership.subscribe(['t']);
  member.advance();
  member.joined(5, { ...leads(member.join), memberId: 'm1', leader: 'm1', skipAssignment: true });
  member.synced('t-0');
  return member;
}

function described(...assignments: readonly string[]): object {
  const members = assignments.map((assignment) => ({ memberAssignment: encodeAssignment(tps(assignment)) }));
  return { groups: [{ errorCode: 0, groupState: 'Stable', members }] };
}

function refused(errorCode: number): object {
  return { groups: [{ errorCode, groupState: '', members: [] }] };
}

describe('a static leader that comes back', () => {
  it('joins again when a partition belongs to nobody: it was added while no leader was there', () => {
    const member = returned();
    member.cluster.only('DescribeGroups').reply(described('t-0', 't-1 t-3'));
    member.advance();
    expect(member.join.body).toMatchObject({ reason: 'partitions of subscribed topics changed' });
  });

  it('keeps the assignment when every partition has its owner', () => {
    const member = returned();
    expect(member.cluster.only('DescribeGroups').body).toMatchObject({ groups: ['g'] });
    member.cluster.only('DescribeGroups').reply(described('t-0', 't-1 t-3', 't-2'));
    member.advance(10_000);
    expect(member.cluster.count('JoinGroup')).toBe(1);
    expect(member.cluster.count('DescribeGroups')).toBe(1);
  });

  it('does nothing while the group settles its assignment, or one of it cannot be read', () => {
    for (const answer of [
      { groups: [{ errorCode: 0, groupState: 'PreparingRebalance', members: [] }] },
      { groups: [{ errorCode: 0, groupState: 'Stable', members: [{ memberAssignment: Uint8Array.of(0, 0, 9) }] }] },
    ]) {
      const member = returned();
      member.cluster.only('DescribeGroups').reply(answer);
      member.advance(10_000);
      expect(member.cluster.count('JoinGroup')).toBe(1);
    }
  });

  it('asks again after a refusal that passes, and not after one that stays', () => {
    const member = returned();
    member.cluster.only('DescribeGroups').reply(refused(14));
    member.advance(2000);
    member.cluster.only('DescribeGroups').reply(described('t-0'));
    member.advance();
    expect(member.cluster.count('JoinGroup')).toBe(2);
    const unauthorized = returned();
    unauthorized.cluster.only('DescribeGroups').reply(refused(30));
    unauthorized.advance(10_000);
    expect(unauthorized.cluster.count('DescribeGroups')).toBe(1);
    expect(unauthorized.cluster.count('JoinGroup')).toBe(1);
  });

  it('does not ask again once it has left', () => {
    const member = returned();
    member.cluster.only('DescribeGroups').reply(refused(14));
    member.membership.leave({ leaveGroup: true }, () => undefined);
    member.advance(10_000);
    expect(member.cluster.count('DescribeGroups')).toBe(1);
  });
});
