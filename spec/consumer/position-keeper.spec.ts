import { OffsetResetError } from '../../src/errors/client-errors.js';
import { batchBytes } from './support/batches.js';
import { PositionBench, type PositionBenchOptions } from './support/position-bench.js';

const at = (offset: number) => ({ topic: 't', partition: 0, offset });
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Ten records, read from the start up to where it says. */
function bench(options: PositionBenchOptions = {}): PositionBench {
  const made = new PositionBench(options);
  made.log.fill(10);
  made.at(0);
  return made;
}
const discontinuities = (of: PositionBench): unknown[] =>
  of.events.filter(({ type }) => type === 'discontinuity').map((event) => ({ ...event, type: undefined }));

describe('seek', () => {
  it.each([
    [7, 7],
    ['beginning', 2],
    ['end', 12],
    [{ timestamp: 5 }, 12],
    ['committed', 4],
  ] as const)('goes to %p', (target, offset) => {
    const made = new PositionBench({ committed: [at(4)] });
    made.log.logStart = 2;
    made.log.fill(10);
    made.at(2);
    made.advance();
    made.sink.records.length = 0;
    made.seek(target);
    // the long poll at the old position has to end first
    made.advance(700);
    expect([made.sought, made.sink.offsets]).toEqual([[offset], range(offset, 12)]);
    expect(discontinuities(made)).toMatchObject([{ from: 12, to: offset, reason: 'seek' }]);
  });

  it('delivers nothing from before it, not even while its target is looked up [C11]', () => {
    const made = bench();
    made.flow.brokers.latencyMs = 20;
    made.sink.onNext = (record) => {
      record.lease.ack();
      if (record.offset === 2) made.seek({ timestamp: -1 });
    };
    made.advance(200);
    expect([made.sink.offsets, made.sought]).toEqual([[0, 1, 2], [10]]);
  });

  it('lets the last one win, whatever answers first, and tells all of them where it went [C11]', () => {
    const made = bench();
    made.advance();
    made.seek('end');
    made.seek('beginning');
    made.advance(700);
    expect([made.sought, made.held.cursor.position, made.sink.offsets.slice(10)]).toEqual([[0, 0], 10, range(0, 10)]);
    made.sought.length = 0;
    made.seek('beginning');
    made.seek(8);
    made.advance(700);
    expect([made.sought.sort(), made.sink.offsets.slice(20)]).toEqual([
      [8, 8],
      [8, 9],
    ]);
  });

  it('wins over a start position that is still looked up [D#796]', () => {
    const made = new PositionBench({ policy: 'none', committed: [] });
    made.log.fill(10);
    made.open();
    made.seek('beginning');
    made.activate();
    made.advance();
    expect([made.failures, made.sought, made.sink.offsets]).toEqual([[], [0], range(0, 10)]);
  });

  it('goes on where it stood when nobody wants the seek any more', () => {
    const made = bench();
    let cancel = (): void => undefined;
    made.sink.onNext = (record) => {
      record.lease.ack();
      if (record.offset === 2) cancel = made.seek('end');
    };
    made.flow.brokers.latencyMs = 30;
    made.advance(50);
    expect(made.held.cursor.pauseReasons).toEqual(new Set(['seek']));
    cancel();
    made.advance(200);
    expect([made.sink.offsets, made.sought, discontinuities(made)]).toEqual([range(0, 10), [], []]);
  });

  it('goes where the policy says without a commit, and to a committed 0 [D#1003] [CM19]', () => {
    const made = bench({ policy: 'latest', committed: [] });
    made.advance();
    made.seek('committed');
    made.advance();
    made.committed!.offsets = [at(0)];
    made.seek('committed');
    made.advance();
    expect(made.sought).toEqual([10, 0]);
  });

  it('to the committed offset is a usage error without a group [CM19]', () => {
    const made = bench();
    made.seek('committed');
    made.advance();
    expect(made.sought).toEqual([expect.stringMatching('groupId')]);
    expect(made.held.cursor.pauseReasons.size).toBe(0);
  });

  it('ends a reset that is under way, and is not undone by it', () => {
    const made = bench({ policy: 'latest' });
    made.advance();
    made.flow.brokers.latencyMs = 20;
    made.keeper.invalid(made.held, 'outOfRange');
    made.seek(4);
    made.advance(700);
    expect(made.sink.offsets.slice(10)).toEqual(range(4, 10));
  });

  it('that is pending keeps an offset out of range from failing the consumer under none', () => {
    const made = bench({ policy: 'none' });
    made.advance();
    made.seek('beginning');
    made.keeper.invalid(made.held, 'outOfRange');
    made.advance(700);
    expect([made.failures, made.sink.offsets.length]).toEqual([[], 20]);
    made.seek('end')();
    made.keeper.invalid(made.held, 'outOfRange');
    made.advance();
    expect(made.failures).toHaveLength(1);
  });

  it('is answered when the partition is given up', () => {
    const made = bench();
    made.advance();
    made.seek('end');
    made.held.state = 'ended';
    made.keeper.ended(made.held);
    made.advance();
    made.seek(3);
    made.advance();
    expect(made.sought).toEqual([expect.stringMatching('given up'), expect.stringMatching('given up')]);
  });
});

