import { ConnectionError } from '../../src/errors/connection-error.js';
import { ClientClosedError } from '../../src/errors/usage-error.js';
import { metadataApi } from '../../src/protocol/messages/metadata.js';
import { ClusterBench, type Outcome } from './support.js';

let bench: ClusterBench;

beforeEach(() => {
  bench = new ClusterBench();
});
afterEach(() => {
  bench.end();
});

const refresh = (): Outcome<true> => bench.outcome((done) => bench.cluster.metadata.refresh('spec', done));
const leaders = (topic: string): number[] | undefined =>
  bench.cluster.metadata.topic(topic)?.partitions.map(({ leader }) => leader);

it('[G2, D#287] asks nobody before somebody wants to know', () => {
  bench.runtime.advance(1_000_000);
  expect(bench.runtime.dials).toEqual([]);
  expect(bench.runtime.pending).toBe(0);
});

it('knows brokers, ids, leaders and replicas after the first answer', () => {
  bench.topic('t', [1, 2], 5, 'AAAAAAAAAAAAAAAAAAAAAQ');
  const { metadata } = bench.cluster;
  metadata.retain(['t']);
  bench.run(refresh());
  expect([...metadata.brokers.values()]).toEqual(
    [1, 2, 3].map((id) => ({ id, host: `b${id}`, port: 9000 + id, rack: `r${id}` })),
  );
  expect(metadata.clusterId).toBe('c');
  expect(metadata.controllerId).toBe(1);
  expect(metadata.topicName('AAAAAAAAAAAAAAAAAAAAAQ')).toBe('t');
  expect(metadata.partition('t', 1)).toMatchObject({
    partition: 1,
    leader: 2,
    leaderEpoch: 5,
    replicas: [2],
    errorCode: 0,
  });
  expect(metadata.partition('t', 2)).toBeUndefined();
  expect(metadata.version).toBeGreaterThan(0);
});

it('joins what is retained in one turn into one request, and asks at once for a topic it does not know', () => {
  bench.topic('a', [1]);
  bench.topic('b', [1]);
  bench.topic('c', [1]);
  const { metadata } = bench.cluster;
  metadata.retain(['a']);
  metadata.retain(['b', 'a']);
  bench.runtime.advance(10);
  expect(bench.questions.map(({ topics }) => topics)).toEqual([['a', 'b']]);
  metadata.retain(['c']);
  bench.runtime.advance(10);
  expect(bench.questions.map(({ topics }) => topics)).toEqual([
    ['a', 'b'],
    ['a', 'b', 'c'],
  ]);
  expect(leaders('c')).toEqual([1]);
});

it('asks again for a topic that is retained while another question is in flight', () => {
  bench.topic('a', [1]);
  bench.topic('b', [1]);
  bench.cluster.metadata.retain(['a']);
  bench.runtime.until('asked', () => bench.questions.length > 0);
  bench.cluster.metadata.retain(['b']);
  bench.runtime.advance(10);
  expect(leaders('b')).toEqual([1]);
});

it('answers a refresh with a request that was made after it', () => {
  bench.topic('t', [1]);
  bench.cluster.metadata.retain(['t']);
  bench.runtime.until('asked', () => bench.questions.length > 0);
  // the answer to the first question is on its way, and does not know of this
  bench.topic('t', [2], 1);
  const outcome = refresh();
  bench.run(outcome);
  expect(bench.questions).toHaveLength(2);
  expect(leaders('t')).toEqual([2]);
});

it('has one request in flight, joins the others, and keeps its distance', () => {
  bench.topic('t', [1]);
  bench.cluster.metadata.retain(['t']);
  bench.run(refresh());
  const first = bench.questions.length;
  const outcomes = Array.from({ length: 20 }, refresh);
  bench.runtime.advance(2000);
  expect(outcomes.map(({ times }) => times)).toEqual(new Array(20).fill(1));
  expect(bench.questions).toHaveLength(first + 1);
  const distance = bench.questions.at(-1)!.at - bench.questions.at(-2)!.at;
  expect(distance).toBeGreaterThanOrEqual(80);
});

it('asks less and less often for a topic that does not come', () => {
  bench.cluster.metadata.retain(['missing']);
  bench.runtime.advance(10_000);
  const { length } = bench.questions;
  expect(length).toBeGreaterThan(9);
  expect(length).toBeLessThan(18);
  expect(bench.cluster.metadata.topic('missing')).toMatchObject({ errorCode: 3, partitions: [] });
  bench.topic('missing', [1]);
  bench.runtime.advance(1300);
  expect(leaders('missing')).toEqual([1]);
  const after = bench.questions.length;
  bench.runtime.advance(100_000);
  expect(bench.questions).toHaveLength(after);
});

