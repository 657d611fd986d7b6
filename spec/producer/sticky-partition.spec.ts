import { chooseStickyPartition } from '../../src/producer/sticky-partition.js';

function shares(queues: readonly number[], leaders: readonly boolean[] = queues.map(() => true)): number[] {
  const candidates = queues.map((queueLength, partition) => ({
    partition,
    queueLength,
    hasLeader: leaders[partition]!,
  }));
  const hits = queues.map(() => 0);
  for (let i = 0; i < 1000; i++) hits[chooseStickyPartition(candidates, (i + 0.5) / 1000)]!++;
  return hits;
}

it('chooses evenly while all queues are equal', () => {
  expect(shares([0, 0, 0, 0])).toEqual([250, 250, 250, 250]);
  expect(shares([3, 3])).toEqual([500, 500]);
});

it('[P19] gives a partition a weight inverse to its queue', () => {
  // longest queue + 1 - own queue: 1, 3, 4
  expect(shares([3, 1, 0])).toEqual([125, 375, 500]);
});

it('[B6, P19] leaves out partitions without a leader, unless there is no other', () => {
  expect(shares([0, 0, 0], [true, false, true])).toEqual([500, 0, 500]);
  expect(shares([0, 5], [false, false])).toEqual([500, 500]);
});

it('stays within the list for the largest random number', () => {
  const candidates = [0, 1, 2].map((partition) => ({ partition, queueLength: partition, hasLeader: true }));
  expect(chooseStickyPartition(candidates, 1 - Number.EPSILON)).toBe(2);
});
