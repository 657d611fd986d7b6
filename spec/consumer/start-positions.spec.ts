import { BrokerError } from '../../src/errors/broker-error.js';
import { OffsetResetError } from '../../src/errors/client-errors.js';
import { PositionBench } from './support/position-bench.js';

const at = (offset: number, leaderEpoch?: number) => ({ topic: 't', partition: 0, offset, leaderEpoch });

describe('StartPositions', () => {
  it.each([
    ['earliest', 3],
    ['latest', 10],
  ] as const)('starts where the policy says without a committed offset: %s [C10] [CO14]', (policy, offset) => {
    const bench = new PositionBench({ policy, committed: [] });
    bench.log.logStart = 3;
    bench.log.fill(7);
    bench.open();
    bench.advance(10);
    expect([bench.held.cursor.position < 0, bench.chosen.map(([start]) => start?.offset)]).toEqual([false, [offset]]);
    expect(bench.held.fromReset).toBe(true);
  });

  it('asks for the first record of an age by the wall clock (KIP-1106) [C10]', () => {
    const bench = new PositionBench({ policy: { durationMs: 60_000 } });
    bench.open();
    bench.advance(10);
    expect(bench.flow.brokers.listed[0]?.topics).toMatchObject([
      { partitions: [{ timestamp: 1_700_000_000_000 - 60_000 }] },
    ]);
  });

  it('fails without a committed offset under none, and says what to do [C10] [ER8]', () => {
    const bench = new PositionBench({ policy: 'none', committed: [] });
    bench.open();
    bench.advance(10);
    expect(bench.failures).toHaveLength(1);
    expect(bench.failures[0]).toBeInstanceOf(OffsetResetError);
    expect(bench.failures[0]?.message).toMatch(/t-0.*commit a start offset/);
  });

  it('takes a committed 0 for an offset [C10] [D#1003]', () => {
    const bench = new PositionBench({ policy: 'latest', committed: [at(0)] });
    bench.log.fill(5);
    bench.open();
    bench.advance(10);
    expect([bench.sink.offsets, bench.held.fromReset]).toEqual([[0, 1, 2, 3, 4], false]);
  });

  it('asks the store of the user first, then the group for the rest, then the policy [C12]', () => {
    const bench = new PositionBench({ policy: 'none', committed: [at(4)], stored: [at(2)] });
    bench.log.fill(5);
    bench.open();
    bench.advance(10);
    expect([bench.stored?.asked, bench.committed?.asked, bench.sink.offsets]).toEqual([[['t-0']], [], [2, 3, 4]]);
    const without = new PositionBench({ committed: [at(4)], stored: [] });
    without.log.fill(5);
    without.open();
    without.advance(10);
    expect([without.committed?.asked, without.sink.offsets]).toEqual([[['t-0']], [4]]);
  });

  it('does not guess when the store fails [C12] [D#R10]', () => {
    const bench = new PositionBench({ committed: [at(4)], stored: [] });
    bench.stored!.error = new BrokerError(1, 'store is down');
    bench.open();
    bench.advance(10);
    expect([bench.failures.map(({ message }) => message), bench.committed?.asked]).toEqual([
      [bench.stored!.error.message],
      [],
    ]);
    expect(bench.held.cursor.position).toBe(-1);
  });

  it('lets an offset that was given with the partition stand over store and group', () => {
    const bench = new PositionBench({ committed: [at(4)], stored: [at(2)] });
    bench.log.fill(5);
    bench.at(3);
    bench.advance(10);
    expect([bench.sink.offsets, bench.stored?.asked, bench.committed?.asked]).toEqual([[3, 4], [], []]);
  });

  it('lets a seek stand that came while the start was looked up [C11]', () => {
    const bench = new PositionBench({ policy: 'latest', committed: [] });
    bench.log.fill(5);
    bench.open();
    bench.seek(1);
    bench.advance(10);
    expect(bench.sink.offsets).toEqual([1, 2, 3, 4]);
  });
});
