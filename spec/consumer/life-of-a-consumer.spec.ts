import type { Observable } from 'rxjs';
import { BrokerError, utf8 } from '../../src/index.js';
import type { ClientEvent } from '../../src/index.js';
import { fetchApi } from '../../src/protocol/messages/fetch.js';
import { joinGroupApi } from '../../src/protocol/messages/join-group.js';
import { ConsumerWorld } from './support/consumer-world.js';
import { Reader, VirtualKafka } from './support/virtual-kafka.js';

/** A reader of `t`, one partition, in a group. */
function bench(options: object = {}): { virtual: VirtualKafka; reader: Reader; told: ClientEvent[] } {
  const virtual = new VirtualKafka();
  virtual.topic('t', 1);
  const consumer = virtual.kafka.consumer<string, string>({
    topics: 't',
    groupId: 'g',
    keyDeserializer: utf8,
    valueDeserializer: utf8,
    autoOffsetReset: 'earliest',
    acknowledge: 'explicit',
    ...options,
  } as never);
  const told: ClientEvent[] = [];
  virtual.kafka.events$.subscribe((event) => told.push(event));
  return { virtual, reader: new Reader(consumer), told };
}

/** Timers and hops that stand at most within ten seconds. */
function standing(virtual: VirtualKafka): number {
  let most = 0;
  for (let at = 0; at < 100; at++) {
    virtual.advance(100);
    most = Math.max(most, virtual.runtime.pending);
  }
  return most;
}

it('[C12] a consumer starts where its offsetStore says, in front of what is committed', () => {
  const { virtual, reader } = bench({ offsetStore: { load: () => [[{ topic: 't', partition: 0, offset: 3 }]] } });
  virtual.fill('t', 5);
  virtual.committed.set('t-0', 1);
  reader.subscribe();
  virtual.advance(5000);
  expect(reader.take()).toEqual(['t-0:3', 't-0:4']);
});

describe('waiting for records', () => {
  it('[D#628, D#487] leaves no timer and no call behind, however long it takes and whatever is asked meanwhile', async () => {
    const { virtual, reader } = bench();
    const before = virtual.runtime.pending;
    reader.subscribe();
    virtual.advance(10_000);
    const { consumer } = reader;
    const tp = { topic: 't', partition: 0 };
    let answers = 0;
    const ask = (): void => {
      const questions: Observable<unknown>[] = [
        consumer.position(tp),
        consumer.endOffsets([tp]),
        consumer.committed([tp]),
      ];
      for (const question of questions) {
        question.subscribe(() => (answers += 1));
        // and one that nobody waits for any more
        question.subscribe().unsubscribe();
      }
      virtual.advance(50);
    };
    ask();
    // a few may meet by chance; one left behind by each question or subscription would be dozens or hundreds
    const usual = standing(virtual) + 5;
    for (let round = 1; round < 300; round++) ask();
    expect(answers).toBe(900);
    expect(standing(virtual)).toBeLessThanOrEqual(usual);
    virtual.advance(600_000);
    expect(standing(virtual)).toBeLessThanOrEqual(usual);

    for (let round = 0; round < 50; round++) {
      reader.unsubscribe();
      virtual.advance(500);
      reader.subscribe();
      virtual.advance(2000);
    }
    expect(standing(virtual)).toBeLessThanOrEqual(usual);

    const closed = virtual.kafka.close();
    virtual.advance(20_000);
    await closed;
    // the end of the last connection arrives one turn later
    virtual.advance(1);
    expect([virtual.runtime.pending, virtual.runtime.alive]).toEqual([before, 0]);
  });
});

describe('a start that fails', () => {
  it('[D#1019] ends the stream with its reason, holds nothing, and may be tried again', () => {
    const { virtual, reader } = bench();
    const before = virtual.runtime.pending;
    virtual.broker.on(joinGroupApi, () => ({ errorCode: 30, members: [] }));
    reader.subscribe();
    virtual.advance(20_000);
    expect(reader.end).toBeInstanceOf(BrokerError);
    expect(reader.end).toMatchObject({ errorCode: 30, fatal: true });
    expect([reader.held, virtual.group.members.size, virtual.runtime.alive]).toEqual([[], 0, 0]);
    const joins = virtual.broker.asked(joinGroupApi).length;
    virtual.advance(600_000);
    // idle connections are closed by now as well
    expect(virtual.runtime.pending).toBeLessThanOrEqual(before + 1);
    expect(virtual.broker.asked(joinGroupApi)).toHaveLength(joins);
    reader.subscribe();
    virtual.advance(20_000);
    expect(virtual.broker.asked(joinGroupApi).length).toBeGreaterThan(joins);
  });
});

