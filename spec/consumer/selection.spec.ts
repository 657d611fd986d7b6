import { ClientClosedError, InvalidOptionError, utf8 } from '../../src/index.js';
import type { ConsumerOptions } from '../../src/model/consumer.js';
import { Reader, VirtualKafka } from './support/virtual-kafka.js';

type Options = ConsumerOptions<string, string>;
const texts = {
  keyDeserializer: utf8,
  valueDeserializer: utf8,
  autoOffsetReset: 'earliest',
  acknowledge: 'explicit',
} as const;
const all = (topic: string, partitions: number, count: number): string[] =>
  Array.from(
    { length: partitions * count },
    (_, n) => `${topic}-${n % partitions}:${Math.floor(n / partitions)}`,
  ).sort();

/** Topics `a` (2 partitions) and `b` (1), three records each; a reader that is not subscribed yet. */
function bench(options: object, kafka: object = {}): [VirtualKafka, Reader] {
  const virtual = new VirtualKafka({ metadataMaxAgeMs: 1000, ...kafka });
  virtual.topic('a', 2);
  virtual.topic('b', 1);
  virtual.fill('a', 3);
  virtual.fill('b', 3);
  const consumer = virtual.kafka.consumer<string, string>({ ...texts, ...options } as unknown as Options);
  return [virtual, new Reader(consumer)];
}

const inGroup = { groupId: 'g', heartbeatIntervalMs: 100, sessionTimeoutMs: 5000 };

