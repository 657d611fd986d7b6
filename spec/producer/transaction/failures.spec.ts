import type { Observable } from 'rxjs';
import { BrokerError } from '../../../src/errors/broker-error.js';
import { TransactionError } from '../../../src/errors/client-errors.js';
import type { RecordMetadata } from '../../../src/model/record-sink.js';
import type { Transaction } from '../../../src/model/transaction.js';
import { type Fate, type Seen, TransactionBench } from './support/transaction-brokers.js';

const group = { groupId: 'g', generation: 3, memberId: 'm', groupInstanceId: null };
const offsets = [{ topic: 'in', partition: 0, offset: 1 }];
let bench: TransactionBench;

afterEach(() => {
  bench.end();
});

const write = (tx: Transaction<string, string>, partition = 0, value = 'v'): Observable<RecordMetadata> =>
  tx.send({ topic: 't', partition, value });

/** Name of the broker's error below, or of the error itself. */
function reason({ error }: Seen): string {
  let cause: unknown = error;
  while (cause instanceof Error && !(cause instanceof BrokerError) && cause.cause !== undefined) cause = cause.cause;
  return cause instanceof BrokerError ? cause.errorName : ((cause as Error | null)?.name ?? 'none');
}

/** abortable, fatal, none, or the name of another error. */
function kind({ error }: Seen): string {
  if (error === null) return 'none';
  if (!(error instanceof TransactionError)) return error.name;
  expect(error.fatal).toBe(!error.abortable);
  return error.abortable ? 'abortable' : 'fatal';
}

/** The next transaction commits a record. */
function goesOn(): void {
  const { written } = bench.brokers;
  const before = written.length;
  const tx = bench.begin();
  expect(kind(bench.run(write(tx)))).toBe('none');
  expect(kind(bench.run(tx.commit()))).toBe('none');
  expect(written.length).toBe(before + 1);
}

function isFinished(): void {
  const again = bench.run(bench.producer.beginTransaction());
  expect(kind(again)).toBe('fatal');
  const requests = bench.brokers.log.length;
  bench.runtime.advance(10_000);
  expect(bench.brokers.log).toHaveLength(requests);
}

