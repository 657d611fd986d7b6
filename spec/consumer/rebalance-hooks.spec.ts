import { NEVER, Subject, throwError, timer } from 'rxjs';
import { TimeoutExpiredError, UsageError, utf8 } from '../../src/index.js';
import type { RebalanceContext } from '../../src/model/consumer.js';
import type { TopicPartition } from '../../src/model/topic-partition.js';
import { Reader, VirtualKafka } from './support/virtual-kafka.js';

const names = (partitions: readonly TopicPartition[]): string =>
  partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(' ');

/** A member of a group on topic `t` with two partitions of three records, subscribed. */
function bench(options: object, subscribe = true): [VirtualKafka, Reader] {
  const virtual = new VirtualKafka();
  virtual.topic('t', 2);
  virtual.fill('t', 3);
  virtual.topic('u', 1);
  const consumer = virtual.kafka.consumer<string, string>({
    topics: ['t'],
    groupId: 'g',
    keyDeserializer: utf8,
    valueDeserializer: utf8,
    autoOffsetReset: 'earliest',
    heartbeatIntervalMs: 100,
    sessionTimeoutMs: 5000,
    drainTimeoutMs: 4000,
    ...options,
  });
  const reader = new Reader(consumer);
  if (subscribe) reader.subscribe();
  return [virtual, reader];
}

const types = (reader: Reader): string[] =>
  reader.events.map(({ type }) => type as string).filter((type) => type !== 'caughtUp');
/** Everything that happened, so that a spec can compare the order. */
type Journal = string[];

describe('onAssigned', () => {
  it('is awaited before anything is delivered, and a seek in it counts before the first delivery [C12]', () => {
    const gate = new Subject<void>();
    const journal: Journal = [];
    const [virtual, reader] = bench({
      onAssigned: (partitions: readonly TopicPartition[], context: RebalanceContext) => {
        journal.push(names(partitions));
        context.seek({ topic: 't', partition: 1 }, 2);
        return gate;
      },
    });
    virtual.advance(3000);
    expect([journal, reader.take(), types(reader)]).toEqual([['t-0 t-1'], [], []]);
    gate.complete();
    virtual.advance(2000);
    expect(reader.take()).toEqual(['t-0:0', 't-0:1', 't-0:2', 't-1:2']);
    expect(types(reader)).toEqual(['assigned']);
  });

  it.each([
    ['throws', (): never => boom()],
    ['gives an Observable that fails', () => throwError(() => error)],
  ])(
    'that %s ends the subscription with its error, delivers nothing and leaves the group [B151] [D#R10]',
    (_, hook) => {
      const [virtual, reader] = bench({ onAssigned: hook });
      virtual.advance(3000);
      expect([reader.end, reader.take()]).toEqual([error, []]);
      expect(reader.events).toMatchObject([
        { type: 'hookFailed', hook: 'onAssigned', partitions: [{ partition: 0 }, { partition: 1 }], error },
        { type: 'lost' },
      ]);
      expect([virtual.group.members.size, reader.held]).toEqual([0, []]);
      // what the broker holds for it is gone, so another subscription may try again at once
      expect(virtual.runtime.alive).toBe(0);
    },
  );

  it('that does not end fails like a throw at its deadline', () => {
    let deadline = 0;
    const [virtual, reader] = bench({
      onAssigned: (_: unknown, context: RebalanceContext) => {
        ({ deadline } = context);
        return NEVER;
      },
    });
    virtual.runtime.until('the hook runs', () => deadline > 0);
    virtual.advance(deadline - virtual.runtime.now() - 1);
    expect(reader.end).toBeNull();
    virtual.advance(50);
    expect(reader.end).toBeInstanceOf(TimeoutExpiredError);
    expect(virtual.group.members.size).toBe(0);
  });

  it('moves only what it was given, to offsets that exist', () => {
    const refused: unknown[] = [];
    const [virtual] = bench({
      onAssigned: (_: unknown, context: RebalanceContext) => {
        for (const [tp, offset] of [
          [{ topic: 't', partition: 7 }, 1],
          [{ topic: 't', partition: 0 }, -1],
          [{ topic: 't', partition: 0 }, 0.5],
        ] as const) {
          try {
            context.seek(tp, offset);
          } catch (thrown) {
            refused.push(thrown);
          }
        }
      },
    });
    virtual.advance(2000);
    expect(refused).toHaveLength(3);
    for (const thrown of refused) expect(thrown).toBeInstanceOf(UsageError);
  });
});

