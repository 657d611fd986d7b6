import { forkJoin, type Observable } from 'rxjs';
import type { RecordMetadata } from '../../../src/model/record-sink.js';
import type { Transaction } from '../../../src/model/transaction.js';
import { type Fate, TransactionBench } from './support/transaction-brokers.js';

const group = (groupId: string) => ({ groupId, generation: 3, memberId: 'm', groupInstanceId: 'i' });
let bench: TransactionBench;

afterEach(() => {
  bench.end();
});

const write = (tx: Transaction<string, string>, partition: number, value: string): Observable<RecordMetadata> =>
  tx.send({ topic: 't', partition, value });

describe('newer protocol (KIP-890)', () => {
  it('lets one leader after the other into the transaction, as the coordinator takes one at a time', () => {
    const nodesAndWaits = (): [node: number, waitedForAnswer: boolean][] => {
      const tx = bench.begin();
      const from = bench.brokers.log.length;
      bench.run(forkJoin([0, 1, 2].map((partition) => write(tx, partition, 'v'))));
      // no more waiting for a leader that is in
      bench.run(forkJoin([0, 1, 2].map((partition) => write(tx, partition, 'w'))));
      bench.run(tx.commit());
      const seen = bench.brokers.log.slice(from).filter(({ name }) => name === 'Produce');
      return seen.map(({ node, at }, i) => [node, i > 0 && at - seen[i - 1]!.at >= bench.brokers.delayMs]);
    };
    bench = new TransactionBench(2);
    nodesAndWaits();
    const [one, two] = [nodesAndWaits(), nodesAndWaits()];
    for (const seen of [one, two]) {
      expect(seen.map(([node]) => node).sort()).toEqual([1, 1, 2, 2, 3, 3]);
      expect(seen.map(([, waited]) => waited)).toEqual([false, true, true, true, false, false]);
    }
    bench.end();
    bench = new TransactionBench(1);
    nodesAndWaits();
    expect(nodesAndWaits().map(([, waited]) => waited)).toEqual([false, false, false, true, false, false]);
  });

  it('waits a tenth of a second for a leader that does not answer, once per transaction', () => {
    bench = new TransactionBench(2);
    const { brokers } = bench;
    bench.run(bench.producer.transaction((tx) => forkJoin([0, 1, 2].map((partition) => write(tx, partition, 'v')))));
    const from = brokers.of('Produce').length;
    brokers.fates.Produce = ['silence'];
    const tx = bench.begin();
    const seen = bench.watch(forkJoin([0, 1, 2].map((partition) => write(tx, partition, 'w'))));
    bench.runtime.advance(300);
    const [first, ...others] = brokers.of('Produce').slice(from);
    expect(others.map(({ at }) => at - first!.at)).toEqual([100, 100]);
    seen.stop();
  });

  it('begins on the slot that has rested longest: the markers of the last transaction are still on their way', () => {
    bench = new TransactionBench(2, { slots: 3 });
    for (let n = 0; n < 4; n++) bench.run(bench.producer.transaction((tx) => write(tx, 0, 'v')));
    const ids = bench.brokers.of('EndTxn').map(({ body }) => body['transactionalId']);
    expect(ids).toEqual(['tx-0', 'tx-1', 'tx-2', 'tx-0']);
  });

  it('adds nothing beforehand: Produce from version 12 on, TxnOffsetCommit 5, EndTxn 5, and the epoch of each answer', () => {
    bench = new TransactionBench(2);
    const { brokers } = bench;
    for (let n = 0; n < 2; n++) {
      const tx = bench.begin();
      bench.run(forkJoin([write(tx, 0, `a${n}`), write(tx, 0, `b${n}`), write(tx, 1, `c${n}`)]));
      bench.run(tx.sendOffsets([{ topic: 'in', partition: 4, offset: 17, leaderEpoch: 2, metadata: 'm' }], group('g')));
      bench.run(tx.commit());
    }
    expect(brokers.names.filter((name) => name !== 'Produce')).toEqual([
      'InitProducerId',
      'TxnOffsetCommit',
      'EndTxn',
      'TxnOffsetCommit',
      'EndTxn',
    ]);
    expect(brokers.of('TxnOffsetCommit')[0]).toMatchObject({
      node: 2,
      version: 5,
      body: {
        transactionalId: 'tx',
        groupId: 'g',
        producerId: 70,
        producerEpoch: 1,
        generationId: 3,
        memberId: 'm',
        groupInstanceId: 'i',
        topics: [
          {
            name: 'in',
            partitions: [{ partitionIndex: 4, committedOffset: 17, committedLeaderEpoch: 2, committedMetadata: 'm' }],
          },
        ],
      },
    });
    expect(brokers.of('EndTxn').map(({ node, version, body }) => [node, version, body['producerEpoch']])).toEqual([
      [1, 5, 1],
      [1, 5, 2],
    ]);
    for (const { version, body } of brokers.of('Produce')) {
      expect(version).toBeGreaterThanOrEqual(12);
      expect(body['transactionalId']).toBe('tx');
    }
    const batches = brokers.written.map(({ partition, batch }) => [
      partition,
      batch.producerEpoch,
      batch.baseSequence,
      batch.values.join(),
    ]);
    expect(batches.sort()).toEqual([
      [0, 1, 0, 'a0,b0'],
      [0, 2, 0, 'a1,b1'],
      [1, 1, 0, 'c0'],
      [1, 2, 0, 'c1'],
    ]);
  });

  it('takes the producer id of an EndTxn answer too: the epochs of the old one are used up', () => {
    bench = new TransactionBench(2);
    const { brokers } = bench;
    const first = bench.begin();
    bench.run(write(first, 0, 'a'));
    brokers.producerId = 71;
    brokers.epoch = -1;
    bench.run(first.abort());
    const second = bench.begin();
    bench.run(write(second, 0, 'b'));
    bench.run(second.commit());
    expect(brokers.written.map(({ batch }) => [batch.producerId, batch.producerEpoch])).toEqual([
      [70, 1],
      [71, 0],
    ]);
    expect(brokers.of('EndTxn')[1]!.body).toMatchObject({ producerId: 71, producerEpoch: 0, committed: true });
  });
});

