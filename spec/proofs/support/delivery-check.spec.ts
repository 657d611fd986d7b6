import { DeliveryLedger, type DeliveryVerdict, type PartitionLog } from './delivery-check.js';
import { type LinkFault, planLinkFaults } from './link-plan.js';

/** Records 0, 2, 4 go to partition 0, the others to partition 1. */
function ledger(): DeliveryLedger {
  const made = new DeliveryLedger(10);
  for (let id = 0; id < 6; id++) made.handOver(id % 2);
  return made;
}
/** Offsets ascend by one from 0. */
const log = (...ids: number[]): PartitionLog => ({ ids, offsets: ids.map((_, at) => at) });
function acknowledged(): DeliveryLedger {
  const made = ledger();
  for (let id = 0; id < 6; id++) made.acknowledged(id, Math.floor(id / 2));
  return made;
}
const violations = (made: DeliveryLedger, ...logs: PartitionLog[]): readonly string[] => made.check(logs).violations;

describe('the check of a log against what its producer said', () => {
  it('finds nothing where everything is in place', () => {
    const expected: DeliveryVerdict = { acknowledged: 6, refused: 0, perhaps: 0, perhapsWritten: 0, violations: [] };
    expect(acknowledged().check([log(0, 2, 4), log(1, 3, 5)])).toEqual(expected);
  });

  it('finds an acknowledged record that is not there', () => {
    expect(violations(acknowledged(), log(0, 2, 4), log(1, 3))).toEqual([
      '1 records acknowledged and not in the log, the first: 5',
    ]);
  });

  it('finds a record that is there twice, acknowledged or failed', () => {
    const twice = log(0, 2, 4, 2);
    expect(violations(acknowledged(), twice, log(1, 3, 5))).toEqual(['1 records written twice, the first: 2 at 0@3']);
    const failed = ledger();
    for (let id = 0; id < 6; id++) failed.failed(id, true);
    expect(violations(failed, twice, log())).toEqual(['1 records written twice, the first: 2 at 0@3']);
  });

  it('finds records out of the order in which they were sent', () => {
    const made = ledger();
    for (let id = 0; id < 6; id++) made.acknowledged(id, -1);
    expect(violations(made, log(0, 4, 2), log(1, 3, 5))).toEqual([
      '1 records behind a record that was sent after it, the first: 2 behind 4 at 0@2',
    ]);
  });

  it('finds a failed record among others in the wrong place', () => {
    const made = ledger();
    for (let id = 0; id < 6; id++) if (id !== 2) made.acknowledged(id, -1);
    made.failed(2, true);
    expect(violations(made, log(0, 4, 2), log(1, 3, 5))).toHaveLength(1);
  });

  it('finds a record whose error says that it was not written', () => {
    const made = acknowledged();
    const id = made.handOver(0);
    made.failed(id, false);
    expect(made.check([log(0, 2, 4), log(1, 3, 5)])).toMatchObject({ refused: 1, violations: [] });
    expect(violations(made, log(0, 2, 4, 6), log(1, 3, 5))).toEqual([
      '1 records written, and its error says that it was not, the first: 6 at 0@3',
    ]);
  });

  it('allows a record that may have been written to be there or not', () => {
    const made = acknowledged();
    made.failed(made.handOver(0), true);
    made.failed(made.handOver(1), true);
    expect(made.check([log(0, 2, 4, 6), log(1, 3, 5)])).toMatchObject({
      perhaps: 2,
      perhapsWritten: 1,
      violations: [],
    });
  });

  it('finds an offset that is not the one that was told', () => {
    const moved: PartitionLog = { ids: [0, 2, 4], offsets: [0, 1, 3] };
    expect(violations(acknowledged(), moved, log(1, 3, 5))).toEqual([
      '1 records acknowledged at another offset, the first: 4 at 0@3, told 2',
    ]);
  });

  it('finds records that were never answered, answered twice, or are strangers', () => {
    const made = acknowledged();
    made.handOver(0);
    expect(violations(made, log(0, 2, 4), log(1, 3, 5))).toEqual(['1 records never answered, the first: 6']);
    const twice = acknowledged();
    twice.failed(0, true);
    expect(violations(twice, log(0, 2, 4), log(1, 3, 5))).toEqual(['1 records answered twice, the first: 1']);
    expect(violations(acknowledged(), log(0, 2, 4), log(1, 3, 5, 77))).toEqual([
      '1 records in a partition it was not sent to, the first: 77 at 1@3',
    ]);
    expect(violations(acknowledged(), log(0, 2, 3, 4), log(1, 3, 5))).toHaveLength(2);
  });
});

describe('a plan of faults', () => {
  const shape = { brokers: 3, durationMs: 300_000, longestBlackoutMs: 20_000, calmMs: 8000, longestLateMs: 4000 };

  it('follows from the seed', () => {
    expect(planLinkFaults(3, shape)).toEqual(planLinkFaults(3, shape));
    expect(planLinkFaults(3, shape)).not.toEqual(planLinkFaults(4, shape));
  });

  it('has every kind of fault, and leaves each broker its healthy time', () => {
    for (let seed = 0; seed < 20; seed++) {
      const plan = planLinkFaults(seed, shape);
      const isLate = (fault: LinkFault): boolean =>
        fault.do === 'blackout' && fault.held === 'late' && fault.directions.includes('toBroker') && fault.lateMs > 0;
      expect(plan.some((fault) => isLate(fault) && fault.until - fault.at === 20_000)).toBe(true);
      expect(plan.some((fault) => fault.do === 'blackout' && fault.held === 'dropped')).toBe(true);
      expect(plan.some((fault) => fault.do === 'blackout' && fault.directions.join() === 'toClient')).toBe(true);
      for (const broker of [1, 2, 3]) {
        const own = plan.filter((fault) => fault.broker === broker);
        for (const [at, fault] of own.entries()) {
          expect(fault.until).toBeLessThanOrEqual(300_000);
          expect(fault.until - fault.at).toBeLessThanOrEqual(20_000);
          if (at > 0) expect(fault.at - own[at - 1]!.until).toBeGreaterThanOrEqual(8000);
        }
      }
    }
  });
});