describe('position', () => {
  it('waits until it is known, and through a seek [CM12]', () => {
    const made = new PositionBench();
    made.log.fill(10);
    made.position();
    made.advance();
    expect(made.positions).toEqual([]);
    made.at(4);
    made.advance();
    expect(made.positions).toEqual([4]);
    made.seek('beginning');
    made.position();
    made.advance();
    expect(made.positions).toEqual([4, 0]);
    made.advance(700);
    made.position();
    made.advance();
    expect(made.positions).toEqual([4, 0, 10]);
  });

  it('is answered when the partition ends before it had one', () => {
    const made = new PositionBench();
    made.position();
    made.keeper.ended(made.held);
    made.advance();
    expect(made.positions).toEqual([expect.stringMatching('given up')]);
  });
});

describe('an offset out of range', () => {
  it('is reset by the policy, again and again until the look-up is answered [C10] [D#718] [D#261]', () => {
    const made = bench();
    made.advance();
    made.log.batches.length = 0;
    made.log.logStart = 20;
    made.flow.brokers.listErrors = [5, 6, 3];
    made.advance(5000);
    made.log.fill(2);
    made.flow.brokers.appended();
    made.advance(1000);
    expect(made.sink.offsets.slice(10)).toEqual([20, 21]);
    expect(discontinuities(made)).toMatchObject([{ from: 10, to: 20, reason: 'reset' }]);
  });

  it('fails under none with topic, partition and offset [C10] [C28] [ER16]', () => {
    const made = bench({ policy: 'none' });
    made.advance();
    made.log.batches.length = 0;
    made.log.logStart = 20;
    made.advance(2000);
    expect(made.failures).toMatchObject([{ topic: 't', partition: 0, offset: 10 }]);
    expect(made.failures[0]).toBeInstanceOf(OffsetResetError);
  });
});

/** The leader that follows has only the first five records of what was read under epoch 1. */
function truncate(made: PositionBench, leaves: number): void {
  Object.assign(made.log, { leader: 2, epoch: 2 });
  made.log.epochEnds.set(1, leaves);
  made.log.batches.length = 0;
  made.log.append(batchBytes({ base: 0, records: range(0, leaves).map(String), leaderEpoch: 1 }));
  made.flow.brokers.learn();
  made.flow.brokers.update();
}

