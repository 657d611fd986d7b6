import { range } from '../../../../src/consumer/group/assignors/range.js';
import { member, partitions, shown } from './support.js';

describe('range', () => {
  it('[B170] gives neighbouring partitions of each topic, the first members one more', () => {
    const members = [member('C1', ['t0', 't1']), member('C0', ['t0', 't1'])];
    expect(shown(range.assign(members, partitions({ t0: 3, t1: 3 })))).toEqual({
      C0: 't0p0 t0p1 t1p0 t1p1',
      C1: 't0p2 t1p2',
    });
  });

  it('counts only the members that subscribed to the topic', () => {
    const members = [member('C0', ['t0']), member('C1', ['t0', 't1']), member('C2', ['t1'])];
    expect(shown(range.assign(members, partitions({ t0: 2, t1: 2 })))).toEqual({
      C0: 't0p0',
      C1: 't0p1 t1p0',
      C2: 't1p1',
    });
  });

  it('has an empty list for members that get nothing, and leaves out topics that do not exist', () => {
    const members = [member('C0', ['t0', 'gone']), member('C1', ['t0']), member('C2', ['gone'])];
    expect(shown(range.assign(members, partitions({ t0: 1 })))).toEqual({ C0: 't0p0', C1: '', C2: '' });
  });

  it('serves static members first, by instance id, so that a restart changes nothing', () => {
    const before = [
      member('z', ['t0'], { groupInstanceId: 'i1' }),
      member('y', ['t0'], { groupInstanceId: 'i2' }),
      member('a', ['t0']),
    ];
    const after = before.map((one) => (one.groupInstanceId === 'i1' ? { ...one, memberId: 'zz' } : one));
    expect(shown(range.assign(before, partitions({ t0: 3 })))).toEqual({ z: 't0p0', y: 't0p1', a: 't0p2' });
    expect(shown(range.assign([...before].reverse(), partitions({ t0: 3 })))).toEqual({
      z: 't0p0',
      y: 't0p1',
      a: 't0p2',
    });
    expect(shown(range.assign(after, partitions({ t0: 3 })))).toEqual({ zz: 't0p0', y: 't0p1', a: 't0p2' });
  });

  it('counts a topic once that a member names twice', () => {
    const members = [member('C0', ['t0', 't0']), member('C1', ['t0'])];
    expect(shown(range.assign(members, partitions({ t0: 4 })))).toEqual({ C0: 't0p0 t0p1', C1: 't0p2 t0p3' });
  });
});
