import { type CommitReceipt } from '../../src/model/commit.js';
import { CommitCadence } from '../../src/consumer/commit-cadence.js';
import { HeldPartition } from '../../src/consumer/held-partition.js';
import { type PartitionCursor } from '../../src/consumer/partition-cursor.js';
import { FakeRuntime } from '../producer/support/fake-runtime.js';

class Scene {
  readonly runtime = new FakeRuntime();
  readonly commits: string[] = [];
  readonly cadence: CommitCadence;

  constructor(own: { everyMs: number | null; everyRecords: number | null } | null) {
    this.cadence = new CommitCadence(this.runtime, own, (due) => {
      this.commits.push(`${this.runtime.now()}: ${due.map(({ partition }) => partition).join(' ')}`);
    });
  }

  partition(partition: number): { held: HeldPartition; settle: (records: number) => void } {
    const tracker = { tail: 0, open: 0, released: 0 };
    const held = new HeldPartition({ topic: 't', partition }, 1, {
      tracker,
      deliveryEpoch: 0,
    } as unknown as PartitionCursor);
    this.cadence.add(held);
    return {
      held,
      settle: (records) => {
        tracker.tail += records;
        this.cadence.settled(held);
      },
    };
  }
}
const receipt = (...partitions: number[]): CommitReceipt => ({
  offsets: partitions.map((partition) => ({ topic: 't', partition, offset: 1 })),
  outcome: 'committed',
  at: 0,
});

describe('CommitCadence', () => {
  it('[B167, L29] commits by time, and only what settled', () => {
    const scene = new Scene({ everyMs: 1000, everyRecords: null });
    scene.partition(0);
    const busy = scene.partition(1);
    busy.settle(1);
    scene.runtime.advance(999);
    expect(scene.commits).toEqual([]);
    scene.runtime.advance(5000);
    expect(scene.commits).toEqual(['1000: 1']);
  });

  it('commits by settled records', () => {
    const scene = new Scene({ everyMs: null, everyRecords: 10 });
    const one = scene.partition(0);
    one.settle(9);
    scene.runtime.advance(60_000);
    expect(scene.commits).toEqual([]);
    one.settle(1);
    scene.runtime.advance(1);
    one.settle(9);
    scene.runtime.advance(1);
    expect(scene.commits).toHaveLength(1);
  });

  it('[L29] lets commitOffsets set another cadence for the partitions that pass it', () => {
    const scene = new Scene({ everyMs: 10_000, everyRecords: null });
    const fast = scene.partition(0);
    const slow = scene.partition(1);
    const end = scene.cadence.override(fast.held, { everyMs: 100, everyRecords: null }, () => undefined);
    fast.settle(1);
    slow.settle(1);
    scene.runtime.advance(9_999);
    expect(scene.commits).toEqual(['100: 0']);
    end();
    fast.settle(1);
    scene.runtime.advance(1);
    expect(scene.commits).toEqual(['100: 0', '10000: 1']);
    scene.runtime.advance(1_000);
    expect(scene.commits.at(-1)).toBe('10100: 0');
  });

  it('[B167] commits nothing by itself under commit: false, unless commitOffsets says how', () => {
    const scene = new Scene(null);
    const one = scene.partition(0);
    one.settle(1);
    scene.runtime.advance(60_000);
    expect(scene.commits).toEqual([]);
    scene.cadence.override(one.held, { everyMs: null, everyRecords: 1 }, () => undefined);
    scene.runtime.advance(1);
    expect(scene.commits).toHaveLength(1);
  });

  it('tells each operator the part of a receipt that is about its partitions, once', () => {
    const scene = new Scene({ everyMs: 1000, everyRecords: null });
    const [a, b, c] = [scene.partition(0), scene.partition(1), scene.partition(2)];
    const left: CommitReceipt[] = [];
    const right: CommitReceipt[] = [];
    const toLeft = (got: CommitReceipt): unknown => left.push(got);
    scene.cadence.override(a.held, null, toLeft);
    scene.cadence.override(b.held, null, toLeft);
    scene.cadence.override(c.held, null, (got) => right.push(got));
    scene.cadence.received(receipt(0, 1, 2));
    expect(left.map(({ offsets }) => offsets.map(({ partition }) => partition))).toEqual([[0, 1]]);
    expect(right.map(({ offsets }) => offsets.map(({ partition }) => partition))).toEqual([[2]]);
  });

  it('[KJ#1768] has no timer while nothing is to be committed, and none after close', () => {
    const scene = new Scene({ everyMs: 1000, everyRecords: null });
    const one = scene.partition(0);
    expect(scene.runtime.scheduler.actions).toHaveLength(0);
    one.settle(1);
    scene.cadence.close();
    scene.runtime.advance(60_000);
    expect(scene.commits).toEqual([]);
  });

  it('counts on after a new delivery epoch started from zero', () => {
    const scene = new Scene({ everyMs: null, everyRecords: 5 });
    const one = scene.partition(0);
    one.settle(5);
    scene.runtime.advance(1);
    (one.held.cursor.tracker as unknown as { tail: number }).tail = 0;
    one.held.cursor.deliveryEpoch += 1;
    one.settle(3);
    scene.runtime.advance(1);
    expect(scene.commits).toHaveLength(1);
    one.settle(2);
    scene.runtime.advance(1);
    expect(scene.commits).toHaveLength(2);
  });
});