it('asks again when the answer is too old, while somebody is interested', () => {
  bench.topic('t', [1]);
  const release = bench.cluster.metadata.retain(['t']);
  bench.runtime.advance(299_000);
  expect(bench.questions).toHaveLength(1);
  bench.runtime.advance(2000);
  expect(bench.questions).toHaveLength(2);
  release();
  release();
  bench.runtime.advance(1_000_000);
  expect(bench.questions).toHaveLength(2);
  // the old answer is still there, but too old to be relied on
  bench.cluster.metadata.retain(['t']);
  bench.runtime.advance(10);
  expect(bench.questions).toHaveLength(3);
});

it('forgets topics that nobody retains any more', () => {
  bench.topic('a', [1]);
  bench.topic('b', [1]);
  bench.cluster.metadata.retain(['a']);
  const release = bench.cluster.metadata.retain(['b']);
  bench.run(refresh());
  release();
  bench.run(refresh());
  expect(bench.cluster.metadata.topics().map(({ name }) => name)).toEqual(['a']);
});

it('keeps a topic for as long as one of those who retained it needs it', () => {
  bench.topic('a', [1]);
  const { metadata } = bench.cluster;
  const first = metadata.retain(['a', 'a']);
  const second = metadata.retain(['a']);
  first();
  first();
  bench.run(refresh());
  expect(leaders('a')).toEqual([1]);
  second();
  bench.run(refresh());
  expect(leaders('a')).toBeUndefined();
});

it('knows all topics while somebody retains all', () => {
  bench.topic('a', [1]);
  bench.topic('b', [1]);
  const release = bench.cluster.metadata.retainAll();
  bench.runtime.advance(10);
  expect(bench.questions).toMatchObject([{ topics: null, create: false }]);
  expect(bench.cluster.metadata.topics()).toHaveLength(2);
  bench.topics.delete('b');
  bench.run(refresh());
  expect(bench.cluster.metadata.topics().map(({ name }) => name)).toEqual(['a']);
  release();
});

it('never lets a topic be created by those who only read it', () => {
  bench.topic('made', [1]);
  bench.cluster.metadata.retain(['made'], { autoCreate: true });
  bench.cluster.metadata.retain(['read']);
  bench.runtime.advance(20);
  expect(bench.questions.slice(0, 2)).toMatchObject([
    { topics: ['made'], create: true },
    { topics: ['read'], create: false },
  ]);
});

it('[B48] keeps what is sound of an answer with errors: topics, partitions, leaders', () => {
  bench.topic('good', [1]);
  bench.topics.set('denied', { name: 'denied', errorCode: 29 });
  bench.topics.set('odd', {
    name: 'odd',
    partitions: [
      { partitionIndex: 2, leaderId: 3, errorCode: 9 },
      { partitionIndex: 0, leaderId: 1, errorCode: 5 },
    ],
  });
  bench.cluster.metadata.retain(['good', 'denied', 'odd']);
  bench.runtime.advance(10);
  expect(leaders('good')).toEqual([1]);
  expect(bench.cluster.metadata.topic('denied')).toMatchObject({ errorCode: 29, partitions: [] });
  // partition 1 is missing in the answer; 9 says only that a replica is not available
  expect(leaders('odd')).toEqual([-1, -1, 3]);
});