describe('truncation (KIP-320)', () => {
  it('goes back to the first offset that differs, and says which', () => {
    const made = bench();
    made.advance();
    truncate(made, 5);
    made.log.fill(2);
    made.advance(700);
    expect([made.sink.offsets.slice(10), made.sink.values.slice(10)]).toEqual([
      [5, 6],
      ['5', '6'],
    ]);
    expect(discontinuities(made)).toMatchObject([{ from: 10, to: 5, reason: 'truncated', truncatedAt: 5 }]);
  });

  it('delivers again what was not settled below it: nothing that is still in the log is lost', () => {
    const made = bench({ windowRecords: 8 });
    made.acking = false;
    made.advance();
    expect(made.sink.offsets).toEqual(range(0, 8));
    made.sink.records.slice(0, 3).forEach((record) => record.lease.ack());
    made.acking = true;
    truncate(made, 6);
    made.advance(700);
    expect(discontinuities(made)).toMatchObject([{ to: 3, reason: 'truncated', truncatedAt: 6 }]);
    expect(made.sink.offsets.slice(-3)).toEqual([3, 4, 5]);
  });

  it('drops only the buffer when nothing behind it was delivered: leases stay, no event', () => {
    const made = bench({ windowRecords: 3 });
    made.acking = false;
    made.advance();
    truncate(made, 5);
    made.log.fill(1);
    made.advance(700);
    expect(discontinuities(made)).toEqual([]);
    made.acking = true;
    expect(made.sink.records.map((record) => record.lease.ack())).toEqual(['accepted', 'accepted', 'accepted']);
    made.advance(700);
    expect([made.sink.offsets, made.sink.values[5]]).toEqual([range(0, 6), '5']);
  });

  it('fails under none with the first offset that differs', () => {
    const made = bench({ policy: 'none' });
    made.advance();
    truncate(made, 5);
    made.advance(700);
    expect(made.failures).toMatchObject([{ topic: 't', partition: 0, offset: 5 }]);
  });

  it('validates a restored position, and resets one of an epoch that the leader has never seen', () => {
    const made = new PositionBench({ policy: 'earliest' });
    made.log.fill(10);
    made.open([{ topic: 't', partition: 0, offset: 6, leaderEpoch: 9 }]);
    made.advance(300);
    expect([made.sink.offsets, discontinuities(made)]).toMatchObject([
      range(0, 10),
      [{ from: 6, to: 0, reason: 'truncated' }],
    ]);
    const valid = new PositionBench();
    valid.log.epoch = 3;
    valid.log.epochEnds.set(2, 8);
    valid.log.fill(10);
    valid.flow.brokers.learn();
    valid.flow.brokers.update();
    valid.open([{ topic: 't', partition: 0, offset: 6, leaderEpoch: 2 }]);
    valid.advance(300);
    expect([valid.sink.offsets, valid.flow.brokers.listed.length]).toEqual([range(6, 10), 1]);
  });
});

describe('a topic that was created anew', () => {
  it.each(['earliest', 'latest'] as const)('is read from its beginning under %s, in a new delivery epoch', (policy) => {
    const made = bench({ policy });
    made.advance();
    const epoch = made.held.cursor.deliveryEpoch;
    const [log] = made.flow.brokers.recreate('t');
    log!.fill(2);
    made.advance(700);
    expect(made.sink.offsets.slice(10)).toEqual([0, 1]);
    expect(discontinuities(made)).toMatchObject([{ from: 10, to: 0, reason: 'recreated' }]);
    expect(made.held.cursor.deliveryEpoch).toBeGreaterThan(epoch);
  });

  it('fails under none', () => {
    const made = bench({ policy: 'none' });
    made.advance();
    made.flow.brokers.recreate('t');
    made.advance(700);
    expect(made.failures).toHaveLength(1);
  });
});

describe('caughtUp', () => {
  const told = (made: PositionBench): number => made.events.filter(({ type }) => type === 'caughtUp').length;

  it('comes once, when what was there at the beginning is settled, also while more arrives', () => {
    const made = bench({ windowRecords: 4 });
    made.acking = false;
    made.advance();
    made.log.fill(90);
    const settle = (): void => {
      made.sink.records.forEach((record) => record.lease.ack());
      made.advance(5);
    };
    settle();
    settle();
    expect([made.sink.records.length >= 10, told(made)]).toEqual([true, 0]);
    settle();
    expect(told(made)).toBe(1);
    made.acking = true;
    settle();
    made.advance(1000);
    expect([made.sink.records.length, told(made)]).toEqual([100, 1]);
  });

  it('comes for a partition without records, and again after a seek, but not after a rewind', () => {
    const made = new PositionBench();
    made.at(0);
    made.advance(700);
    expect(told(made)).toBe(1);
    made.log.fill(3);
    made.seek('beginning');
    made.advance(700);
    expect(told(made)).toBe(2);
    made.keeper.rewind(made.held);
    made.advance(700);
    expect(told(made)).toBe(2);
  });
});