describe.each([['without a group', {}] as const, ['in a group', inGroup] as const])('topics %s', (_name, group) => {
  it('are replaced, and nothing of the old ones that is buffered comes any more [B124] [C27] [CM5] [CM6]', () => {
    const [virtual, reader] = bench({ topics: ['a'], ...group, window: { records: 1 } });
    // one record of each partition, and the next ones wait in the buffer
    reader.acks = false;
    reader.subscribe();
    virtual.advance(3000);
    expect(reader.take()).toEqual(['a-0:0', 'a-1:0']);
    expect(reader.consumer.why({ topic: 'a', partition: 0 }).paused).toContain('window');
    reader.acks = true;
    reader.consumer.select({ topics: 'b' });
    expect(reader.consumer.selection).toEqual({ topics: ['b'] });
    virtual.advance(40_000);
    expect(reader.take()).toEqual(all('b', 1, 3));
    expect(reader.held).toEqual(['b-0']);
    expect(reader.end).toBeNull();
  });

  it('deliver nothing after the select call, not even in the slice in which it was made', () => {
    const [virtual, reader] = bench({ topics: ['a', 'b'], ...group });
    reader.onRecord = ({ topic }): void => {
      if (topic === 'a') reader.consumer.select({ topics: ['b'] });
    };
    reader.subscribe();
    virtual.advance(20_000);
    expect(reader.take().filter((record) => record.startsWith('a'))).toHaveLength(1);
    expect(reader.held).toEqual(['b-0']);
  });

  it('that stay selected keep their position and their stream', () => {
    const [virtual, reader] = bench({ topics: ['a'], ...group });
    reader.subscribe();
    virtual.advance(3000);
    reader.take();
    reader.events.length = 0;
    reader.consumer.select({ topics: ['a', 'b'] });
    virtual.advance(10_000);
    expect(reader.take()).toEqual(all('b', 1, 3));
    expect(reader.held).toEqual(['a-0', 'a-1', 'b-0']);
    expect(reader.events.filter(({ type }) => type === 'revoked')).toEqual([]);
  });

  it('come to nothing with null: partitions are drained and given up, the subscriber waits, and reads on [CM7]', () => {
    const [virtual, reader] = bench({ topics: ['a'], ...group });
    reader.subscribe();
    virtual.advance(3000);
    expect(reader.take()).toEqual(all('a', 2, 3));
    reader.consumer.select(null);
    virtual.advance(3000);
    expect([reader.held, reader.consumer.selection, reader.end]).toEqual([[], null, null]);
    expect(virtual.group.members.size).toBe(0);
    virtual.fill('a', 2);
    virtual.advance(20_000);
    expect(reader.take()).toEqual([]);
    reader.consumer.select({ topics: 'a' });
    virtual.advance(5000);
    // a group knows where it was; without one the reset policy decides again
    expect(reader.take()).toHaveLength('groupId' in group ? 4 : 10);
  });

  it('may be selected before subscribing, and none as well [C2] [B144]', () => {
    const [virtual, reader] = bench({ topics: ['a'], ...group });
    reader.consumer.select(null);
    reader.subscribe();
    virtual.advance(5000);
    expect([reader.take(), reader.held, virtual.broker.requests]).toEqual([[], [], []]);
    reader.unsubscribe();
    virtual.advance(1000);
    reader.consumer.select({ topics: ['b'] });
    virtual.advance(1000);
    expect(virtual.broker.requests).toEqual([]);
    reader.subscribe();
    virtual.advance(5000);
    expect(reader.take()).toEqual(all('b', 1, 3));
  });

  it('of one turn count once: what is selected again in it is never given up', () => {
    const [virtual, reader] = bench({ topics: ['a'], ...group });
    reader.subscribe();
    virtual.advance(3000);
    reader.take();
    reader.events.length = 0;
    const { rebalances } = virtual.group;
    reader.consumer.select(null);
    reader.consumer.select({ topics: 'b' });
    reader.consumer.select({ topics: 'a' });
    virtual.fill('a', 1);
    virtual.advance(5000);
    expect(reader.take()).toEqual(['a-0:3', 'a-1:3']);
    expect([reader.events, virtual.group.rebalances]).toEqual([[], rebalances]);
  });

  it('that are selected again while they drain begin anew when the drain has ended', () => {
    const [virtual, reader] = bench({ topics: ['a', 'b'], ...group, drainTimeoutMs: 4000 });
    const open: (() => void)[] = [];
    reader.acks = false;
    reader.onRecord = ({ topic, lease }): void => {
      if (topic === 'a') open.push(() => lease.ack());
      else lease.ack();
    };
    reader.subscribe();
    virtual.advance(3000);
    reader.take();
    reader.consumer.select({ topics: ['b'] });
    virtual.advance(1000);
    expect(reader.held).toEqual(['a-0', 'a-1', 'b-0']);
    reader.consumer.select({ topics: ['a', 'b'] });
    virtual.advance(1000);
    reader.events.length = 0;
    for (const settle of open.splice(0)) settle();
    virtual.advance(5000);
    expect(reader.events.map(({ type }) => type)).toEqual(expect.arrayContaining(['revoked', 'assigned']));
    expect(reader.held).toEqual(['a-0', 'a-1', 'b-0']);
    expect(reader.take()).toEqual('groupId' in group ? [] : all('a', 2, 3));
  });
});

