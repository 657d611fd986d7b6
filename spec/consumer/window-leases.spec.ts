import { LeaseTracker } from '../../src/consumer/lease-tracker.js';

const wide = { windowRecords: 1000, windowBytes: 1_000_000 };

/** A tracker with records delivered at these offsets, sequences from 0. */
function delivered(offsets: readonly number[], limits = wide): LeaseTracker {
  const tracker = new LeaseTracker(limits, 0, -1, () => undefined);
  for (const offset of offsets) {
    tracker.nextOffset = offset + 1;
    tracker.deliver(offset, 10, 0, 5);
  }
  return tracker;
}

const listener = { fenced: (): void => undefined };

describe('leases in the window of a transaction', () => {
  it('[L13] count as open: for the drain, for the credit and for the commit value', () => {
    const tracker = delivered([0, 1, 2], { windowRecords: 3, windowBytes: 1000 });
    expect(tracker.window.enter(0, 3)).toBe('held');
    for (const seq of [0, 1, 2]) expect(tracker.ack(seq)).toBe('accepted');
    expect([tracker.open, tracker.taken, tracker.bytes, tracker.hasCredit]).toEqual([3, 3, 30, false]);
    expect([tracker.commitOffset, tracker.window.value]).toEqual([0, { offset: 3, leaderEpoch: 5 }]);
    expect(tracker.oldestOpen).toMatchObject({ offset: 0 });
  });

  it('are marked by what settles them, once, alone or as a range', () => {
    const tracker = delivered([0, 1, 2, 3]);
    tracker.window.enter(0, 4);
    expect([tracker.ack(0), tracker.ack(0), tracker.release(0)]).toEqual(['accepted', 'duplicate', 'duplicate']);
    expect([tracker.ackRange(1, 3), tracker.rangeAnswer(1, 3, true), tracker.rangeState(1, 3)]).toEqual([
      0,
      'accepted',
      'acked',
    ]);
    expect(tracker.window.released).toBe(false);
    expect([tracker.release(3), tracker.state(3), tracker.window.released]).toEqual(['accepted', 'released', true]);
    expect([tracker.open, tracker.released]).toEqual([4, 0]);
  });

  it('enter behind what is acknowledged or in the window, and wait for what is still under way', () => {
    const tracker = delivered([0, 1, 2, 3]);
    let told = 0;
    expect(tracker.window.enter(2, 3, () => told++)).toBe('early');
    expect(tracker.window.awaited).toBe(true);
    expect(tracker.window.enter(0, 1)).toBe('held');
    tracker.ack(1);
    tracker.told();
    expect([told, tracker.window.awaited]).toEqual([1, false]);
    expect(tracker.window.enter(2, 3)).toBe('held');
    expect([tracker.window.value.offset, tracker.commitOffset]).toEqual([3, 0]);
  });

  it('do not enter behind a released record, done, fenced, or twice', () => {
    const behind = delivered([0, 1]);
    behind.release(0);
    expect(behind.window.enter(1, 2)).toBe('blocked');
    const done = delivered([0, 1]);
    done.ack(1);
    done.window.enter(0, 1);
    expect([done.window.enter(1, 2), done.window.enter(0, 1)]).toEqual(['settled', 'settled']);
    const gone = delivered([0]);
    gone.fence();
    expect(gone.window.enter(0, 1)).toBe('fenced');
  });

  it('leave open again, and the value of the window goes back to what is before them', () => {
    const tracker = delivered([0, 1, 2]);
    tracker.window.enter(0, 1);
    tracker.window.enter(1, 3);
    expect(tracker.window.value.offset).toBe(3);
    tracker.window.leave(1, 3);
    expect([tracker.state(1), tracker.window.value.offset]).toEqual(['open', 1]);
    expect(tracker.ack(1)).toBe('accepted');
    expect(tracker.open).toBe(2);
  });

  it('use up the window when there is no credit and nothing is open outside', () => {
    const tracker = delivered([0, 1, 2], { windowRecords: 3, windowBytes: 1000 });
    tracker.window.enter(0, 2);
    expect(tracker.window.exhausted).toBe(false);
    tracker.window.enter(2, 3);
    expect(tracker.window.exhausted).toBe(true);
  });

  it('dissolve into open ones, whatever their marks said; what was acknowledged outside stays done', () => {
    const tracker = delivered([0, 1, 2, 3]);
    tracker.window.listener = listener;
    tracker.ack(1);
    tracker.window.enter(0, 3);
    tracker.ack(0);
    tracker.release(2);
    expect([tracker.windowed, tracker.window.dissolve()]).toEqual([true, [0, 3]]);
    expect([tracker.windowed, tracker.window.released]).toEqual([false, false]);
    expect([0, 1, 2, 3].map((seq) => tracker.state(seq))).toEqual(['open', 'acked', 'open', 'open']);
    expect(tracker.ackRange(0, 3)).toBe(2);
    expect([tracker.open, tracker.commitOffset]).toEqual([1, 3]);
  });

  it('[L28] are fenced with their epoch, which the window hears, and dissolve into nothing', () => {
    const tracker = delivered([0, 1]);
    let heard = 0;
    tracker.window.listener = { fenced: () => heard++ };
    tracker.window.enter(0, 2);
    tracker.ack(0);
    expect(tracker.fence()).toBe(2);
    expect([heard, tracker.open, tracker.state(0)]).toEqual([1, 0, 'fenced']);
    tracker.window.dissolve();
    expect([tracker.state(0), tracker.open, tracker.ack(1)]).toEqual(['fenced', 0, 'fenced']);
  });

  it('keep the gaps behind them in the value, as the owner moves over them', () => {
    const tracker = delivered([0, 5]);
    tracker.window.enter(0, 2);
    tracker.nextOffset = 12;
    expect([tracker.window.value.offset, tracker.commitOffset]).toEqual([12, 0]);
  });
});