describe.each([1, 2] as const)('a write that fails (transaction.version %i)', (version) => {
  it.each([
    ['OUT_OF_ORDER_SEQUENCE_NUMBER', 45],
    ['INVALID_PRODUCER_EPOCH', 47],
    ['INVALID_TXN_STATE', 48],
    ['UNKNOWN_PRODUCER_ID', 59],
    ['TRANSACTION_ABORTABLE', 120],
    ['INVALID_RECORD', 87],
    ['UNKNOWN_SERVER_ERROR', -1],
    ['TOPIC_AUTHORIZATION_FAILED', 29],
  ])(
    '%s reaches its caller, lets the commit fail, and the producer goes on after the abort [B94] [T5]',
    (name, code) => {
      bench = new TransactionBench(version);
      const tx = bench.begin();
      bench.brokers.fates.Produce = [code];
      const failed = bench.run(write(tx));
      expect([failed.error!.name, reason(failed)]).toEqual(['DeliveryError', name]);
      const commit = bench.run(tx.commit());
      expect([kind(commit), reason(commit)]).toEqual(['abortable', name]);
      expect(kind(bench.run(write(tx)))).toBe('abortable');
      expect(kind(bench.run(tx.abort()))).toBe('none');
      expect(bench.brokers.of('EndTxn').map(({ body }) => body['committed'])).toEqual([false]);
      goesOn();
    },
  );

  it('INVALID_PRODUCER_ID_MAPPING is aborted by the next epoch, as the coordinator takes no EndTxn of this id', () => {
    bench = new TransactionBench(version);
    const tx = bench.begin();
    bench.brokers.fates.Produce = [49];
    expect(reason(bench.run(write(tx)))).toBe('INVALID_PRODUCER_ID_MAPPING');
    expect(kind(bench.run(tx.abort()))).toBe('none');
    expect(bench.brokers.of('EndTxn')).toHaveLength(0);
    expect(bench.brokers.of('InitProducerId')[1]!.body).toMatchObject({ producerId: 70, producerEpoch: 1 });
    goesOn();
  });

  it.each([
    ['PRODUCER_FENCED', 90],
    ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 53],
    ['CLUSTER_AUTHORIZATION_FAILED', 31],
  ])('%s ends the producer [P25]', (name, code) => {
    bench = new TransactionBench(version);
    const tx = bench.begin();
    bench.brokers.fates.Produce = [code];
    expect(reason(bench.run(write(tx)))).toBe(name);
    bench.runtime.advance(5);
    expect(kind(bench.run(tx.commit()))).toBe('fatal');
    expect(kind(bench.run(tx.abort()))).toBe('fatal');
    isFinished();
  });

  it('drops what was not sent with an abortable error, and waits for what was before it aborts [B102]', () => {
    bench = new TransactionBench(version);
    const { brokers, runtime } = bench;
    const tx = bench.begin();
    bench.run(write(tx, 1));
    bench.run(write(tx, 0));
    brokers.delayMs = 100;
    brokers.fates.Produce = [0, 87];
    const sent = bench.watch(write(tx, 1, 'sent'));
    runtime.advance(10);
    const refused = bench.watch(write(tx, 0, 'refused'));
    runtime.advance(20);
    const behind = [bench.watch(write(tx, 0, 'behind')), bench.watch(write(tx, 2, 'elsewhere'))];
    const aborted = bench.watch(tx.abort());
    runtime.advance(10);
    for (const seen of behind) expect(kind(seen)).toBe('abortable');
    expect([sent.done, refused.done, aborted.done]).toEqual([false, false, false]);
    expect(brokers.of('EndTxn')).toHaveLength(0);
    bench.until(aborted);
    expect([kind(sent), refused.error!.name, kind(aborted)]).toEqual(['none', 'DeliveryError', 'none']);
    const values = brokers.written.flatMap(({ batch }) => batch.values);
    expect(values).toEqual(['v', 'v', 'sent']);
    brokers.delayMs = 5;
    goesOn();
  });

  it('is not tried again once the transaction is being aborted', () => {
    bench = new TransactionBench(version);
    const { brokers, runtime } = bench;
    const tx = bench.begin();
    bench.run(write(tx, 0));
    brokers.delayMs = 50;
    brokers.fates.Produce = [6];
    const record = bench.watch(write(tx, 0, 'moved'));
    runtime.advance(10);
    const aborted = bench.run(tx.abort());
    expect([kind(aborted), reason(record)]).toEqual(['none', 'NOT_LEADER_OR_FOLLOWER']);
    expect(brokers.of('Produce')).toHaveLength(2);
    brokers.delayMs = 5;
    goesOn();
  });

  it.each([
    ['refused', 6],
    ['left unanswered', 'break'],
  ] as const)('was %s and waits for its next try when the transaction is aborted: its partition goes on', (_, fate) => {
    bench = new TransactionBench(version);
    const { brokers, runtime } = bench;
    const tx = bench.begin();
    bench.run(write(tx, 0));
    brokers.fates.Produce = [fate];
    const record = bench.watch(write(tx, 0, 'waits'));
    runtime.advance(30);
    expect([brokers.of('Produce').length, record.done]).toEqual([2, false]);
    expect([kind(bench.run(tx.abort())), record.done]).toEqual(['none', true]);
    expect(brokers.of('Produce')).toHaveLength(2);
    goesOn();
  });

  it('by itself lets a commit fail whose caller looked at no answer', () => {
    bench = new TransactionBench(version);
    const tx = bench.begin();
    bench.run(write(tx));
    bench.brokers.fates.Produce = [87];
    tx.write({ topic: 't', partition: 0, value: 'unwatched' }, () => undefined);
    const commit = bench.run(tx.commit());
    expect([kind(commit), reason(commit)]).toEqual(['abortable', 'INVALID_RECORD']);
    expect(bench.brokers.of('EndTxn')).toHaveLength(0);
    expect(kind(bench.run(tx.abort()))).toBe('none');
  });

  it('a record that could not be serialized does so too: all of it is committed, or nothing', () => {
    bench = new TransactionBench(version);
    const tx = bench.begin();
    bench.run(write(tx));
    tx.write({ topic: 't', partition: 0, value: 5 as never }, () => undefined);
    const commit = bench.run(tx.commit());
    expect([kind(commit), (commit.error!.cause as Error).name]).toEqual(['abortable', 'UsageError']);
    expect(kind(bench.run(tx.abort()))).toBe('none');
    goesOn();
  });

  it('one that was cancelled before it was in a batch does not', () => {
    bench = new TransactionBench(version);
    const tx = bench.begin();
    bench.run(write(tx));
    bench.watch(tx.send({ topic: 'unknown', value: 'v' })).stop();
    expect(kind(bench.run(tx.commit()))).toBe('none');
  });
});

