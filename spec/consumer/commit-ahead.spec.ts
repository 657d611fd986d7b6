import fc from 'fast-check';
import { batchBytes } from './support/batches.js';
import { ConsumerWorld, type WorldConsumer } from './support/consumer-world.js';

/** One partition read at most once; what was delivered, with the offset that the group had stored by then. */
function atMostOnce(options: object = {}, seed = 1): Scene {
  const world = new ConsumerWorld(1, seed);
  const delivered: [offset: number, stored: number | undefined][] = [];
  const join = (): WorldConsumer => {
    const consumer = world.consumer({ acknowledge: 'beforeDelivery', maxPollRecords: 3, ...options });
    consumer.onRecord = (record) => {
      delivered.push([record.offset, world.group.stored.get('t-0')]);
      record.lease.ack();
    };
    return consumer.subscribe();
  };
  return { world, delivered, join, offsets: () => delivered.map(([offset]) => offset) };
}
interface Scene {
  readonly world: ConsumerWorld;
  readonly delivered: [offset: number, stored: number | undefined][];
  readonly join: () => WorldConsumer;
  readonly offsets: () => number[];
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, offset) => offset);

describe("acknowledge: 'beforeDelivery'", () => {
  it('commits what follows before it delivers, a few records of a large batch at a time', () => {
    const { world, delivered, join } = atMostOnce();
    world.fill(0, 7);
    join();
    world.run(2000);
    expect(delivered).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
      [3, 6],
      [4, 6],
      [5, 6],
      [6, 7],
    ]);
  });

  it('takes small batches together, and a batch with gaps whole', () => {
    const { world, delivered, join } = atMostOnce();
    for (let n = 0; n < 4; n++) world.fill(0, 1);
    world.logs[0]!.append(batchBytes({ base: 4, records: ['a', 'b', 'c', 'd'], next: 50 }));
    world.fill(0, 1);
    join();
    world.run(2000);
    expect(delivered.map(([, stored]) => stored)).toEqual([3, 3, 3, 4, 50, 50, 50, 50, 51]);
  });

  it('delivers nothing while the commit is not answered, and tries again after trouble', () => {
    const { world, delivered, join } = atMostOnce();
    let answered = 0;
    world.wire = (call) => (call.api === 'OffsetCommit' && answered++ < 4 ? null : true);
    world.fill(0, 2);
    join();
    world.run(10_000);
    expect(delivered).toEqual([
      [0, 2],
      [1, 2],
    ]);
    expect(answered).toBeGreaterThan(4);
  });

  it('skips nothing and repeats nothing when a member goes in order in the middle of a chunk', () => {
    const { world, offsets, join, delivered } = atMostOnce();
    world.fill(0, 6);
    const first = join();
    first.onRecord = (record) => {
      delivered.push([record.offset, undefined]);
      record.lease.ack();
      if (record.offset === 1) first.unsubscribe();
    };
    world.run(2000);
    expect(world.group.stored.get('t-0')).toBe(2);
    join();
    world.run(2000);
    expect(offsets()).toEqual(upTo(6));
  });

  it('never delivers a record twice when a member dies, and skips at most one chunk', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (seed) => {
        const { world, offsets, join } = atMostOnce({ sessionTimeoutMs: 3000, heartbeatIntervalMs: 1000 }, seed);
        const pick = (bound: number): number => Math.floor(world.runtime.random() * bound);
        world.groupDelay = () => 1 + pick(30);
        let now = join();
        for (let round = 0; round < 12; round++) {
          for (let n = pick(4); n >= 0; n--) world.fill(0, 1 + pick(7));
          world.run(pick(80), 3);
          if (pick(3) > 0) continue;
          const before = offsets().length;
          now.kill();
          now = join();
          world.run(8000);
          expect(offsets().length).toBeGreaterThanOrEqual(before);
        }
        world.run(10_000);
        const seen = offsets();
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen).toEqual([...seen].sort((left, right) => left - right));
        const deaths = world.consumers.length - 1;
        expect(seen.length).toBeGreaterThanOrEqual(world.logs[0]!.end - deaths * 3);
      }),
      { numRuns: 10 },
    );
  });

  it('counts a released record as done', () => {
    const { world, offsets, join, delivered } = atMostOnce();
    world.fill(0, 4);
    const consumer = join();
    consumer.onRecord = (record) => {
      delivered.push([record.offset, undefined]);
      expect(record.lease.release()).toBe('accepted');
    };
    world.run(10_000);
    expect(offsets()).toEqual(upTo(4));
    expect([consumer.cursor(0).openLeases, consumer.cursor(0).releasedLeases]).toEqual([0, 0]);
    expect(world.group.stored.get('t-0')).toBe(4);
  });

  it('goes on where it stands after another subscriber took over', () => {
    const { world, offsets, join, delivered } = atMostOnce();
    world.fill(0, 6);
    const consumer = join();
    consumer.onRecord = (record) => {
      delivered.push([record.offset, undefined]);
      if (record.offset !== 1) return;
      consumer.unsubscribe();
      consumer.subscribe();
    };
    world.run(4000);
    expect(offsets()).toEqual(upTo(6));
  });

  it('reads on at a sought offset, committed first', () => {
    const { world, delivered, join } = atMostOnce();
    world.fill(0, 6);
    const consumer = join();
    world.run(2000);
    const held = consumer.core.held({ topic: 't', partition: 0 });
    consumer.core.session!.positions.seek(held, 1, () => undefined);
    world.run(2000);
    expect(delivered.slice(6)).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 6],
      [5, 6],
    ]);
  });

  it('waits with a chunk while the partition is paused', () => {
    const { world, offsets, join } = atMostOnce();
    const consumer = join();
    world.run(1000);
    consumer.core.pause([{ topic: 't', partition: 0 }]);
    world.fill(0, 3);
    world.run(2000);
    expect(offsets()).toEqual([]);
    consumer.core.resume(undefined);
    world.run(2000);
    expect(offsets()).toEqual(upTo(3));
  });
});