describe('leader epochs', () => {
  const id = 'AAAAAAAAAAAAAAAAAAAAAQ';

  beforeEach(() => {
    bench.topic('t', [1], 5, id);
    bench.cluster.metadata.retain(['t']);
    bench.run(refresh());
  });

  it('never go back, whatever a broker that is behind says', () => {
    bench.topic('t', [2], 4, id);
    bench.run(refresh());
    expect(bench.cluster.metadata.partition('t', 0)).toMatchObject({ leader: 1, leaderEpoch: 5 });
    bench.topic('t', [3], 6, id);
    bench.run(refresh());
    expect(bench.cluster.metadata.partition('t', 0)).toMatchObject({ leader: 3, leaderEpoch: 6 });
  });

  it('never go back across an answer with an error either', () => {
    bench.topics.delete('t');
    bench.run(refresh());
    expect(bench.cluster.metadata.topic('t')!.errorCode).toBe(3);
    bench.topic('t', [2], 4, id);
    bench.run(refresh());
    expect(bench.cluster.metadata.partition('t', 0)).toMatchObject({ leader: 1, leaderEpoch: 5 });
  });

  it('begin anew with a topic of another id', () => {
    bench.topic('t', [2], 0, 'AAAAAAAAAAAAAAAAAAAAAg');
    bench.run(refresh());
    expect(bench.cluster.metadata.partition('t', 0)).toMatchObject({ leader: 2, leaderEpoch: 0 });
    expect(bench.cluster.metadata.topicName(id)).toBeUndefined();
  });

  it('are learnt from answers that name a newer leader, and listeners hear of it in a turn of their own', () => {
    const { metadata } = bench.cluster;
    let told = 0;
    metadata.onUpdate(() => told++);
    metadata.learnLeader('t', 0, 2, 6);
    expect(metadata.partition('t', 0)).toMatchObject({ leader: 2, leaderEpoch: 6 });
    metadata.learnLeader('t', 0, 9, 7, [{ nodeId: 9, host: 'b9', port: 9009, rack: null }]);
    expect(metadata.brokers.get(9)).toEqual({ id: 9, host: 'b9', port: 9009, rack: null });
    expect(told).toBe(0);
    bench.runtime.advance(0);
    expect(told).toBe(1);
    // older, equal, unknown partition, unknown broker
    const { version } = metadata;
    metadata.learnLeader('t', 0, 1, 6);
    metadata.learnLeader('t', 0, 1, 7);
    metadata.learnLeader('t', 5, 1, 9);
    metadata.learnLeader('nope', 0, 1, 9);
    metadata.learnLeader('t', 0, 88, 9);
    expect(metadata.version).toBe(version);
    // an answer that was on its way does not undo it
    bench.run(refresh());
    expect(metadata.partition('t', 0)).toMatchObject({ leader: 9, leaderEpoch: 7 });
  });
});

it('[B52] goes on after failures, tells those who wait, and closes with what is open', () => {
  const short = new ClusterBench({ requestTimeoutMs: 400 });
  for (const broker of short.brokers) broker.stop();
  short.topic('t', [1]);
  short.cluster.metadata.retain(['t']);
  const outcome = short.outcome<true>((done) => short.cluster.metadata.refresh('spec', done));
  short.runtime.advance(2000);
  expect(outcome.error).toBeInstanceOf(ConnectionError);
  expect(outcome.error!.message).toContain('ECONNREFUSED');
  for (const broker of short.brokers) broker.start();
  short.runtime.advance(3000);
  expect(short.cluster.metadata.topic('t')?.errorCode).toBe(0);
  const open = short.outcome<true>((done) => short.cluster.metadata.refresh('spec', done));
  short.cluster.close();
  expect(open.error).toBeInstanceOf(ClientClosedError);
  const late = short.outcome<true>((done) => short.cluster.metadata.refresh('spec', done));
  short.end();
  expect(late.error).toBeInstanceOf(ClientClosedError);
});

it('keeps the process for those who wait, not for itself', () => {
  for (const broker of bench.brokers) broker.on(metadataApi, () => null);
  bench.cluster.metadata.retain(['t']);
  bench.runtime.advance(100);
  expect(bench.runtime.alive).toBe(0);
  const cancel = bench.cluster.metadata.refresh('spec', () => undefined);
  expect(bench.runtime.alive).toBe(1);
  cancel();
  expect(bench.runtime.alive).toBe(0);
});

it('takes an answer without brokers for a broker that is starting', () => {
  bench.broker(1).on(metadataApi, () => ({ brokers: [] }));
  bench.broker(2).on(metadataApi, () => ({ brokers: [] }));
  const outcome = refresh();
  bench.run(outcome);
  expect(outcome.error).toBeInstanceOf(ConnectionError);
});

it('does not call a listener that an earlier one removed, nor any after close', () => {
  const heard: string[] = [];
  const { metadata } = bench.cluster;
  metadata.onUpdate(() => {
    heard.push('first');
    stop();
  });
  const stop = metadata.onUpdate(() => heard.push('removed'));
  metadata.onUpdate(() => {
    heard.push('closes');
    bench.cluster.close();
  });
  metadata.onUpdate(() => heard.push('after close'));
  refresh();
  bench.runtime.advance(10);
  expect(heard).toEqual(['first', 'closes']);
});
