import { RecoveryWatch } from './recovery-watch.js';

/** Partitions 0 and 1 of brokers 1 and 2; two seconds of a healthy way are enough. */
function watching(): { watch: RecoveryWatch; at: (ms: number) => RecoveryWatch } {
  let now = 0;
  const watch = new RecoveryWatch([1, 2], 2000, () => now);
  const at = (ms: number): RecoveryWatch => {
    now = ms;
    return watch;
  };
  return { watch, at };
}

it('has nothing to say of a partition that is at work again before the next fault', () => {
  const { watch, at } = watching();
  at(1000).ends(1);
  at(1700).acknowledged(0, 5);
  at(3500).begins(1);
  expect([watch.violations, watch.longestMs, watch.excused]).toEqual([[], 700, 0]);
});

it('tells a partition that is not', () => {
  const { watch, at } = watching();
  at(1000).ends(2);
  at(1700).acknowledged(0, 5);
  at(3500).begins(2);
  expect(watch.violations).toEqual(['partition 1: nothing acknowledged for 2500 ms of a healthy way']);
});

it('counts from when the broker itself answers in time', () => {
  const { watch, at } = watching();
  at(1000).ends(1);
  at(1000).ends(2);
  at(2500).slow(1);
  at(3500).begins(1);
  expect([watch.violations, watch.excused]).toEqual([[], 1]);
  at(3500).begins(2);
  expect(watch.violations).toEqual(['partition 1: nothing acknowledged for 2500 ms of a healthy way']);
});

it('tells a partition that stands still although its broker has been answering for long enough', () => {
  const { watch, at } = watching();
  at(1000).ends(1);
  at(1500).slow(1);
  at(3500).begins(1);
  expect(watch.violations).toEqual(['partition 0: nothing acknowledged for 2000 ms of a healthy way']);
});

it('a slow broker is no excuse for what had been at work, nor for a failure with nothing after it', () => {
  const { watch, at } = watching();
  at(1000).ends(1);
  at(1200).acknowledged(0, 5);
  at(1300).slow(1);
  at(4000).failed(0, 6);
  watch.end();
  expect(watch.violations).toEqual(['partition 0: nothing was acknowledged after the failure of record 6']);
});
