import { type ConsumerCommits } from '../../src/consumer/consumer-commits.js';
import { HeldPartition } from '../../src/consumer/held-partition.js';
import { type PartitionCursor } from '../../src/consumer/partition-cursor.js';
import { PartitionOpening } from '../../src/consumer/partition-opening.js';
import { type RebalanceHooks } from '../../src/consumer/rebalance-hooks.js';
import { type StartPositions } from '../../src/consumer/start-positions.js';
import { type Done } from '../../src/model/done.js';
import { type OffsetList } from '../../src/model/topic-partition.js';
import { GroupError } from '../../src/errors/client-errors.js';
import { FakeRuntime } from '../producer/support/fake-runtime.js';

/** Two partitions whose start is being looked up. */
function opening(): { held: HeldPartition[]; answer: Done<OffsetList>; failures: unknown[] } {
  const held = [0, 1].map((partition) => new HeldPartition({ topic: 't', partition }, 1, {} as PartitionCursor));
  const failures: unknown[] = [];
  let answer: Done<OffsetList> | null = null;
  const starts = {
    resolve: (_fresh: readonly HeldPartition[], _given: OffsetList, done: Done<OffsetList>) => {
      answer = done;
    },
  };
  new PartitionOpening({
    runtime: new FakeRuntime(),
    starts: starts as unknown as StartPositions,
    commits: {} as ConsumerCommits,
    hooks: {} as RebalanceHooks,
    hookMs: 1000,
    closed: () => false,
    open: () => undefined,
    failed: (error) => failures.push(error),
  }).begin(held, []);
  return { held, answer: answer!, failures };
}

const refused = new GroupError('no', { fatal: true });

describe('PartitionOpening', () => {
  it('fails when the start of a partition cannot be found', () => {
    const { held, answer, failures } = opening();
    held[0]!.state = 'ended';
    answer(refused, null);
    expect(failures).toEqual([refused]);
  });

  it('does not fail for partitions that were lost meanwhile', () => {
    const { held, answer, failures } = opening();
    for (const each of held) each.state = 'ended';
    answer(refused, null);
    expect(failures).toEqual([]);
  });
});
