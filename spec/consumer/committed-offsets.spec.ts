import { AuthenticationError } from '../../src/errors/client-errors.js';
import type { KafkaError } from '../../src/errors/kafka-error.js';
import { CommittedOffsets } from '../../src/consumer/committed-offsets.js';
import { ManualGroup } from '../../src/consumer/group/manual-group.js';
import type { OffsetList } from '../../src/model/topic-partition.js';
import { tps } from './group/support/checking-host.js';
import { ScriptedCluster } from './group/support/scripted-cluster.js';

interface Stored {
  readonly offset?: number;
  readonly leaderEpoch?: number;
  readonly metadata?: string;
  readonly errorCode?: number;
}

class Bench {
  readonly cluster: ScriptedCluster = new ScriptedCluster();
  readonly offsets: CommittedOffsets;
  result: OffsetList | KafkaError | null = null;
  cancel: () => void = () => undefined;

  constructor() {
    this.offsets = new CommittedOffsets(
      new ManualGroup(this.cluster.cluster, { groupId: 'g', requestTimeoutMs: 30_000 }),
    );
  }

  fetch(names: string): this {
    let called = 0;
    this.cancel = this.offsets.fetch(tps(names), (error, offsets) => {
      if (++called > 1) throw new Error('answered twice');
      this.result = error ?? offsets;
    });
    expect(called).toBe(0);
    this.cluster.advance();
    return this;
  }

  answer(stored: Readonly<Record<string, Stored>>, errorCode = 0): void {
    const topics = Object.entries(stored).map(([name, { offset = -1, leaderEpoch = -1, metadata = '', ...rest }]) => ({
      name: name.slice(0, name.lastIndexOf('-')),
      partitions: [
        {
          partitionIndex: tps(name)[0]!.partition,
          committedOffset: offset,
          committedLeaderEpoch: leaderEpoch,
          metadata,
          errorCode: rest.errorCode ?? 0,
        },
      ],
    }));
    this.cluster.only('OffsetFetch').reply({ groups: [{ groupId: 'g', topics, errorCode }], topics: [], errorCode: 0 });
    this.cluster.advance();
  }
}

it('[B161] reads stable offsets by name on the group connection, and leaves out what has none', () => {
  const bench = new Bench().fetch('t-0 t-1 u-0 u-7');
  const call = bench.cluster.only('OffsetFetch');
  expect(call.purpose).toBe('group');
  expect(call.version).toBe(9);
  expect(call.body).toEqual({
    requireStable: true,
    groups: [
      {
        groupId: 'g',
        topics: [
          { name: 't', partitionIndexes: [0, 1] },
          { name: 'u', partitionIndexes: [0, 7] },
        ],
      },
    ],
  });
  bench.answer({
    't-0': { offset: 0 },
    't-1': {},
    'u-0': { offset: 4, leaderEpoch: 2, metadata: 'x' },
    'u-7': { errorCode: 3 },
  });
  expect(bench.result).toEqual([
    { topic: 't', partition: 0, offset: 0 },
    { topic: 'u', partition: 0, offset: 4, leaderEpoch: 2, metadata: 'x' },
  ]);
});

it.each([
  [7, { requireStable: true }],
  [5, {}],
])('asks a broker of version %d for one group', (version, stable) => {
  const bench = new Bench();
  bench.cluster.versions = { OffsetFetch: version };
  bench.fetch('t-0');
  const call = bench.cluster.only('OffsetFetch');
  expect(call.body).toEqual({ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }], ...stable });
  const partitions = [
    { partitionIndex: 0, committedOffset: 5, committedLeaderEpoch: -1, metadata: null, errorCode: 0 },
  ];
  call.reply({ groups: [], topics: [{ name: 't', partitions }], errorCode: 0 });
  bench.cluster.advance();
  expect(bench.result).toEqual([{ topic: 't', partition: 0, offset: 5 }]);
});

it('[B161] asks nobody about nothing', () => {
  const bench = new Bench().fetch('');
  expect(bench.result).toEqual([]);
  expect(bench.cluster.calls).toEqual([]);
});

it('asks again, with pauses, for partitions with an open transaction, and only for those', () => {
  const bench = new Bench().fetch('t-0 t-1');
  bench.answer({ 't-0': { offset: 4 }, 't-1': { errorCode: 88 } });
  expect(bench.result).toBeNull();
  bench.cluster.advance(50);
  expect(bench.cluster.open('OffsetFetch')).toEqual([]);
  bench.cluster.advance(100);
  expect(bench.cluster.only('OffsetFetch').body).toMatchObject({
    groups: [{ topics: [{ name: 't', partitionIndexes: [1] }] }],
  });
  bench.answer({ 't-1': { offset: 5 } });
  expect(bench.result).toMatchObject([{ offset: 4 }, { offset: 5 }]);
});

it.each([
  [14, 0],
  [15, 1],
  [16, 1],
])('asks again after %d, looking the coordinator up %d times more', (errorCode, forgotten) => {
  const bench = new Bench().fetch('t-0');
  bench.answer({}, errorCode);
  bench.cluster.advance(150);
  expect(bench.cluster.forgotten).toBe(forgotten);
  bench.answer({ 't-0': { offset: 5 } });
  expect(bench.result).toMatchObject([{ offset: 5 }]);
});

it('asks again when the connection breaks', () => {
  const bench = new Bench().fetch('t-0');
  bench.cluster.only('OffsetFetch').fail();
  bench.cluster.advance(150);
  bench.answer({ 't-0': { offset: 5 } });
  expect(bench.result).toMatchObject([{ offset: 5 }]);
});

it('[B161] fails with 30 for the group, and with 29 for a topic', () => {
  const group = new Bench().fetch('t-0');
  group.answer({}, 30);
  expect(group.result).toMatchObject({ code: 'ERR_KAFKA_BROKER', errorCode: 30, fatal: true });
  const topic = new Bench().fetch('t-0');
  topic.answer({ 't-0': { errorCode: 29 } });
  expect(topic.result).toMatchObject({ errorCode: 29, topic: 't', partition: 0, fatal: true });
});

it('fails with what no other try can mend', () => {
  const bench = new Bench().fetch('t-0');
  bench.cluster.only('OffsetFetch').fail(new AuthenticationError('no'));
  bench.cluster.advance();
  expect(bench.result).toMatchObject({ code: 'ERR_KAFKA_AUTHENTICATION' });
});

it('is over when it is cancelled', () => {
  const bench = new Bench().fetch('t-0');
  bench.answer({}, 14);
  bench.cancel();
  bench.cluster.advance(10_000);
  expect(bench.cluster.count('OffsetFetch')).toBe(1);
  expect(bench.result).toBeNull();
});
