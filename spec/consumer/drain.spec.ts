import { type CommitReceipt } from '../../src/model/commit.js';
import { type Done } from '../../src/model/done.js';
import { Drain, type DrainHost } from '../../src/consumer/drain.js';
import { HeldPartition } from '../../src/consumer/held-partition.js';
import { type PartitionCursor } from '../../src/consumer/partition-cursor.js';
import { FakeRuntime } from '../producer/support/fake-runtime.js';

interface FakeCursor {
  openLeases: number;
  untaken: number;
  fenceUntaken(): void;
}

class Scene implements DrainHost {
  readonly runtime = new FakeRuntime();
  subscribed = true;
  readonly log: string[] = [];
  hookDone: (() => void) | null = null;
  commitDone: Done<CommitReceipt> | null = null;
  hookAnswersAtOnce = true;
  commitAnswersAtOnce = true;
  committed: readonly HeldPartition[] = [];

  partition(partition: number, open: number, untaken = 0): HeldPartition {
    const cursor: FakeCursor = {
      openLeases: open,
      untaken,
      fenceUntaken() {
        this.openLeases -= this.untaken;
        this.untaken = 0;
      },
    };
    const held = new HeldPartition({ topic: 't', partition }, 1, cursor as unknown as PartitionCursor);
    held.state = 'draining';
    return held;
  }
  settle(held: HeldPartition): void {
    (held.cursor as unknown as FakeCursor).openLeases -= 1;
  }
  hook(_partitions: readonly HeldPartition[], _deadline: number, done: () => void): void {
    this.log.push('hook');
    if (this.hookAnswersAtOnce) done();
    else this.hookDone = done;
  }
  commit(partitions: readonly HeldPartition[], done: Done<CommitReceipt>): () => void {
    this.log.push('commit');
    this.committed = partitions;
    if (this.commitAnswersAtOnce) done(null, { offsets: [], outcome: 'committed', at: 0 });
    else this.commitDone = done;
    return () => this.log.push('commit given up');
  }
  ended(held: HeldPartition, drained: number, abandoned: number): void {
    this.log.push(`ended ${held.partition}: ${drained} drained, ${abandoned} abandoned`);
  }
  drain(partitions: readonly HeldPartition[], inMs: number): Drain {
    const drain = new Drain(partitions, this.runtime.now() + inMs, this, () => this.log.push('done'));
    drain.start();
    return drain;
  }
}

describe('Drain', () => {
  it('[L1, L6] does not wait where nothing is open', () => {
    const scene = new Scene();
    scene.drain([scene.partition(0, 0)], 10_000);
    expect(scene.log).toEqual(['hook', 'commit', 'ended 0: 0 drained, 0 abandoned', 'done']);
  });

  it('[D#929, L1, L2, L5] waits for open leases before the hook and the commit', () => {
    const scene = new Scene();
    const held = scene.partition(0, 2);
    const drain = scene.drain([held], 10_000);
    scene.settle(held);
    drain.check();
    expect(scene.log).toEqual([]);
    scene.settle(held);
    drain.check();
    expect(scene.log).toContain('ended 0: 2 drained, 0 abandoned');
    expect(scene.log.at(-1)).toBe('done');
  });

  it('fences what nobody took over when the subscriber has left', () => {
    const scene = new Scene();
    scene.subscribed = false;
    const held = scene.partition(0, 3, 2);
    const drain = scene.drain([held], 10_000);
    expect(scene.log).toEqual([]);
    scene.settle(held);
    drain.check();
    expect(scene.log.at(-1)).toBe('done');
  });

  it('gives up on open leases in time for the hook and the commit', () => {
    const scene = new Scene();
    scene.drain([scene.partition(0, 1)], 10_000);
    scene.runtime.advance(8_999);
    expect(scene.log).toEqual([]);
    scene.runtime.advance(2);
    expect(scene.log).toEqual(['hook', 'commit', 'ended 0: 0 drained, 1 abandoned', 'done']);
  });

  it('bounds a hook that never ends and a commit that is never answered', () => {
    const scene = new Scene();
    scene.hookAnswersAtOnce = false;
    scene.commitAnswersAtOnce = false;
    scene.drain([scene.partition(0, 0)], 10_000);
    expect(scene.log).toEqual(['hook']);
    scene.runtime.advance(5_001);
    expect(scene.log).toEqual(['hook', 'commit']);
    scene.runtime.advance(5_001);
    expect(scene.log.at(-1)).toBe('done');
    scene.hookDone?.();
    scene.commitDone?.(null, { offsets: [], outcome: 'committed', at: 0 });
    expect(scene.log.filter((line) => line === 'done')).toHaveLength(1);
  });

  it('[L3] neither waits for nor commits a partition that was lost meanwhile, and still answers', () => {
    const scene = new Scene();
    const lost = scene.partition(0, 1);
    const kept = scene.partition(1, 0);
    const drain = scene.drain([lost, kept], 10_000);
    lost.state = 'ended';
    drain.check();
    expect(scene.committed).toEqual([kept]);
    expect(scene.log).not.toContain('ended 0: 0 drained, 1 abandoned');
    expect(scene.log.at(-1)).toBe('done');
  });
});
