import type { FetchedRecord } from '../../src/consumer/fetched-record.js';
import { ConsumerWorld, type WorldConsumer } from './support/consumer-world.js';

/** One consumer of two partitions whose pipe keeps every record until `release` is called for it. */
function hung(options: object = {}): { world: ConsumerWorld; consumer: WorldConsumer; kept: FetchedRecord[] } {
  const world = new ConsumerWorld(2);
  const consumer = world.consumer({ maxPollIntervalMs: 20_000, ...options });
  const kept: FetchedRecord[] = [];
  consumer.onRecord = (record) => {
    if (record.partition === 0) kept.push(record);
    else record.lease.ack();
  };
  consumer.subscribe();
  world.run(2000);
  expect(consumer.held).toHaveLength(2);
  return { world, consumer, kept };
}

describe('a member past maxPollIntervalMs', () => {
  it('[D#848] leaves, its partitions end as lost, and the subscription goes on', () => {
    const { world, consumer, kept } = hung();
    world.fill(0, 3);
    world.run(19_000);
    expect(consumer.held).toHaveLength(2);
    world.run(4000);
    expect(kept).toHaveLength(3);
    expect(consumer.held).toEqual([]);
    expect(world.group.members.size).toBe(0);
    expect(consumer.events).toContainEqual({ type: 'expired', offsets: [{ topic: 't', partition: 0, offset: 0 }] });
    expect(consumer.said.slice(-3)).toEqual(['ended t-0 lost', 'ended t-1 lost', 'lost t-0 t-1']);
    expect([consumer.over, consumer.error]).toEqual([false, null]);
    expect(consumer.core.why({ topic: 't', partition: 0 }).paused).toEqual(['expired']);
  });

  it('[D#847] stays away while nothing moves, and joins again when the hung step settles what it had', () => {
    const { world, consumer, kept } = hung();
    world.fill(0, 3);
    world.run(600_000, 1000);
    expect(world.group.members.size).toBe(0);
    expect(kept[0]!.lease.ack()).toBe('fenced');
    world.run(2000);
    expect(consumer.held).toHaveLength(2);
    expect(world.group.members.size).toBe(1);
    expect(consumer.core.why({ topic: 't', partition: 0 }).paused).toEqual([]);
    // everything that was not settled in time comes again
    expect(kept.map(({ offset }) => offset)).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('does not count what comes from partitions that were not stuck', () => {
    const { world, consumer, kept } = hung();
    const others: FetchedRecord[] = [];
    consumer.onRecord = (record) => (record.partition === 0 ? kept : others).push(record);
    world.fill(0, 1);
    world.run(19_000);
    world.fill(1, 1);
    world.run(4000);
    expect(consumer.held).toEqual([]);
    expect(others[0]!.lease.ack()).toBe('fenced');
    world.run(5000);
    expect(world.group.members.size).toBe(0);
    kept[0]!.lease.release();
    world.run(2000);
    expect(world.group.members.size).toBe(1);
  });

  it('counts what is settled between the decision and the loss', () => {
    const { world, consumer, kept } = hung();
    world.fill(0, 1);
    let answer = '';
    const push = consumer.events.push.bind(consumer.events);
    consumer.events.push = (event) => {
      if (event.type === 'expired') answer = kept[0]!.lease.ack();
      return push(event);
    };
    world.run(30_000);
    expect(answer).toBe('accepted');
    expect(consumer.kinds()).toContain('lost');
    expect(consumer.held).toHaveLength(2);
  });

  it('joins again for another subscriber: the pipe that hung is gone', () => {
    const { world, consumer } = hung();
    world.fill(0, 1);
    world.run(30_000);
    expect(world.group.members.size).toBe(0);
    consumer.unsubscribe();
    consumer.subscribe();
    world.run(2000);
    expect(world.group.members.size).toBe(1);
    expect(consumer.held).toHaveLength(2);
  });

  it('leaves the group for good when it is closed meanwhile', () => {
    const { world, consumer, kept } = hung();
    world.fill(0, 1);
    world.run(30_000);
    let closed = false;
    consumer.core.close(1000, undefined, () => (closed = true));
    world.run(2000);
    kept[0]!.lease.ack();
    world.run(5000);
    expect([closed, world.group.members.size, consumer.held.length]).toEqual([true, 0, 0]);
  });

  it('falls silent when it is static, until its session ends on the broker', () => {
    const { world, consumer, kept } = hung({ groupInstanceId: 'i' });
    world.fill(0, 1);
    world.run(22_000);
    expect(consumer.held).toEqual([]);
    expect(world.group.members.size).toBe(1);
    expect(consumer.groupWire.count('LeaveGroup')).toBe(0);
    const beats = consumer.groupWire.count('Heartbeat');
    world.run(14_000);
    expect(consumer.groupWire.count('Heartbeat')).toBe(beats);
    expect(world.group.members.size).toBe(0);
    kept[0]!.lease.ack();
    world.run(2000);
    expect(consumer.held).toHaveLength(2);
  });
});

describe('a member keeps its membership past maxPollIntervalMs', () => {
  it('[D#1187] with nothing assigned', () => {
    const world = new ConsumerWorld(1);
    const members = [world.consumer({ maxPollIntervalMs: 20_000 }), world.consumer({ maxPollIntervalMs: 20_000 })];
    for (const member of members) member.subscribe();
    world.run(100_000, 1000);
    expect(world.group.members.size).toBe(2);
    expect(members.map(({ held }) => held.length).sort()).toEqual([0, 1]);
  });

  it('while there are no records', () => {
    const { world, consumer } = hung();
    world.run(100_000, 1000);
    expect([world.group.members.size, consumer.held.length]).toEqual([1, 2]);
  });

  it('[D#848, W4] paused by the user with nothing open', () => {
    const { world, consumer } = hung();
    consumer.core.pause([{ topic: 't', partition: 0 }]);
    world.fill(0, 3);
    world.run(100_000, 1000);
    expect([world.group.members.size, consumer.held.length]).toEqual([1, 2]);
    expect(consumer.core.why({ topic: 't', partition: 0 }).paused).toEqual(['user']);
  });

  it('held on purpose by an operator, whose time begins anew when the hold ends', () => {
    const { world, consumer } = hung();
    world.fill(0, 3);
    world.run(1000);
    const end = consumer.cursor(0).hold('pauseWhile');
    world.run(100_000, 1000);
    expect(world.group.members.size).toBe(1);
    expect(consumer.core.why({ topic: 't', partition: 0 }).paused).toEqual(['pauseWhile']);
    expect(consumer.kinds()).not.toContain('stalled');
    end();
    world.run(18_000);
    expect(world.group.members.size).toBe(1);
    world.run(4000);
    expect(world.group.members.size).toBe(0);
  });

  it('while something is settled now and then, however old the oldest record is', () => {
    const { world, consumer, kept } = hung();
    for (let round = 0; round < 10; round++) {
      world.fill(0, 1);
      world.run(15_000, 1000);
      kept.at(-1)!.lease.ack();
    }
    expect([world.group.members.size, consumer.held.length]).toEqual([1, 2]);
  });

  it('with partitions taken by hand', () => {
    const world = new ConsumerWorld(1);
    const consumer = world.consumer({ groupId: 'g', topics: undefined, partitions: [{ topic: 't', partition: 0 }] });
    consumer.onRecord = () => undefined;
    consumer.subscribe();
    world.fill(0, 1);
    world.run(400_000, 1000);
    expect(consumer.held).toHaveLength(1);
    expect(consumer.kinds()).not.toContain('expired');
  });
});

describe('a partition that stands still is told once', () => {
  it('[L23, E12] by age since delivery, with the record that holds it', () => {
    const { world, consumer } = hung({ stallWarningMs: 10_000, maxPollIntervalMs: 300_000 });
    consumer.core.pause([{ topic: 't', partition: 0 }]);
    world.fill(0, 3);
    world.run(30_000);
    consumer.core.resume([{ topic: 't', partition: 0 }]);
    world.run(9000);
    expect(consumer.kinds()).not.toContain('stalled');
    world.run(30_000);
    const stalls = consumer.events.filter(({ type }) => type === 'stalled');
    expect(stalls).toEqual([{ type: 'stalled', topic: 't', partition: 0, offset: 0, reason: 'unsettled' }]);
    expect(consumer.warnings).toHaveLength(1);
  });

  it('[L18, W4] when nobody subscribes its stream', () => {
    const world = new ConsumerWorld(1);
    const consumer = world.consumer();
    consumer.opened = () => undefined;
    consumer.subscribe();
    world.fill(0, 1);
    world.run(20_000);
    const stalls = consumer.events.filter(({ type }) => type === 'stalled');
    expect(stalls).toEqual([{ type: 'stalled', topic: 't', partition: 0, offset: 0, reason: 'unsubscribed' }]);
    expect(consumer.core.why({ topic: 't', partition: 0 }).paused).toEqual(['unsubscribed']);
  });
});