describe('older protocol', () => {
  it.each(['commit', 'abort'] as const)(
    'takes the next epoch behind the %s of a transaction whose offsets were left unanswered once: they may come late',
    (end) => {
      bench = new TransactionBench(1);
      const { brokers } = bench;
      const offsets = [{ topic: 'in', partition: 0, offset: 7 }];
      brokers.fates.TxnOffsetCommit = ['break'];
      const one = bench.begin();
      bench.run(one.sendOffsets(offsets, group('g')));
      expect(bench.run(one[end]()).error).toBeNull();
      const two = bench.begin();
      bench.run(two.sendOffsets(offsets, group('g')));
      expect(bench.run(two.commit()).error).toBeNull();
      expect(brokers.names.slice(-6)).toEqual([
        'TxnOffsetCommit',
        'EndTxn',
        'InitProducerId',
        'AddOffsetsToTxn',
        'TxnOffsetCommit',
        'EndTxn',
      ]);
      expect(brokers.of('InitProducerId').at(-1)!.body).toMatchObject({ producerId: 70, producerEpoch: 1 });
      expect(brokers.of('TxnOffsetCommit').map(({ body }) => body['producerEpoch'])).toEqual([1, 1, 2]);
      expect(brokers.of('EndTxn').map(({ body }) => body['committed'])).toEqual([end === 'commit', true]);
    },
  );

  it('has committed all the same when the next epoch is refused; a close before there is one ends in doubt', () => {
    for (const fate of [90, 'silence'] as const) {
      bench = new TransactionBench(1);
      const { brokers } = bench;
      brokers.fates.TxnOffsetCommit = ['break'];
      const tx = bench.begin();
      bench.run(tx.sendOffsets([{ topic: 'in', partition: 0, offset: 7 }], group('g')));
      brokers.fates.InitProducerId = [fate];
      const seen = bench.watch(tx.commit());
      if (fate === 'silence') {
        bench.runtime.advance(100);
        void bench.producer.close({ timeoutMs: 50 });
      }
      bench.until(seen);
      expect(brokers.of('EndTxn').map(({ body }) => body['committed'])).toEqual([true]);
      if (fate === 90) {
        expect(seen.error).toBeNull();
        bench.end();
      } else expect(seen.error?.message).toContain('not known whether');
    }
  });

  it('keeps the epoch when offsets were refused and tried again: an answer is no doubt', () => {
    bench = new TransactionBench(1);
    const { brokers } = bench;
    const tx = bench.begin();
    brokers.fates.TxnOffsetCommit = [14];
    bench.run(tx.sendOffsets([{ topic: 'in', partition: 0, offset: 7 }], group('g')));
    expect(bench.run(tx.commit()).error).toBeNull();
    expect(brokers.of('InitProducerId').length).toBe(1);
  });

  it('writes to a partition once the coordinator has added it, several in one request, and stays within its versions', () => {
    bench = new TransactionBench(1);
    const { brokers } = bench;
    brokers.delayMs = 50;
    const tx = bench.begin();
    const all = bench.watch(forkJoin([write(tx, 0, 'a'), write(tx, 1, 'b'), write(tx, 2, 'c')]));
    bench.runtime.until('the first request', () => brokers.of('AddPartitionsToTxn').length > 0);
    bench.runtime.advance(49);
    expect(brokers.of('Produce')).toHaveLength(0);
    bench.until(all);
    expect(brokers.of('AddPartitionsToTxn').map(({ version, body }) => [version, body['v3AndBelowTopics']])).toEqual([
      [3, [{ name: 't', partitions: expect.arrayContaining([0, 1, 2]) as unknown }]],
    ]);
    bench.run(write(tx, 0, 'd'));
    bench.run(tx.sendOffsets([{ topic: 'in', partition: 0, offset: 1 }], group('g')));
    bench.run(tx.sendOffsets([{ topic: 'in', partition: 0, offset: 2 }], group('g')));
    bench.run(tx.sendOffsets([{ topic: 'in', partition: 0, offset: 2 }], group('h')));
    bench.run(tx.commit());
    // a group is added once
    expect(brokers.names.filter((name) => name !== 'Produce')).toEqual([
      'InitProducerId',
      'AddPartitionsToTxn',
      'AddOffsetsToTxn',
      'TxnOffsetCommit',
      'TxnOffsetCommit',
      'AddOffsetsToTxn',
      'TxnOffsetCommit',
      'EndTxn',
    ]);
    const versions = (name: 'Produce' | 'TxnOffsetCommit' | 'EndTxn') => brokers.of(name).map(({ version }) => version);
    expect([...new Set(versions('Produce'))]).toEqual([11]);
    expect(versions('TxnOffsetCommit')).toEqual([4, 4, 4]);
    expect(versions('EndTxn')).toEqual([4]);
    const ofFirst = brokers.written.filter(({ partition }) => partition === 0);
    expect(ofFirst.map(({ batch }) => [batch.producerEpoch, batch.baseSequence])).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });

  it('keeps epoch and sequences from one transaction to the next, and adds each partition again', () => {
    bench = new TransactionBench(1);
    const { brokers } = bench;
    for (const end of ['abort', 'commit'] as const) {
      const tx = bench.begin();
      bench.run(write(tx, 0, end));
      bench.run(tx[end]());
    }
    expect(brokers.names).toEqual([
      'InitProducerId',
      ...Array.from({ length: 2 }, () => ['AddPartitionsToTxn', 'Produce', 'EndTxn']).flat(),
    ]);
    expect(brokers.written.map(({ batch }) => [batch.producerEpoch, batch.baseSequence])).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });

  it('takes the next epoch after the abort when sequence numbers were lost (KIP-360)', () => {
    bench = new TransactionBench(1);
    const { brokers } = bench;
    const tx = bench.begin();
    brokers.fates.Produce = [87];
    expect(bench.run(write(tx, 0, 'refused')).error?.name).toBe('DeliveryError');
    bench.run(tx.abort());
    expect(brokers.names).toEqual(['InitProducerId', 'AddPartitionsToTxn', 'Produce', 'EndTxn', 'InitProducerId']);
    expect(brokers.of('InitProducerId')[1]!.body).toMatchObject({ producerId: 70, producerEpoch: 1 });
    const next = bench.begin();
    bench.run(write(next, 0, 'again'));
    bench.run(next.commit());
    expect(brokers.written.map(({ batch }) => [batch.producerEpoch, batch.baseSequence])).toEqual([[2, 0]]);
  });
});

