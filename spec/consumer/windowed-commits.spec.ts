import type { GroupPort } from '../../src/consumer/group/group-port.js';
import { CommitBench } from './support/commit-bench.js';

/** Keeps requests back until they are written; `write` does it. */
function writtenLate({ group }: CommitBench): () => void {
  const original = group.groupCall;
  let write = (): void => undefined;
  Object.assign(group, {
    groupCall: (...args: Parameters<GroupPort['groupCall']>) => {
      write = () => original(...args);
      return () => undefined;
    },
  });
  return () => {
    write();
  };
}

describe('a partition in the window of a transaction', () => {
  it('[T2] is left out of every commit, and whoever asks is told what is stored', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 9, 4);
    const other = bench.part('t-1', 2);
    part.windowed = true;
    const alone = bench.now(part);
    expect([alone.result, bench.requests]).toEqual(['committed t-0@4', 0]);
    bench.now(part, other);
    expect(bench.sent).toBe('t-1@2');
    bench.answer();
    expect(bench.receipts).toEqual(['committed t-1@2']);
  });

  it('supersedes an explicit commit that was waiting when the window opened', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 9, 4);
    bench.group.become(1, false);
    const explicit = bench.explicit({ topic: 't', partition: 0, offset: 7 });
    part.windowed = true;
    bench.group.become(1);
    bench.advance();
    expect([explicit.result, bench.requests]).toEqual(['superseded t-0@7', 0]);
    part.windowed = false;
    bench.advance(5000);
    expect(bench.requests).toBe(0);
  });

  it('is left out of a request that was asked for before the window opened and is written afterwards', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 9, 4);
    bench.part('t-1', 2);
    const write = writtenLate(bench);
    const commit = bench.now();
    part.windowed = true;
    write();
    bench.advance();
    expect(bench.sent).toBe('t-1@2');
    bench.answer();
    expect(commit.result).toBe('committed t-1@2');
  });

  it('is not tried again when a commit from before the window was refused', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 9, 4);
    const commit = bench.now();
    part.windowed = true;
    bench.answer(14);
    bench.advance(5000);
    expect([commit.result, bench.requests]).toEqual(['committed t-0@4', 1]);
  });

  it('knows what the transaction stored: only a gap behind it is committed, plainly, once the window is over', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 4, 4);
    part.windowed = true;
    bench.committer.stored(part, 9);
    part.commitValue = { offset: 9, leaderEpoch: 7 };
    part.windowed = false;
    expect(bench.now(part).result).toBe('committed t-0@9');
    expect(bench.requests).toBe(0);
    part.commitValue = { offset: 11, leaderEpoch: 7 };
    bench.now(part);
    expect(bench.sent).toBe('t-0@11');
  });

  it('[L28] commits a position that a seek chose although the transaction stored another one meanwhile', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 3, 3);
    part.windowed = true;
    bench.committer.stored(part, 9);
    part.windowed = false;
    bench.now(part);
    expect(bench.sent).toBe('t-0@3');
  });
});

describe('quiet', () => {
  it('calls back in a later turn when no commit is under way', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 9, 4);
    let quiet = 0;
    bench.committer.quiet(part, () => quiet++);
    expect(quiet).toBe(0);
    bench.advance();
    expect(quiet).toBe(1);
  });

  it('waits for the answer to a commit of the partition, whatever it is', () => {
    for (const code of [0, 14, 25]) {
      const bench = new CommitBench();
      const part = bench.part('t-0', 9, 4);
      bench.now();
      let quiet = 0;
      bench.committer.quiet(part, () => quiet++);
      bench.advance(5000);
      expect(quiet).toBe(0);
      part.windowed = true;
      bench.answer(code);
      expect([code, quiet, bench.requests]).toEqual([code, 1, 1]);
    }
  });

  it('waits for no commit of other partitions, and for none that will be written without it', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 9, 4);
    const other = bench.part('t-1', 2);
    let quiet = 0;
    bench.now(other);
    bench.committer.quiet(part, () => quiet++);
    bench.advance();
    expect(quiet).toBe(1);
    bench.answer();

    const write = writtenLate(bench);
    bench.now(part);
    part.windowed = true;
    bench.committer.quiet(part, () => quiet++);
    bench.advance();
    expect(quiet).toBe(2);
    write();
    bench.advance();
    expect(bench.requests).toBe(2);
  });

  it('tells nothing to one who cancelled, before the turn or during the commit', () => {
    const bench = new CommitBench();
    const part = bench.part('t-0', 9, 4);
    let quiet = 0;
    bench.committer.quiet(part, () => quiet++)();
    bench.advance();
    bench.now();
    const cancel = bench.committer.quiet(part, () => quiet++);
    bench.advance();
    cancel();
    bench.answer();
    expect(quiet).toBe(0);
  });
});