type Request = 'AddPartitionsToTxn' | 'AddOffsetsToTxn' | 'TxnOffsetCommit' | 'EndTxn';
type Row = readonly [name: string, code: number, outcome: 'abortable' | 'fatal' | 'resync' | 'again'];
const general: readonly Row[] = [
  ['PRODUCER_FENCED', 90, 'fatal'],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 53, 'fatal'],
  ['INVALID_PRODUCER_ID_MAPPING', 49, 'resync'],
  ['UNKNOWN_PRODUCER_ID', 59, 'resync'],
  ['INVALID_TXN_STATE', 48, 'abortable'],
  ['TRANSACTION_ABORTABLE', 120, 'abortable'],
  ['UNKNOWN_SERVER_ERROR', -1, 'abortable'],
  ['UNKNOWN_SERVER_ERROR', 999, 'abortable'],
  ['NETWORK_EXCEPTION', 13, 'again'],
  ['REQUEST_TIMED_OUT', 7, 'again'],
  ['COORDINATOR_LOAD_IN_PROGRESS', 14, 'again'],
];
const own: Readonly<Record<Request, readonly Row[]>> = {
  AddPartitionsToTxn: [
    ['INVALID_PRODUCER_EPOCH', 47, 'fatal'],
    ['UNKNOWN_TOPIC_OR_PARTITION', 3, 'again'],
    ['TOPIC_AUTHORIZATION_FAILED', 29, 'abortable'],
  ],
  AddOffsetsToTxn: [
    ['INVALID_PRODUCER_EPOCH', 47, 'fatal'],
    ['GROUP_AUTHORIZATION_FAILED', 30, 'abortable'],
  ],
  TxnOffsetCommit: [
    ['INVALID_PRODUCER_EPOCH', 47, 'abortable'],
    ['ILLEGAL_GENERATION', 22, 'abortable'],
    ['UNKNOWN_MEMBER_ID', 25, 'abortable'],
    ['FENCED_INSTANCE_ID', 82, 'abortable'],
    ['STALE_MEMBER_EPOCH', 113, 'abortable'],
    ['UNKNOWN_TOPIC_OR_PARTITION', 3, 'again'],
  ],
  EndTxn: [['INVALID_PRODUCER_EPOCH', 47, 'fatal']],
};
const cases = ([1, 2] as const).flatMap((version) =>
  (Object.keys(own) as Request[])
    .filter((request) => version === 1 || request === 'TxnOffsetCommit' || request === 'EndTxn')
    .flatMap((request) => [...general, ...own[request]].map((row) => [version, request, ...row] as const)),
);

