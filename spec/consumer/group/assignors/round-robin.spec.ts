import { roundRobin } from '../../../../src/consumer/group/assignors/round-robin.js';
import { member, partitions, shown } from './support.js';

describe('roundRobin', () => {
  it('[AS1, AS2] deals all partitions in order to the members in order', () => {
    const members = [member('C1', ['t0', 't1']), member('C0', ['t1', 't0'])];
    expect(shown(roundRobin.assign(members, partitions({ t1: 3, t0: 3 })))).toEqual({
      C0: 't0p0 t0p2 t1p1',
      C1: 't0p1 t1p0 t1p2',
    });
  });

  it('[AS3] passes over members that did not subscribe to the topic', () => {
    const members = [member('C0', ['t0']), member('C1', ['t0', 't1']), member('C2', ['t0', 't1', 't2'])];
    expect(shown(roundRobin.assign(members, partitions({ t0: 1, t1: 2, t2: 3 })))).toEqual({
      C0: 't0p0',
      C1: 't1p0',
      C2: 't1p1 t2p0 t2p1 t2p2',
    });
  });

  it('[AS1] differs by at most one under equal subscriptions', () => {
    const members = Array.from({ length: 7 }, (_, index) => member(`m${index}`, ['a', 'b']));
    const sizes = [...roundRobin.assign(members, partitions({ a: 13, b: 11 })).values()].map((list) => list.length);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(24);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  it('gives nothing where nobody subscribed to anything that exists', () => {
    expect(shown(roundRobin.assign([member('C0', ['gone'])], partitions({ t0: 2 })))).toEqual({ C0: '' });
    expect(shown(roundRobin.assign([member('C0', [])], partitions({ t0: 2 })))).toEqual({ C0: '' });
  });
});