describe('trouble that passes', () => {
  it('[KJ#1513] is retried and told, and does not reach the stream', () => {
    const { virtual, reader, told } = bench();
    virtual.fill('t', 1);
    virtual.broker.stop();
    reader.subscribe();
    virtual.advance(60_000);
    expect([reader.end, reader.records]).toEqual([null, []]);
    expect(told.map(({ type }) => type)).toContain('disconnected');
    virtual.broker.start();
    virtual.advance(20_000);
    expect([reader.end, reader.records]).toEqual([null, ['t-0:0']]);
  });
});

describe('clocks', () => {
  it('[D#764] begin with the first delivery: not when the consumer was made, and not when it subscribed', () => {
    const world = new ConsumerWorld(1);
    const consumer = world.consumer({ maxPollIntervalMs: 20_000, stallWarningMs: 10_000 });
    consumer.onRecord = () => undefined;
    world.run(600_000, 1000);
    expect(consumer.groupWire.calls).toEqual([]);
    consumer.subscribe();
    world.run(100_000, 1000);
    world.fill(0, 1);
    world.run(9000);
    expect([consumer.kinds().includes('stalled'), consumer.held.length]).toEqual([false, 1]);
    world.run(9000);
    expect([consumer.kinds().includes('stalled'), consumer.held.length]).toEqual([true, 1]);
    world.run(5000);
    expect(consumer.kinds()).toContain('expired');
  });
});

describe('state and events', () => {
  it('[D#1154] say when the group is out of reach, and when it is back; meanwhile nothing is delivered', () => {
    const world = new ConsumerWorld(1);
    const consumer = world.consumer();
    let reads = 0;
    consumer.onRecord = ({ lease }) => {
      reads += 1;
      lease.ack();
    };
    consumer.subscribe();
    world.run(5000);
    expect([...new Set(consumer.states)]).toEqual(['joining', 'stable']);
    world.wire = () => null;
    world.run(30_000);
    expect(consumer.kinds()).toContain('lost');
    expect(consumer.states.at(-1)).not.toBe('stable');
    world.fill(0, 5);
    world.run(30_000);
    expect([reads, consumer.held, consumer.over]).toEqual([0, [], false]);
    world.wire = () => true;
    world.run(30_000);
    expect([reads, consumer.held.length, consumer.states.at(-1)]).toEqual([5, 1, 'stable']);
    consumer.unsubscribe();
    world.run(5000);
    expect(consumer.states.at(-1)).toBe('idle');
  });
});

describe('time', () => {
  const clocks = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'] as const;
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('[E13] is that of the runtime alone: joining, reading and committing need no promise and no timer of Node', () => {
    const spies = clocks.map((name) => jest.spyOn(globalThis, name));
    const { virtual, reader } = bench({ commit: { everyMs: 100 } });
    virtual.fill('t', 50);
    reader.subscribe();
    virtual.advance(20_000);
    // this is one turn of the event loop: whatever waited for a promise did not happen
    expect(reader.records).toHaveLength(50);
    expect(virtual.committed.get('t-0')).toBe(50);
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  });
});

describe('the fetch version', () => {
  it('[D#1112, D#843] is one in which brokers hand out zstd; what an older one answers has its name', () => {
    const { virtual, reader } = bench();
    reader.subscribe();
    virtual.advance(20_000);
    const versions = virtual.broker.asked(fetchApi).map(({ version }) => version);
    expect(versions.length).toBeGreaterThan(0);
    expect(Math.min(...versions)).toBeGreaterThanOrEqual(10);
    const refused = new BrokerError(76, 'Fetch');
    expect([refused.errorName, refused.retriable]).toEqual(['UNSUPPORTED_COMPRESSION_TYPE', false]);
  });
});