describe.each([1, 2] as const)('both protocols (transaction.version %i)', (version) => {
  it('has one transactional request at a time, however many calls there are [D#542]', () => {
    bench = new TransactionBench(version);
    const { brokers } = bench;
    brokers.delayMs = 40;
    const tx = bench.begin();
    const offsets = ['g', 'h', 'i'].map((id) => tx.sendOffsets([{ topic: 'in', partition: 0, offset: 1 }], group(id)));
    const all = bench.watch(forkJoin([write(tx, 0, 'a'), write(tx, 1, 'b'), ...offsets, write(tx, 2, 'c')]));
    const commit = bench.watch(tx.commit());
    bench.until(commit);
    expect([all.error, commit.error]).toEqual([null, null]);
    expect(brokers.mostInFlight).toBe(1);
    expect(brokers.names.at(-1)).toBe('EndTxn');
    expect(brokers.of('TxnOffsetCommit')).toHaveLength(3);
  });

  it('asks the coordinator of each group, which are known by group [D#R2]', () => {
    bench = new TransactionBench(version);
    const { brokers } = bench;
    brokers.groupCoordinators.set('g', 2).set('h', 3);
    const tx = bench.begin();
    for (const id of ['g', 'h', 'g', 'h']) {
      bench.run(tx.sendOffsets([{ topic: 'in', partition: 0, offset: 1 }], group(id)));
    }
    bench.run(tx.commit());
    expect(brokers.of('TxnOffsetCommit').map(({ node, body }) => [node, body['groupId']])).toEqual([
      [2, 'g'],
      [3, 'h'],
      [2, 'g'],
      [3, 'h'],
    ]);
    // the transactional id and two groups, each looked up once
    expect(brokers.of('FindCoordinator')).toHaveLength(3);
  });

  it('sends nothing for a transaction of nothing', () => {
    bench = new TransactionBench(version);
    for (const end of ['commit', 'abort'] as const) expect(bench.run(bench.begin()[end]()).values).toEqual([undefined]);
    expect(bench.brokers.names).toEqual(['InitProducerId']);
  });

  it.each<[string, Fate, number]>([
    ['COORDINATOR_NOT_AVAILABLE', 15, 2],
    ['NOT_COORDINATOR', 16, 2],
    ['a broken connection', 'break', 2],
    ['COORDINATOR_LOAD_IN_PROGRESS', 14, 1],
    ['CONCURRENT_TRANSACTIONS', 51, 1],
  ])('ends the transaction at the coordinator that a look-up finds after %s [B104]', (_, fate, lookUps) => {
    bench = new TransactionBench(version);
    const { brokers } = bench;
    const tx = bench.begin();
    bench.run(write(tx, 0, 'a'));
    brokers.fates.EndTxn = [fate];
    if (lookUps > 1) brokers.coordinator = 3;
    expect(bench.run(tx.commit()).error).toBeNull();
    expect(brokers.of('EndTxn').map(({ node }) => node)).toEqual([1, lookUps > 1 ? 3 : 1]);
    expect(brokers.of('FindCoordinator')).toHaveLength(lookUps);
    // the same request both times: its epoch says to the coordinator that it is a retry
    const [first, second] = brokers.of('EndTxn');
    expect(second!.body).toEqual(first!.body);
  });

  it('tries InitProducerId again after a look-up when the coordinator has moved [B104]', () => {
    bench = new TransactionBench(version);
    const { brokers } = bench;
    brokers.fates.InitProducerId = [16, 'break', 51];
    brokers.fates.FindCoordinator = [15];
    bench.begin();
    expect(brokers.of('InitProducerId')).toHaveLength(4);
    // refused once, then found; forgotten twice
    expect(brokers.of('FindCoordinator')).toHaveLength(4);
  });

  it('waits 20 ms, not a full back-off, for the markers of the transaction before', () => {
    bench = new TransactionBench(version);
    const { brokers } = bench;
    const tx = bench.begin();
    brokers.fates[version === 2 ? 'Produce' : 'AddPartitionsToTxn'] = [51];
    bench.run(write(tx, 0, 'a'));
    const [first, second] = brokers.of(version === 2 ? 'Produce' : 'AddPartitionsToTxn');
    expect(second!.at - first!.at).toBeLessThan(45);
    bench.run(tx.commit());
  });
});