describe('answers of coordinators', () => {
  it.each(cases)(
    'transaction.version %i: %s answered with %s (%i) is %s [D#1004] [T5]',
    (version, request, name, code, outcome) => {
      bench = new TransactionBench(version);
      const { brokers } = bench;
      const tx = bench.begin();
      if (request !== 'AddPartitionsToTxn') bench.run(write(tx));
      brokers.fates[request] = [code];
      const call =
        request === 'AddPartitionsToTxn'
          ? write(tx)
          : request === 'EndTxn'
            ? tx.commit()
            : tx.sendOffsets(offsets, group);
      const seen = bench.run(call);
      if (outcome === 'again') {
        expect(kind(seen)).toBe('none');
        expect(brokers.of(request)).toHaveLength(2);
        if (request !== 'EndTxn') expect(kind(bench.run(tx.commit()))).toBe('none');
        goesOn();
        return;
      }
      expect([kind(seen), reason(seen)]).toEqual([outcome === 'fatal' ? 'fatal' : 'abortable', name]);
      const aborted = bench.run(tx.abort());
      if (outcome === 'fatal') {
        expect(kind(aborted)).toBe('fatal');
        isFinished();
        return;
      }
      expect(kind(aborted)).toBe('none');
      const aborts = brokers.of('EndTxn').filter(({ body }) => body['committed'] === false);
      expect(aborts).toHaveLength(outcome === 'resync' ? 0 : 1);
      if (outcome === 'resync') expect(brokers.of('InitProducerId')[1]!.body).toMatchObject({ producerId: 70 });
      goesOn();
    },
  );

  it.each([
    [-1, 'none'],
    [48, 'none'],
    [49, 'none'],
    [120, 'none'],
    [90, 'fatal'],
    [53, 'fatal'],
  ])('an abort that is answered with %i ends: %s', (code, outcome) => {
    bench = new TransactionBench(2);
    const { brokers } = bench;
    const tx = bench.begin();
    bench.run(write(tx));
    brokers.fates.EndTxn = [code];
    expect(kind(bench.run(tx.abort()))).toBe(outcome);
    if (outcome === 'fatal') isFinished();
    else {
      expect(brokers.names.slice(-2)).toEqual(['EndTxn', 'InitProducerId']);
      goesOn();
    }
  });

  it('an abort goes on while InitProducerId is refused for now, and ends when another producer has taken over', () => {
    bench = new TransactionBench(2);
    const { brokers } = bench;
    const tx = bench.begin();
    bench.run(write(tx));
    brokers.fates.EndTxn = [49];
    brokers.fates.InitProducerId = [51, -1, 14, 90];
    expect(kind(bench.run(tx.abort()))).toBe('fatal');
    expect(brokers.of('InitProducerId')).toHaveLength(5);
    isFinished();
  });

  it('a broker too old for the next epoch ends the producer, as sequence numbers cannot be lost and kept', () => {
    bench = new TransactionBench(1);
    const { brokers } = bench;
    for (const broker of brokers.bench.brokers) broker.ranges.set('InitProducerId', { min: 0, max: 2 });
    const tx = bench.begin();
    brokers.fates.Produce = [87];
    bench.run(write(tx));
    expect(kind(bench.run(tx.abort()))).toBe('fatal');
    isFinished();
  });

  it('an offset that was refused for now is sent again, one that was taken is not', () => {
    bench = new TransactionBench(2);
    const { brokers } = bench;
    const tx = bench.begin();
    const asked: unknown[] = [];
    brokers.partOf = (partition) => (partition === 1 && asked.length === 0 ? (asked.push(1), 14) : 0);
    const two = [0, 1].map((partition) => ({ topic: 'in', partition, offset: 1 }));
    expect(kind(bench.run(tx.sendOffsets(two, group)))).toBe('none');
    const sent = brokers
      .of('TxnOffsetCommit')
      .map(({ body }) =>
        (body['topics'] as { partitions: { partitionIndex: number }[] }[]).flatMap(({ partitions }) =>
          partitions.map(({ partitionIndex }) => partitionIndex),
        ),
      );
    expect(sent).toEqual([[0, 1], [1]]);
    bench.run(tx.commit());
  });

  it('fails the transaction, not the producer, when a group has no coordinator for transactionTimeoutMs', () => {
    bench = new TransactionBench(2, { transactionTimeoutMs: 3000 });
    const { brokers } = bench;
    const tx = bench.begin();
    bench.run(write(tx));
    brokers.fates.FindCoordinator = Array.from({ length: 20 }, () => 15);
    const seen = bench.run(tx.sendOffsets(offsets, group));
    expect(kind(seen)).toBe('abortable');
    expect(seen.error!.message).toMatch(/not answered in 3000 ms.*COORDINATOR_NOT_AVAILABLE/u);
    expect(kind(bench.run(tx.abort()))).toBe('none');
    brokers.fates.FindCoordinator = [];
    goesOn();
  });
});

describe('a start that does not succeed', () => {
  it.each<[string, 'FindCoordinator' | 'InitProducerId', Fate]>([
    ['there is no coordinator: the log of transactions cannot be made', 'FindCoordinator', 15],
    ['the coordinator is loading', 'InitProducerId', 14],
  ])(
    'ends after maxBlockMs with the last error of the broker when %s, and may be tried again [D#1091]',
    (_, name, fate) => {
      bench = new TransactionBench(2, { maxBlockMs: 4000 });
      const { brokers, runtime } = bench;
      brokers.fates[name] = Array.from({ length: 100 }, () => fate);
      const seen = bench.run(bench.producer.beginTransaction());
      expect(runtime.now()).toBeLessThan(4100);
      expect(seen.error!.name).toBe('TimeoutExpiredError');
      expect(seen.error!.message).toMatch(/not answered in 4000 ms/u);
      expect(seen.error!.message).toMatch(fate === 15 ? /COORDINATOR_NOT_AVAILABLE/u : /COORDINATOR_LOAD_IN_PROGRESS/u);
      brokers.fates[name] = [];
      runtime.advance(2000);
      goesOn();
    },
  );

  it.each([
    ['INVALID_TRANSACTION_TIMEOUT', 50],
    ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 53],
    ['PRODUCER_FENCED', 90],
  ])('is final with %s', (name, code) => {
    bench = new TransactionBench(2);
    bench.brokers.fates.InitProducerId = [code];
    const seen = bench.run(bench.producer.beginTransaction());
    expect([kind(seen), reason(seen)]).toEqual(['fatal', name]);
    isFinished();
  });
});
