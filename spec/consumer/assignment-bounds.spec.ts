import type { FetchedRecord } from '../../src/consumer/fetched-record.js';
import type { HeldPartition } from '../../src/consumer/held-partition.js';
import { ConsumerWorld } from './support/consumer-world.js';

const window = 3;

it('[L10] a partition that comes back delivers nothing until it is subscribed, and then its window', () => {
  const world = new ConsumerWorld(2);
  const options = { window: { records: window }, drainTimeoutMs: 1500 };
  const first = world.consumer(options);
  const open = new Map<number, number>();
  let most = 0;
  first.onRecord = ({ partition }) => {
    open.set(partition, first.cursor(partition).openLeases);
    most = Math.max(most, first.cursor(partition).openLeases);
  };
  first.subscribe();
  world.fill(0, 20);
  world.fill(1, 20);
  world.run(5000);
  expect([...open.values()]).toEqual([window, window]);

  const second = world.consumer(options);
  second.onRecord = () => undefined;
  second.subscribe();
  world.run(20_000);
  expect([first.held.length, second.held.length]).toEqual([1, 1]);
  const stayed = first.held[0]!.partition;
  const moved = 1 - stayed;
  expect(first.cursor(stayed).openLeases).toBe(window);
  expect(second.cursor(moved).openLeases).toBe(window);

  const waiting: HeldPartition[] = [];
  first.opened = (held) => void waiting.push(held);
  const again: FetchedRecord[] = [];
  second.unsubscribe();
  world.run(20_000);
  expect(waiting.map(({ partition }) => partition)).toEqual([moved]);
  expect(first.cursor(moved).openLeases).toBe(0);
  expect(first.core.why({ topic: 't', partition: moved }).paused).toContain('unsubscribed');
  waiting[0]!.cursor.attachRecords({ next: (record) => again.push(record) });
  world.run(5000);
  // nothing of it was settled by either of them
  expect(again.map(({ offset }) => offset)).toEqual([0, 1, 2]);
  expect(first.cursor(stayed).openLeases).toBe(window);
  expect(most).toBe(window);
});

it('[D#117] an assignment that changes while records flow neither ends the reading nor leaves a part of it empty', () => {
  const world = new ConsumerWorld(4);
  const stays = world.consumer();
  const seen: string[] = [];
  const read = ({ partition, offset, lease }: FetchedRecord): void => {
    seen.push(`${partition}:${offset}`);
    lease.ack();
  };
  stays.onRecord = read;
  stays.subscribe();
  for (let round = 0; round < 5; round++) {
    const guest = world.consumer();
    guest.onRecord = read;
    guest.subscribe();
    for (let step = 0; step < 40; step++) {
      // the partitions that stay are read on within the step, whatever the group is doing
      for (let partition = 0; partition < 4; partition++) world.fill(partition, 1);
      const before = seen.length;
      world.run(1000);
      expect(seen.length).toBeGreaterThan(before);
      if (step === 20) guest.unsubscribe();
    }
    expect([stays.over, stays.error, stays.held.length]).toEqual([false, null, 4]);
  }
  world.run(5000);
  const written = Array.from({ length: 4 * 200 }, (_, n) => `${n % 4}:${Math.floor(n / 4)}`);
  expect([...seen].sort()).toEqual(written.sort());
});
