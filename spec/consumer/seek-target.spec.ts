import { checkPartition, checkSeek } from '../../src/consumer/seek-target.js';
import { InvalidOptionError } from '../../src/errors/usage-error.js';

const tp = { topic: 't', partition: 0 };

describe('checkSeek', () => {
  it.each([0, 5, 'beginning', 'end', 'committed', { timestamp: 0 }] as const)('accepts %p', (to) => {
    expect(() => {
      checkSeek(tp, to);
    }).not.toThrow();
  });

  it.each([-1, 1.5, NaN, Infinity, '5', 'start', null, undefined, {}, { timestamp: -1 }, { timestamp: 'x' }])(
    'refuses %p [CM16] [B120]',
    (to) => {
      expect(() => {
        checkSeek(tp, to as never);
      }).toThrow(InvalidOptionError);
    },
  );

  it.each([null, undefined, 't-0', {}, { topic: 't' }, { topic: '', partition: 0 }, { topic: 't', partition: '0' }])(
    'refuses %p as a partition [B120] [CM17] [CM18]',
    (bad) => {
      expect(() => {
        checkPartition(bad);
      }).toThrow(InvalidOptionError);
    },
  );
});
