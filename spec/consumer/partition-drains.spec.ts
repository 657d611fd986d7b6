import { type ConsumerCommits } from '../../src/consumer/consumer-commits.js';
import { HeldPartition } from '../../src/consumer/held-partition.js';
import { type PartitionCursor } from '../../src/consumer/partition-cursor.js';
import { PartitionDrains } from '../../src/consumer/partition-drains.js';
import { type CommitReceipt } from '../../src/model/commit.js';
import { type Done } from '../../src/model/done.js';
import { FakeRuntime } from '../producer/support/fake-runtime.js';

class Scene {
  readonly runtime = new FakeRuntime();
  readonly log: string[] = [];
  readonly drains: PartitionDrains;

  constructor() {
    const commits = {
      automatic: (_partitions: readonly HeldPartition[], done: Done<CommitReceipt>) => {
        done(null, { offsets: [], outcome: 'committed', at: 0 });
        return () => undefined;
      },
    };
    this.drains = new PartitionDrains({
      runtime: this.runtime,
      commits: commits as unknown as ConsumerCommits,
      view: () => null,
      hook: (_partitions, _deadline, done) => {
        done();
      },
      end: (held, why) => {
        held.state = 'ended';
        this.log.push(`${held.partition} ${why}`);
      },
      event: () => undefined,
      over: () => undefined,
    });
  }

  partition(partition: number, openLeases: number): HeldPartition {
    const cursor = {
      openLeases,
      commitValue: null,
      stopDelivery: () => undefined,
      press: () => undefined,
      fenceUntaken: () => undefined,
    };
    return new HeldPartition({ topic: 't', partition }, 1, cursor as unknown as PartitionCursor);
  }

  settle(held: HeldPartition): void {
    (held.cursor as unknown as { openLeases: number }).openLeases = 0;
    this.drains.check();
  }

  drain(partitions: readonly HeldPartition[], inMs: number, why: 'revoked' | 'drained'): void {
    this.drains.drain(partitions, this.runtime.now() + inMs, why, () => this.log.push(`${why}: done`));
  }
}

describe('PartitionDrains', () => {
  it('lets a shutdown wait for what a rebalance is giving up, and answer after it', () => {
    const scene = new Scene();
    const [given, kept] = [scene.partition(0, 1), scene.partition(1, 0)];
    scene.drain([given], 10_000, 'revoked');
    scene.drain([given, kept], 30_000, 'drained');
    expect(scene.log).toEqual(['1 drained']);
    scene.settle(given);
    expect(scene.log).toEqual(['1 drained', '0 revoked', 'revoked: done', 'drained: done']);
  });

  it('gives a rebalance no longer than the shutdown that came after it', () => {
    const scene = new Scene();
    scene.drain([scene.partition(0, 1)], 60_000, 'revoked');
    scene.drain([], 4000, 'drained');
    scene.runtime.advance(4001);
    expect(scene.log).toEqual(['0 revoked', 'revoked: done', 'drained: done']);
  });

  it('does not let one rebalance wait for another', () => {
    const scene = new Scene();
    scene.drain([scene.partition(0, 1)], 60_000, 'revoked');
    scene.drain([scene.partition(1, 0)], 60_000, 'revoked');
    expect(scene.log).toEqual(['1 revoked', 'revoked: done']);
  });

  it('leaves no deadline behind when its session ends', () => {
    const scene = new Scene();
    const given = scene.partition(0, 1);
    scene.drain([given], 60_000, 'revoked');
    scene.drain([], 50_000, 'drained');
    scene.drains.close();
    expect(scene.runtime.scheduler.actions.filter(({ closed }) => !closed)).toEqual([]);
    scene.settle(given);
    scene.runtime.advance(60_001);
    expect(scene.log).toEqual([]);
  });
});
