import { advanceSequence, isBehind, sequenceLimit } from '../../src/producer/sequence.js';

describe('sequence numbers', () => {
  it.each([0, 7, sequenceLimit - 3, sequenceLimit - 1])(
    'keep their order from %d on, also where they begin anew',
    (base) => {
      const next = advanceSequence(base, 5);
      expect([isBehind(next, base), isBehind(base, next), isBehind(base, base)]).toEqual([true, false, false]);
    },
  );
});
