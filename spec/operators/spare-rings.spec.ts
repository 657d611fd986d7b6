import { DeliveryRing } from '../../operators/internal/delivery-ring.js';
import { giveRing, takeRing } from '../../operators/internal/spare-rings.js';

/** Empty, after it has held so many. */
function used(count: number): DeliveryRing<number> {
  const ring = new DeliveryRing<number>();
  for (let at = 0; at < count; at++) ring.push(at, null);
  for (let at = 0; at < count; at++) ring.pop();
  return ring;
}

/** How many of these a run would get. */
function kept(rings: readonly DeliveryRing<number>[]): number {
  return rings.filter(() => rings.includes(takeRing())).length;
}

describe('rings of ended runs', () => {
  beforeEach(() => {
    // whatever other specs have left behind: 32,768 slots in rings of 256 at least
    for (let at = 0; at < 128; at++) takeRing();
  });

  it('serve the next run', () => {
    const ring = used(300);
    giveRing(ring);
    expect(takeRing()).toBe(ring);
    expect(takeRing()).not.toBe(ring);
  });

  it('leave something behind in which nothing is pending', () => {
    const ring = takeRing<number>();
    const rest = giveRing(ring);
    expect(rest).not.toBe(ring);
    expect([rest.length, rest.isPending(0)]).toEqual([0, false]);
  });

  it('are not kept while something is in them', () => {
    const ring = new DeliveryRing<number>();
    ring.push(1, null);
    giveRing(ring);
    expect(takeRing()).not.toBe(ring);
  });

  it('have 32,768 slots together at most, again and again', () => {
    for (let round = 0; round < 3; round++) {
      const rings = [16_384, 16_384, 256].map(used);
      for (const ring of rings) giveRing(ring);
      expect(kept(rings)).toBe(2);
    }
    const burst = used(32_769);
    giveRing(burst);
    expect(takeRing()).not.toBe(burst);
  });
});