describe('onRevoked', () => {
  it.each([
    ['drain', (reader: Reader): void => void reader.consumer.drain()],
    ['close', (reader: Reader): void => void reader.consumer.close()],
    [
      'unsubscribe',
      (reader: Reader): void => {
        reader.unsubscribe();
      },
    ],
    [
      'select',
      (reader: Reader): void => {
        reader.consumer.select(null);
      },
    ],
    [
      'select of other topics',
      (reader: Reader): void => {
        reader.consumer.select({ topics: 'u' });
      },
    ],
  ])('runs on %s, after open work settled and before the last commit', (_, stop) => {
    const journal: Journal = [];
    const open: (() => void)[] = [];
    const [virtual, reader] = bench({
      commit: { everyRecords: 1_000_000 },
      onRevoked: (partitions: readonly TopicPartition[]) => {
        journal.push(`revoked ${names(partitions)} committed ${virtual.committed.get('t-0') ?? 'nothing'}`);
        return timer(300, virtual.runtime.scheduler);
      },
    });
    reader.acks = false;
    // a lease that is read was taken over by somebody downstream, and may settle after unsubscribe as well
    reader.onRecord = ({ lease }): void => void open.push(() => lease.ack());
    virtual.advance(3000);
    expect(virtual.committed.get('t-0')).toBe(0);
    stop(reader);
    virtual.advance(500);
    if (journal.length === 0) for (const settle of open) settle();
    virtual.advance(200);
    expect(journal).toEqual(['revoked t-0 t-1 committed 0']);
    virtual.advance(2000);
    expect(journal).toHaveLength(1);
    expect(types(reader)).toEqual(expect.arrayContaining(['revoked', 'handedOff']));
  });

  it('that throws at a rebalance ends the subscription with its error, commits nothing and leaves the group [B151]', () => {
    const [virtual, reader] = bench({ commit: { everyRecords: 1_000_000 }, onRevoked: boom });
    virtual.advance(3000);
    expect(reader.take()).toHaveLength(6);
    reader.consumer.select({ topics: 'u' });
    virtual.advance(3000);
    expect(reader.end).toBe(error);
    expect([virtual.committed.get('t-0'), virtual.group.members.size]).toEqual([0, 0]);
    expect(types(reader)).toContain('hookFailed');
  });

  it('that throws at close is told to the subscriber, and close ends all the same [B165]', async () => {
    const [virtual, reader] = bench({ onRevoked: boom });
    virtual.advance(3000);
    const closed = reader.consumer.close();
    virtual.advance(1000);
    await closed;
    expect([reader.end, virtual.group.members.size]).toEqual([error, 0]);
  });

  it('that waits for the end of its own stream is left behind at the deadline and reported [RL4]', () => {
    const ended = new Subject<void>();
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const [virtual, reader] = bench({ onRevoked: () => ended });
    virtual.advance(3000);
    reader.events.length = 0;
    reader.consumer.select({ topics: 'u' });
    virtual.advance(5000);
    // what is new does not wait for what is given up
    expect(types(reader)).toEqual(['assigned', 'hookFailed', 'revoked', 'handedOff']);
    expect(reader.events.find(({ type }) => type === 'hookFailed')).toMatchObject({
      hook: 'onRevoked',
      error: { code: 'ERR_KAFKA_TIMEOUT' },
    });
    expect(String(warn.mock.calls[0]![0])).toContain('onRevoked was not done by its deadline');
    warn.mockRestore();
    // the group did not wait, and what was settled is committed
    expect([reader.held, reader.end, virtual.committed.get('t-0')]).toEqual([['u-0'], null, 3]);
  });

  it('runs after an onAssigned that is still running, and only for what that has seen [B165]', () => {
    const gate = new Subject<void>();
    const journal: Journal = [];
    const [virtual, reader] = bench({
      onAssigned: (partitions: readonly TopicPartition[]) => {
        journal.push(`assigned ${names(partitions)}`);
        return gate;
      },
      onRevoked: (partitions: readonly TopicPartition[]) => void journal.push(`revoked ${names(partitions)}`),
    });
    virtual.advance(3000);
    void reader.consumer.close();
    virtual.advance(1000);
    expect(journal).toEqual(['assigned t-0 t-1']);
    gate.complete();
    virtual.advance(1000);
    expect([journal, reader.end]).toEqual([['assigned t-0 t-1', 'revoked t-0 t-1'], 'completed']);
    const never = bench({ onRevoked: () => void journal.push('never') });
    void never[1].consumer.close();
    never[0].advance(1000);
    expect(journal).not.toContain('never');
  });
});

describe('onLost', () => {
  it('runs when the session is over, and onAssigned of what comes back waits for it', () => {
    const journal: Journal = [];
    const [virtual, reader] = bench({
      onAssigned: (partitions: readonly TopicPartition[]) => void journal.push(`assigned ${names(partitions)}`),
      onRevoked: (partitions: readonly TopicPartition[]) => void journal.push(`revoked ${names(partitions)}`),
      onLost: (partitions: readonly TopicPartition[]) => {
        journal.push(`lost ${names(partitions)}`);
        timer(1000, virtual.runtime.scheduler).subscribe(() => journal.push('lost is done'));
        return timer(1000, virtual.runtime.scheduler);
      },
    });
    virtual.advance(3000);
    // expelled: the next heartbeat is answered with UNKNOWN_MEMBER_ID
    virtual.group.members.clear();
    virtual.advance(4000);
    expect(journal).toEqual(['assigned t-0 t-1', 'lost t-0 t-1', 'lost is done', 'assigned t-0 t-1']);
    expect(reader.end).toBeNull();
  });

  it('that throws ends the subscription with its error', () => {
    const [virtual, reader] = bench({ onLost: boom });
    virtual.advance(3000);
    virtual.group.members.clear();
    virtual.advance(3000);
    expect([reader.end, virtual.group.members.size]).toEqual([error, 0]);
  });
});

const error = new Error('a hook failed');
function boom(): never {
  throw error;
}
