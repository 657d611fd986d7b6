import { type KafkaError } from '../../src/errors/kafka-error.js';
import { type EpochEnd, type FoundOffset, OffsetLookup } from '../../src/consumer/offset-lookup.js';
import { FakeBrokers, lost } from './support/fake-brokers.js';

interface Asked {
  readonly brokers: FakeBrokers;
  error: KafkaError | null;
  found: FoundOffset[] | null;
  calls: number;
  cancel: () => void;
}

function ask(
  brokers: FakeBrokers,
  targets: { topic: string; partition: number; timestamp: number }[],
  timeoutMs: number | null = null,
): Asked {
  const asked: Asked = { brokers, error: null, found: null, calls: 0, cancel: () => undefined };
  asked.cancel = new OffsetLookup(brokers.cluster, 0, timeoutMs).list(targets, (error, found) => {
    asked.calls++;
    asked.error = error;
    asked.found = found;
  });
  return asked;
}
const end = (topic: string, partition: number): { topic: string; partition: number; timestamp: number } => ({
  topic,
  partition,
  timestamp: -1,
});

describe('OffsetLookup', () => {
  it('asks each leader once and answers in the order of the targets', () => {
    const brokers = new FakeBrokers();
    const logs = brokers.topic('t', [1, 2, 1]);
    for (const [i, log] of logs.entries()) log.fill(i + 1);
    logs[2]!.logStart = 2;
    const asked = ask(brokers, [{ topic: 't', partition: 2, timestamp: -2 }, end('t', 1), end('t', 0)]);
    expect(asked.calls).toBe(0);
    brokers.runtime.advance(50);
    expect(asked.found?.map(({ partition, offset }) => [partition, offset])).toEqual([
      [2, 2],
      [1, 2],
      [0, 1],
    ]);
    expect([brokers.listed.map(({ node }) => node).sort(), asked.calls, brokers.retained]).toEqual([[1, 2], 1, []]);
  });

  it('knows no offset where records have no times (43), and answers the other partitions [B137]', () => {
    const brokers = new FakeBrokers();
    for (const log of brokers.topic('t', [1, 1])) log.fill(4);
    brokers.listErrors = [43, 0];
    const asked = ask(brokers, [end('t', 0), end('t', 1)]);
    brokers.runtime.advance(50);
    expect([asked.error, asked.found?.map(({ offset }) => offset)]).toEqual([null, [-1, 4]]);
  });

  it('asks the new leader after 6 and 3, with a refresh of the metadata [B137]', () => {
    const brokers = new FakeBrokers();
    brokers.topic('t', [1])[0]!.fill(4);
    brokers.listErrors = [6, 3];
    const asked = ask(brokers, [end('t', 0)]);
    brokers.runtime.advance(2000);
    expect([asked.found?.map(({ offset }) => offset), brokers.refreshes]).toEqual([[4], 2]);
  });

  it('fails at once for a topic that this client may not see, instead of waiting for its leader', () => {
    const brokers = new FakeBrokers();
    brokers.topicErrors.set('secret', 29);
    const asked = ask(brokers, [end('secret', 0)]);
    brokers.runtime.advance(50);
    expect(asked.error).toMatchObject({ errorCode: 29, topic: 'secret' });
  });

  it('answers an empty question', () => {
    const asked = ask(new FakeBrokers(), []);
    asked.brokers.runtime.advance(1);
    expect([asked.found, asked.calls]).toEqual([[], 1]);
  });

  it('asks only the refused parts again, of the new leader', () => {
    const brokers = new FakeBrokers();
    const logs = brokers.topic('t', [1, 2]);
    logs[0]!.leader = 3;
    const asked = ask(brokers, [end('t', 0), end('t', 1)]);
    brokers.runtime.advance(1000);
    expect(asked.found?.length).toBe(2);
    expect(brokers.listed.map(({ node }) => node)).toEqual([1, 2, 3]);
    expect(brokers.refreshes).toBe(1);
  });

  it('waits for a topic that is not known yet, and for broken connections', () => {
    const brokers = new FakeBrokers();
    const asked = ask(brokers, [end('new', 0)]);
    brokers.runtime.advance(150);
    expect(asked.calls).toBe(0);
    brokers.topic('new', [1])[0]!.fill(3);
    brokers.failures = [lost()];
    brokers.runtime.advance(3000);
    expect(asked.found?.[0]?.offset).toBe(3);
  });

  it('ends at its deadline with the last error', () => {
    const brokers = new FakeBrokers();
    brokers.topic('t', [1]);
    brokers.listErrors = Array<number>(100).fill(78);
    const asked = ask(brokers, [end('t', 0)], 2000);
    brokers.runtime.advance(10_000);
    expect(asked.error).toMatchObject({ code: 'ERR_KAFKA_BROKER', errorCode: 78, topic: 't', partition: 0 });
    expect(asked.calls).toBe(1);
  });

  it('ends at once with what asking again cannot cure', () => {
    const brokers = new FakeBrokers();
    brokers.topic('t', [1, 2]);
    brokers.listErrors = [29];
    const asked = ask(brokers, [end('t', 0), end('t', 1)]);
    brokers.runtime.advance(1000);
    expect([asked.error, asked.calls, brokers.retained]).toEqual([expect.objectContaining({ errorCode: 29 }), 1, []]);
  });

  it('says nothing after it was cancelled', () => {
    const brokers = new FakeBrokers();
    brokers.latencyMs = 10;
    brokers.topic('t', [1]);
    for (const at of [0, 5]) {
      const asked = ask(brokers, [end('t', 0)]);
      brokers.runtime.advance(at);
      asked.cancel();
      asked.cancel();
      brokers.runtime.advance(1000);
      expect([asked.calls, brokers.retained]).toEqual([0, []]);
    }
  });

  it('finds where an epoch ends', () => {
    const brokers = new FakeBrokers();
    brokers.topic('t', [1])[0]!.epochEnds.set(4, 17);
    let ends: EpochEnd[] | null = null;
    new OffsetLookup(brokers.cluster, 0).endOfEpoch([{ topic: 't', partition: 0, leaderEpoch: 4 }], (_, found) => {
      ends = found;
    });
    brokers.runtime.advance(100);
    expect(ends).toEqual([{ topic: 't', partition: 0, leaderEpoch: 4, endOffset: 17 }]);
  });
});