describe('another kind of selection', () => {
  const others = [{ pattern: /a/ }, { partitions: [{ topic: 'a', partition: 0 }] }];

  it.each(others)('is refused while one is selected, and changes nothing: %p [B139] [C1]', (other) => {
    const [virtual, reader] = bench({ topics: 'a' });
    expect(() => {
      reader.consumer.select(other);
    }).toThrow(InvalidOptionError);
    expect(reader.consumer.selection).toEqual({ topics: ['a'] });
    reader.subscribe();
    virtual.advance(2000);
    expect(() => {
      reader.consumer.select(other);
    }).toThrow(/select\(null\) first/);
    expect(reader.take()).toEqual(all('a', 2, 3));
  });

  it.each(others)('may follow after none, in the same turn as well: %p [B139]', (other) => {
    const [virtual, reader] = bench({ topics: 'b', ...inGroup });
    reader.subscribe();
    virtual.advance(2000);
    reader.take();
    reader.consumer.select(null);
    reader.consumer.select(other);
    virtual.advance(10_000);
    expect(reader.take()).toEqual('pattern' in other ? all('a', 2, 3) : ['a-0:0', 'a-0:1', 'a-0:2']);
    // partitions by hand need no member
    expect(virtual.group.members.size).toBe('pattern' in other ? 1 : 0);
    expect(reader.end).toBeNull();
  });

  it.each([
    [{}, /one of topics/],
    [{ topics: 'a', pattern: /a/ }, /exclude each other/],
    [{ pattern: 'a' }, /RegExp/],
    [{ topics: [] }, /non-empty/],
    [{ topics: [''] }, /non-empty/],
    [{ topics: 7 }, /topic name/],
    [{ partitions: [{ topic: 'a' }] }, /topic, partition/],
    [{ partitions: [] }, /non-empty/],
    [{ topic: 'a' }, /topics/],
    [7, /object/],
  ])('or none at all is an error at the call: %p [B140]', (selection, message) => {
    const [, reader] = bench({ topics: 'a' });
    expect(() => {
      reader.consumer.select(selection as never);
    }).toThrow(message);
    expect(reader.consumer.selection).toEqual({ topics: ['a'] });
  });

  it('after close is refused', async () => {
    const [virtual, reader] = bench({ topics: 'a' });
    const closed = reader.consumer.close();
    virtual.advance(10);
    await closed;
    expect(() => {
      reader.consumer.select(null);
    }).toThrow(ClientClosedError);
  });
});

describe.each([['without a group', {}] as const, ['in a group', inGroup] as const])('a pattern %s', (_name, group) => {
  it('finds topics that appear later within metadataMaxAgeMs and creates none [C14] [B141] [D#46]', () => {
    const [virtual, reader] = bench({ pattern: /^x/, ...group });
    reader.subscribe();
    virtual.advance(5000);
    expect([reader.held, reader.end]).toEqual([[], null]);
    virtual.topic('x1', 2);
    virtual.fill('x1', 2);
    virtual.advance(1500);
    expect(reader.take()).toEqual(all('x1', 2, 2));
    virtual.topic('x2', 1);
    virtual.fill('x2', 1);
    virtual.advance(1000);
    expect(reader.held).toContain('x2-0');
    virtual.advance(1000);
    expect(reader.take()).toEqual(['x2-0:0']);
    expect(reader.held).toEqual(['x1-0', 'x1-1', 'x2-0']);
    expect(virtual.created).toEqual([]);
  });

  it('leaves internal topics out unless told otherwise [B143]', () => {
    for (const excludeInternalTopics of [true, false]) {
      const [virtual, reader] = bench({ pattern: /^.*$/, excludeInternalTopics, ...group });
      virtual.topic('__internal', 1, true);
      reader.subscribe();
      virtual.advance(5000);
      expect(reader.held.includes('__internal-0')).toBe(!excludeInternalTopics);
      expect(reader.held).toEqual(expect.arrayContaining(['a-0', 'a-1', 'b-0']));
    }
  });

  it('is replaced by another pattern, at once for topics that are known', () => {
    const [virtual, reader] = bench({ pattern: /^a$/g, ...group });
    reader.subscribe();
    virtual.advance(3000);
    expect(reader.take()).toEqual(all('a', 2, 3));
    reader.consumer.select({ pattern: /^[ab]$/ });
    virtual.advance(1000);
    expect(reader.take()).toEqual(all('b', 1, 3));
    reader.consumer.select({ pattern: /^b$/ });
    virtual.advance(1000);
    expect(reader.held).toEqual(['b-0']);
    expect(reader.end).toBeNull();
  });

  it('keeps what it has when a broker forgets a topic for one answer, and gives a deleted one up', () => {
    const [virtual, reader] = bench({ pattern: /^a$/, ...group });
    reader.subscribe();
    virtual.advance(3000);
    reader.take();
    reader.events.length = 0;
    const topic = virtual.topics.get('a')!;
    virtual.topics.delete('a');
    const asked = virtual.asked().length;
    virtual.runtime.until('one answer', () => virtual.asked().length > asked);
    virtual.topics.set('a', topic);
    virtual.advance(5000);
    expect([reader.held, reader.events]).toEqual([['a-0', 'a-1'], []]);
    virtual.topics.delete('a');
    virtual.advance(10_000);
    expect(reader.held).toEqual([]);
  });
});

