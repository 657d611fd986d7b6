import fc from 'fast-check';
import { LeaseTracker } from '../../src/consumer/lease-tracker.js';

const wide = { windowRecords: 1000, windowBytes: 1_000_000 };

function tracker(limits = wide, next = 0): { tracker: LeaseTracker; marks: () => number } {
  let marks = 0;
  const made = new LeaseTracker(limits, next, -1, () => {
    marks++;
  });
  return { tracker: made, marks: () => marks };
}

/** Delivers records at these offsets; returns their sequences. */
function deliver(to: LeaseTracker, ...offsets: number[]): number[] {
  return offsets.map((offset) => {
    to.nextOffset = offset + 1;
    return to.deliver(offset, 10, 0, 5);
  });
}

describe('LeaseTracker', () => {
  it('[L13] commits the next offset to deliver while nothing is open, also over gaps', () => {
    const { tracker: leases } = tracker(wide, 7);
    expect(leases.commitValue).toEqual({ offset: 7, leaderEpoch: -1 });
    leases.nextOffset = 12;
    expect(leases.commitValue).toEqual({ offset: 12, leaderEpoch: -1 });
  });

  it('[L15, S2] commits the oldest record that is not acknowledged, by order of delivery', () => {
    const { tracker: leases } = tracker();
    const [first, second, third] = deliver(leases, 3, 9, 40) as [number, number, number];
    expect(leases.ack(third)).toBe('accepted');
    expect(leases.ack(second)).toBe('accepted');
    expect(leases.commitOffset).toBe(3);
    expect(leases.ack(first)).toBe('accepted');
    expect(leases.commitValue).toEqual({ offset: 41, leaderEpoch: 5 });
  });

  it('[N22] gives a position the leader epoch of what lies right before it, hidden records included', () => {
    const { tracker: leases } = tracker();
    const [first] = deliver(leases, 0) as [number];
    leases.ack(first);
    expect(leases.commitValue).toEqual({ offset: 1, leaderEpoch: 5 });
    // an aborted transaction under the next leader
    leases.pass(4, 6);
    expect(leases.commitValue).toEqual({ offset: 4, leaderEpoch: 6 });
    expect(leases.lastLeaderEpoch).toBe(6);
    leases.pass(5, 7);
    leases.pass(3, 9);
    const [second] = deliver(leases, 5) as [number];
    expect(leases.commitValue).toEqual({ offset: 5, leaderEpoch: 7 });
    leases.pass(8, 8);
    const [third] = deliver(leases, 8, 9) as [number];
    expect(leases.valueAt(third)).toEqual({ offset: 8, leaderEpoch: 8 });
    leases.ack(second);
    leases.ack(third);
    expect(leases.commitValue).toEqual({ offset: 9, leaderEpoch: 5 });
  });

  it('answers duplicate to a second settle, before and after the prefix passed it', () => {
    const { tracker: leases } = tracker();
    const [first, second] = deliver(leases, 0, 1) as [number, number];
    leases.ack(second);
    expect(leases.ack(second)).toBe('duplicate');
    leases.ack(first);
    expect(leases.ack(first)).toBe('duplicate');
    expect(leases.release(second)).toBe('duplicate');
    expect(leases.state(first)).toBe('acked');
  });

  it('gives no credit back for a released record and holds the commit at it', () => {
    const { tracker: leases } = tracker({ windowRecords: 2, windowBytes: 1000 });
    const [first, second] = deliver(leases, 0, 1) as [number, number];
    expect(leases.release(first)).toBe('accepted');
    leases.ack(second);
    expect(leases.hasCredit).toBe(true);
    deliver(leases, 2);
    expect(leases.hasCredit).toBe(false);
    expect(leases.commitOffset).toBe(0);
    expect([leases.open, leases.released, leases.state(first)]).toEqual([1, 1, 'released']);
  });

  it('bounds the window by bytes, and lets one record of any size through', () => {
    const { tracker: leases } = tracker({ windowRecords: 100, windowBytes: 50 });
    expect(leases.hasCredit).toBe(true);
    const seq = leases.deliver(0, 4000, 0, 1);
    expect(leases.hasCredit).toBe(false);
    leases.ack(seq);
    expect(leases.hasCredit).toBe(true);
  });

  it('[L12] bounds the acknowledged records behind an open one to sixteen windows', () => {
    const { tracker: leases } = tracker({ windowRecords: 4, windowBytes: 1_000_000 });
    deliver(leases, 0);
    let offset = 1;
    for (; leases.hasCredit; offset++) leases.ack(deliver(leases, offset)[0]!);
    expect(offset).toBe(64);
    expect(leases.ack(0)).toBe('accepted');
    expect(leases.commitOffset).toBe(64);
    expect(leases.hasCredit).toBe(true);
  });

  it('keeps the leader epoch of the record before the commit offset', () => {
    const { tracker: leases } = tracker();
    const seqs = [
      [10, 3],
      [11, 3],
      [12, 4],
      [13, 9],
    ].map(([offset, epoch]) => {
      leases.nextOffset = offset! + 1;
      return leases.deliver(offset!, 1, 0, epoch!);
    });
    expect(leases.commitValue).toEqual({ offset: 10, leaderEpoch: -1 });
    leases.ack(seqs[0]!);
    leases.ack(seqs[1]!);
    expect(leases.commitValue).toEqual({ offset: 12, leaderEpoch: 3 });
    leases.ack(seqs[2]!);
    expect(leases.commitValue).toEqual({ offset: 13, leaderEpoch: 4 });
    leases.ack(seqs[3]!);
    expect(leases.commitValue).toEqual({ offset: 14, leaderEpoch: 9 });
  });

  it('fences what is open or released, and leaves what was acknowledged as it is', () => {
    const { tracker: leases } = tracker();
    const [first, second, third] = deliver(leases, 0, 1, 2) as [number, number, number];
    leases.ack(second);
    leases.release(third);
    expect(leases.fence()).toBe(2);
    expect([first, second, third].map((seq) => leases.state(seq))).toEqual(['fenced', 'acked', 'fenced']);
    expect(leases.ack(first)).toBe('fenced');
    expect(leases.ack(second)).toBe('duplicate');
    expect(leases.release(third)).toBe('fenced');
    expect([leases.open, leases.released, leases.bytes, leases.taken]).toEqual([0, 0, 0, 0]);
  });

  it('fences the untaken ones alone, and the commit stops before them', () => {
    const { tracker: leases } = tracker();
    const [first, second, third] = deliver(leases, 0, 1, 2) as [number, number, number];
    leases.take(first);
    leases.take(third);
    expect(leases.fenceUntaken(-1, -1)).toBe(1);
    expect(leases.taken).toBe(2);
    leases.ack(first);
    leases.ack(third);
    expect([leases.ack(second), leases.commitOffset, leases.open]).toEqual(['fenced', 1, 0]);
  });

  it('makes a signal only on demand and aborts it when the lease is fenced', () => {
    const { tracker: leases } = tracker();
    const [first, second] = deliver(leases, 0, 1) as [number, number];
    const signal = leases.signal(first);
    expect(leases.signal(first)).toBe(signal);
    const settled = leases.signal(second);
    leases.ack(second);
    const seen: string[] = [];
    signal.addEventListener('abort', () => seen.push(leases.state(first), leases.ack(first)));
    leases.fence();
    expect([signal.aborted, settled.aborted]).toEqual([true, false]);
    // a listener finds everything as it will be
    expect(seen).toEqual(['fenced', 'fenced']);
    expect(leases.signal(first).aborted).toBe(true);
  });

  it('settles a range with one call, without what was settled before', () => {
    const { tracker: leases, marks } = tracker();
    const seqs = deliver(leases, 0, 1, 2, 3, 4);
    leases.ack(seqs[2]!);
    const before = marks();
    expect(leases.ackRange(seqs[0]!, seqs[4]!)).toBe(3);
    expect(marks() - before).toBe(1);
    expect([leases.commitOffset, leases.open]).toEqual([4, 1]);
    expect(leases.ackRange(seqs[0]!, seqs[4]!)).toBe(0);
    expect(leases.rangeState(seqs[0]!, seqs[4]! + 1)).toBe('open');
  });

  it('[L14] settles at the same cost however much is open, in any order', () => {
    // written in the middle and from the end, so that nothing but the last one moves the commit
    const nanosPerAck = (count: number): number => {
      let best = Infinity;
      for (let round = 0; round < 5; round++) {
        const { tracker: leases } = tracker({ windowRecords: count, windowBytes: Infinity });
        for (let offset = 0; offset < count; offset++) leases.deliver(offset, 10, 0, 5);
        leases.nextOffset = count;
        let moved = 0;
        const from = process.hrtime.bigint();
        for (let seq = count - 1; seq > 0; seq--) {
          leases.ack(seq);
          moved += leases.commitOffset;
        }
        best = Math.min(best, Number(process.hrtime.bigint() - from) / count);
        expect([leases.open, moved]).toEqual([1, 0]);
        leases.ack(0);
        expect([leases.open, leases.commitOffset]).toEqual([0, count]);
      }
      return best;
    };
    nanosPerAck(2000);
    const few = nanosPerAck(2000);
    // a search through what is open would make this a hundred times as much
    expect(nanosPerAck(200_000)).toBeLessThan(Math.max(few, 10) * 20);
  });

  it('[L15] agrees with a naive model over random deliveries, settlements and fences', () => {
    type Model = { seq: number; offset: number; size: number; state: string; taken: boolean }[];
    const pick = fc.nat(1_000_000);
    const command = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), a: pick, b: pick }) },
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('ack' as const), a: pick, b: pick }) },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constantFrom('ackRange' as const, 'take' as const, 'release' as const, 'skip' as const),
          a: pick,
          b: pick,
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('fenceUntaken' as const), a: pick, b: pick }) },
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 400 }), fc.boolean(), (commands, fenceLast) => {
        const limits = { windowRecords: 20, windowBytes: 2000 };
        const { tracker: leases } = tracker(limits, 100);
        const model: Model = [];
        let next = 100;
        for (const { kind, a, b } of commands) {
          const lease = model.length === 0 ? undefined : model[a % model.length]!;
          if (kind === 'deliver') {
            if (!leases.hasCredit) continue;
            // gaps as compaction leaves them
            const offset = next + (a % 3);
            next = offset + 1;
            leases.nextOffset = next;
            const seq = leases.deliver(offset, b % 300, 0, 1);
            expect(seq).toBe(model.length);
            model.push({ seq, offset, size: b % 300, state: 'open', taken: false });
          } else if (kind === 'skip') {
            next += a % 3;
            leases.nextOffset = next;
          } else if (kind === 'fenceUntaken') {
            const untaken = model.filter((entry) => entry.state === 'open' && !entry.taken);
            expect(leases.fenceUntaken(-1, -1)).toBe(untaken.length);
            for (const entry of untaken) entry.state = 'fenced';
          } else if (lease !== undefined) {
            if (kind === 'take') {
              leases.take(lease.seq);
              if (lease.state === 'open') lease.taken = true;
            } else if (kind === 'ackRange') {
              const to = Math.min(model.length, lease.seq + (b % 12));
              const open = model.slice(lease.seq, to).filter((entry) => entry.state === 'open');
              expect(leases.ackRange(lease.seq, to)).toBe(open.length);
              for (const entry of open) entry.state = 'acked';
            } else {
              const answer = kind === 'ack' ? leases.ack(lease.seq) : leases.release(lease.seq);
              const wanted = lease.state === 'open' ? 'accepted' : lease.state === 'fenced' ? 'fenced' : 'duplicate';
              expect(answer).toBe(wanted);
              if (answer === 'accepted') lease.state = kind === 'ack' ? 'acked' : 'released';
            }
          }
          const of = (state: string): Model => model.filter((entry) => entry.state === state);
          const unsettled = [...of('open'), ...of('released')];
          const first = model.find((entry) => entry.state !== 'acked');
          const bytes = unsettled.reduce((sum, entry) => sum + entry.size, 0);
          expect(leases.commitOffset).toBe(first?.offset ?? next);
          expect([leases.open, leases.released, leases.bytes]).toEqual([
            of('open').length,
            of('released').length,
            bytes,
          ]);
          expect(leases.taken).toBe(of('open').filter((entry) => entry.taken).length);
          // given out = open + released + given back
          expect(leases.tail).toBe(unsettled.length + of('acked').length + of('fenced').length);
          expect(leases.hasCredit).toBe(
            unsettled.length < 20 && bytes < 2000 && model.length - (first?.seq ?? model.length) < 320,
          );
          expect(leases.oldestOpen?.offset).toBe(of('open')[0]?.offset);
        }
        if (fenceLast) {
          leases.fence();
          for (const entry of model) if (entry.state === 'open' || entry.state === 'released') entry.state = 'fenced';
        }
        expect(model.map((entry) => leases.state(entry.seq))).toEqual(model.map((entry) => entry.state));
      }),
      { numRuns: 300 },
    );
  });
});