it('a pattern waits for the answer about all topics before it joins [B167]', () => {
  const [virtual, reader] = bench({ pattern: /./, ...inGroup });
  reader.subscribe();
  virtual.advance(5000);
  const joins = virtual.broker.asked({ name: 'JoinGroup' });
  expect(virtual.broker.requests.findIndex(({ api }) => api === 'JoinGroup')).toBeGreaterThan(
    virtual.broker.requests.findIndex(({ api, body }) => api === 'Metadata' && body['topics'] === null),
  );
  // the broker hands out an id, and then knows all topics at once
  expect([joins.length, virtual.group.rebalances]).toEqual([2, 1]);
});

describe.each([['without a group', {}] as const, ['with a group', { groupId: 'g' }] as const])(
  'partitions by hand %s',
  (_name, group) => {
    const b0 = { topic: 'b', partition: 0 };

    it('start where they are told, or by committed offset and policy [CM3] [C16]', () => {
      const [virtual, reader] = bench({ partitions: [{ topic: 'a', partition: 1, offset: 2 }, b0], ...group });
      virtual.committed.set('b-0', 1);
      reader.subscribe();
      virtual.advance(2000);
      expect(reader.take()).toEqual(
        ['a-1:2', 'b-0:0', 'b-0:1', 'b-0:2']
          .slice('groupId' in group ? 0 : 0)
          .filter((record) => !('groupId' in group) || record !== 'b-0:0'),
      );
      expect(virtual.broker.asked({ name: 'JoinGroup' })).toEqual([]);
    });

    it('are replaced at run time; those that stay keep their position', () => {
      const [virtual, reader] = bench({ partitions: [{ topic: 'a', partition: 0 }, b0], ...group });
      reader.subscribe();
      virtual.advance(2000);
      expect(reader.take()).toHaveLength(6);
      reader.consumer.select({
        partitions: [
          { ...b0, offset: 0 },
          { topic: 'a', partition: 1, offset: 1 },
        ],
      });
      virtual.advance(2000);
      expect(reader.take()).toEqual(['a-1:1', 'a-1:2']);
      expect(reader.held).toEqual(['a-1', 'b-0']);
      reader.consumer.select(null);
      virtual.advance(2000);
      expect([reader.held, reader.end]).toEqual([[], null]);
    });
  },
);

describe('nothing selected', () => {
  it('asks metadata for nothing: none is not all [D#287]', () => {
    const [virtual, reader] = bench({ topics: 'a' });
    reader.subscribe();
    virtual.advance(3000);
    reader.consumer.select(null);
    virtual.advance(1000);
    const before = virtual.asked().length;
    virtual.advance(30_000);
    expect(virtual.asked().slice(before)).toEqual([]);
    expect(virtual.asked().every((topics) => topics?.length === 1)).toBe(true);
  });

  it('is drained and closed like anything else, also while what was selected still drains', async () => {
    const [virtual, reader] = bench({ topics: 'a', ...inGroup });
    reader.acks = false;
    reader.subscribe();
    virtual.advance(3000);
    reader.consumer.select(null);
    virtual.advance(1000);
    expect(reader.held).toEqual(['a-0', 'a-1']);
    const closed = reader.consumer.close({ timeoutMs: 500 });
    virtual.advance(600);
    await closed;
    expect([reader.end, reader.held, virtual.group.members.size]).toEqual(['completed', [], 0]);
    const [idle, waiting] = bench({ topics: 'a' });
    waiting.consumer.select(null);
    waiting.subscribe();
    idle.advance(100);
    const drained = waiting.consumer.drain();
    idle.advance(10);
    expect(await drained).toEqual({ drained: 0, abandoned: 0, committed: [] });
    expect(waiting.end).toBe('completed');
    expect(idle.runtime.alive).toBe(0);
  });
});
