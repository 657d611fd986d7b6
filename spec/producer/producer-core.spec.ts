import type { FakeCluster } from './support/fake-cluster.js';
import { ProducerBench } from './support/producer-bench.js';

function values(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `v${from + index}`);
}

describe('sending', () => {
  it('delivers a record with its offset, timestamp and sizes', () => {
    const bench = new ProducerBench();
    const [partition] = bench.kafka.topic('t', [1]);
    bench.write(7, 't', 0, 'value', 'key');
    bench.advance(20);
    expect(partition!.values).toEqual(['value']);
    expect(bench.outcomes.get(7)).toMatchObject({
      offset: 0,
      partition: 0,
      timestamp: 1_700_000_000_000,
      timestampType: 'createTime',
      keySize: 3,
      valueSize: 5,
    });
    expect(bench.flushes).toBe(1);
  });

  it('[P2] sends what was written in one turn as one request per broker with one batch per partition', () => {
    const bench = new ProducerBench();
    bench.kafka.topic('t', [1, 2, 1, 2]);
    for (let i = 0; i < 40; i++) bench.write(i, 't', i % 4);
    bench.advance(20);
    expect(bench.kafka.requests.map(({ node, batches }) => [node, batches.map((b) => b.partition)])).toEqual([
      [1, [0, 2]],
      [2, [1, 3]],
    ]);
    expect(bench.outcomes.size).toBe(40);
  });

  it('[P4, CF#42] never lets a lone record wait for linger', () => {
    const bench = new ProducerBench({ lingerMs: 1000 });
    bench.kafka.topic('t', [1]);
    bench.write(0, 't', 0);
    bench.advance(10);
    const start = bench.kafka.runtime.now();
    bench.write(1, 't', 0);
    bench.advance(10);
    expect(bench.outcomes.get(1)!.at - start).toBe(1);
  });

  it('[P4, N13, PO8] keeps an open batch back while something is in flight, until linger is over', () => {
    const bench = new ProducerBench({ lingerMs: 50 });
    bench.kafka.topic('t', [1]);
    bench.write(0, 't', 0);
    bench.advance(20);
    bench.kafka.latencyMs = 500;
    bench.write(1, 't', 0);
    bench.advance(10);
    bench.write(2, 't', 0);
    bench.advance(20);
    bench.write(3, 't', 0);
    bench.advance(15);
    expect(bench.kafka.requests).toHaveLength(2);
    bench.advance(20);
    expect(bench.kafka.requests[2]!.batches[0]!.batch.values).toEqual(['v2', 'v3']);
  });

  it('[P4, N13, D#1137] sends what gathered meanwhile as soon as an answer leaves nothing in flight', () => {
    const bench = new ProducerBench({ lingerMs: 10_000 });
    bench.kafka.topic('t', [1]);
    bench.write(0, 't', 0);
    bench.advance(20);
    bench.kafka.latencyMs = 100;
    bench.write(1, 't', 0);
    bench.advance(1);
    bench.write(2, 't', 0);
    bench.advance(300);
    expect([...bench.outcomes.keys()]).toEqual([0, 1, 2]);
  });

  it('has at most maxInFlightRequests requests in flight to a broker', () => {
    const bench = new ProducerBench({ maxInFlightRequests: 3, batchSize: 100 });
    bench.kafka.topic('t', [1]);
    bench.write(0, 't', 0);
    bench.advance(20);
    bench.kafka.latencyMs = 1000;
    for (let i = 1; i < 40; i++) bench.write(i, 't', 0);
    bench.advance(500);
    expect(bench.core.requestsInFlight).toBe(3);
    bench.advance(20_000);
    expect(bench.outcomes.size).toBe(40);
  });

  it('sends one batch alone until the broker has acknowledged this producer on the partition', () => {
    const bench = new ProducerBench({ batchSize: 100 });
    bench.kafka.topic('t', [1]);
    bench.kafka.latencyMs = 100;
    for (let i = 0; i < 20; i++) bench.write(i, 't', 0);
    bench.advance(150);
    expect(bench.core.requestsInFlight).toBe(1);
    bench.advance(100);
    expect(bench.core.requestsInFlight).toBe(5);
  });

  it('[PO10, D#R7] keeps requests below maxRequestSize', () => {
    const bench = new ProducerBench({ maxRequestSize: 2000, batchSize: 900 });
    bench.kafka.topic('t', [1, 1, 1, 1]);
    for (let i = 0; i < 4; i++) bench.write(i, 't', i, 'x'.repeat(700));
    bench.advance(50);
    expect(bench.kafka.requests.map((request) => request.batches.length)).toEqual([2, 2]);
  });

  it('gives the broker time as timestamp where the topic says so', () => {
    const bench = new ProducerBench();
    bench.kafka.topic('t', [1]);
    bench.kafka.logAppendTime = 42;
    bench.write(0);
    bench.advance(20);
    expect(bench.outcomes.get(0)).toMatchObject({ timestamp: 42, timestampType: 'logAppendTime' });
  });

  it('names topics by id, and by name below version 13 where there is no id', () => {
    const bench = new ProducerBench();
    bench.kafka.topic('t', [1]);
    bench.write(0);
    bench.advance(20);
    expect(bench.kafka.versions).toEqual([undefined]);
  });

  it('with acks 0 answers with offset -1 once the request is written', () => {
    const bench = new ProducerBench({ acks: 0, enableIdempotence: false });
    bench.kafka.topic('t', [1, 1]);
    bench.write(0, 't', 0);
    bench.write(1, 't', 1);
    bench.advance(20);
    expect([...bench.outcomes.values()].map((o) => o.offset)).toEqual([-1, -1]);
    expect(bench.kafka.requests[0]!.acks).toBe(0);
  });

  it('[B169, KJ#1768] keeps the process alive only while something is pending', () => {
    const bench = new ProducerBench();
    bench.kafka.topic('t', [1]);
    expect(bench.kafka.runtime.alive).toBe(0);
    bench.write(0);
    expect(bench.kafka.runtime.alive).toBe(1);
    bench.advance(20);
    expect(bench.kafka.runtime.alive).toBe(0);
  });

  it('goes on with the other records when a receiver throws', () => {
    const bench = new ProducerBench();
    bench.kafka.topic('t', [1]);
    const thrower = {
      delivered: () => {
        throw new Error('receiver');
      },
      failed: () => undefined,
      flushed: () => undefined,
    };
    bench.core.write('t', 0, null, 'a', 0, null, thrower, 0);
    bench.write(1, 't', 0);
    expect(() => {
      bench.advance(20);
    }).toThrow('receiver');
    expect(bench.outcomes.get(1)).toMatchObject({ offset: 1 });
  });
});

describe('partitions', () => {
  it('[P19] stays on a partition until batchSize bytes went there, over several small batches', () => {
    const bench = new ProducerBench({ batchSize: 1000 });
    bench.kafka.topic('t', [1, 1, 1, 1]);
    const used: number[] = [];
    for (let i = 0; i < 60; i++) {
      bench.write(i, 't', -1, 'x'.repeat(90));
      bench.advance(20);
      used.push(bench.outcomes.get(i)!.partition!);
    }
    const runs = used.filter((partition, index) => index === 0 || used[index - 1] !== partition);
    expect(runs.length).toBeLessThanOrEqual(7);
    expect(new Set(used).size).toBeGreaterThan(1);
  });

  it('[B6, P19, P20] sends a key to the partition that the Java client chooses', () => {
    const bench = new ProducerBench();
    bench.kafka.topic(
      't',
      Array.from({ length: 12 }, () => 1),
    );
    // toPositive(murmur2(key)) % 12, from org.apache.kafka.common.utils.Utils
    const keys = [
      '21',
      'foobar',
      'a-little-bit-long-string',
      'a-little-bit-longer-string',
      'lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8',
      'abc',
    ];
    const hashes = [-973932308, -790332482, -985981536, -1486304829, -58897971, 479470107];
    keys.forEach((key, index) => bench.write(index, 't', -1, 'v', key));
    bench.advance(20);
    expect(keys.map((_, index) => bench.outcomes.get(index)!.partition)).toEqual(
      hashes.map((hash) => (hash & 0x7fffffff) % 12),
    );
  });

  it('[P18] asks a custom partitioner with the serialized key', () => {
    const seen: unknown[] = [];
    const bench = new ProducerBench({
      partitioner: (args) => {
        seen.push({ ...args, keyBytes: args.keyBytes && Buffer.from(args.keyBytes).toString() });
        return 2;
      },
    });
    bench.kafka.topic('t', [1, -1, 1]);
    bench.write(0, 't', -1, 'v', 'k');
    bench.write(1, 't', -1, 'v');
    bench.advance(20);
    expect(seen).toEqual([
      { topic: 't', keyBytes: 'k', partitions: [0, 1, 2], available: [0, 2] },
      { topic: 't', keyBytes: null, partitions: [0, 1, 2], available: [0, 2] },
    ]);
    expect(bench.outcomes.get(1)!.partition).toBe(2);
  });

  it('fails the record whose partitioner throws or names no partition', () => {
    const bench = new ProducerBench({
      partitioner: ({ keyBytes }) => {
        if (keyBytes === null) throw new RangeError('mine');
        return 9;
      },
    });
    bench.kafka.topic('t', [1]);
    bench.write(0, 't', -1, 'v');
    bench.write(1, 't', -1, 'v', 'k');
    bench.advance(20);
    expect(bench.outcomes.get(0)!.error).toMatchObject({ message: 'mine' });
    expect(bench.outcomes.get(1)!.error).toMatchObject({ code: 'ERR_KAFKA_USAGE' });
  });

  it('does not stick to a partition that has no leader', () => {
    const bench = new ProducerBench();
    bench.kafka.topic('t', [-1, 1, -1]);
    bench.write(0);
    bench.advance(20);
    expect(bench.outcomes.get(0)!.partition).toBe(1);
  });
});

describe('metadata', () => {
  it('waits for an unknown topic and keeps the order of its records', () => {
    const bench = new ProducerBench();
    const [partition] = bench.kafka.topic('t', [1], false);
    for (let i = 0; i < 5; i++) bench.write(i, 't', 0);
    bench.advance(50);
    expect(partition!.values).toEqual(values(0, 5));
    expect(bench.kafka.retained).toEqual(['t']);
  });

  it('[B69, P23] fails after maxBlockMs with what metadata said', () => {
    const bench = new ProducerBench({ maxBlockMs: 200 });
    bench.write(0, 'nowhere');
    bench.advance(199);
    expect(bench.outcomes.size).toBe(0);
    bench.advance(10);
    expect(bench.outcomes.get(0)!.error).toMatchObject({
      name: 'DeliveryError',
      mayHaveBeenWritten: false,
      cause: { errorName: 'UNKNOWN_TOPIC_OR_PARTITION' },
    });
    expect(bench.kafka.refreshes).toBeGreaterThan(1);
    expect(bench.kafka.runtime.alive).toBe(0);
  });

  it('fails at once when the topic is not ours to write to', () => {
    const bench = new ProducerBench();
    bench.kafka.topicErrors.set('secret', 29);
    bench.write(0, 'secret');
    bench.advance(20);
    expect(bench.outcomes.get(0)!.error).toMatchObject({ cause: { errorName: 'TOPIC_AUTHORIZATION_FAILED' } });
  });

  it('waits for a partition beyond those that are known', () => {
    const bench = new ProducerBench();
    bench.kafka.topic('t', [1]);
    bench.write(0, 't', 1);
    bench.write(1, 't', 0);
    bench.advance(50);
    expect([...bench.outcomes.keys()]).toEqual([1]);
    const partitions = bench.kafka.topic('t', [1, 1], false);
    bench.advance(500);
    expect(partitions[1]!.values).toEqual(['v0']);
  });

  it('[B70] asks for metadata again and again while a partition has no leader, and delivers when it has one', () => {
    const bench = new ProducerBench();
    const [partition] = bench.kafka.topic('t', [-1]);
    bench.write(0);
    bench.advance(1000);
    expect(bench.kafka.refreshes).toBeGreaterThan(3);
    bench.kafka.move('t', 0, 1);
    bench.advance(300);
    expect(partition!.values).toEqual(['v0']);
    const { refreshes } = bench.kafka;
    bench.advance(5000);
    expect(bench.kafka.refreshes).toBe(refreshes);
  });
});

describe('bounds', () => {
  it('[PO10, D#966] refuses a record over maxRequestSize before sending, with both sizes and the limit', () => {
    const bench = new ProducerBench({ maxRequestSize: 1000 });
    bench.kafka.topic('t', [1]);
    bench.write(0, 't', 0, 'x'.repeat(1000), 'key');
    bench.write(1, 't', 0, 'x'.repeat(100));
    bench.advance(20);
    const { error } = bench.outcomes.get(0)!;
    expect(error).toMatchObject({ name: 'RecordTooLargeError', mayHaveBeenWritten: false });
    expect(error!.message).toMatch(/key of 3 bytes.*value of 1000 bytes.*maxRequestSize is 1000/);
    expect(bench.outcomes.get(1)).toMatchObject({ offset: 0 });
  });

  it('takes a record over batchSize in a batch of its own', () => {
    const bench = new ProducerBench({ batchSize: 500 });
    const [partition] = bench.kafka.topic('t', [1]);
    for (let i = 0; i < 3; i++) bench.write(i, 't', 0, `${i}${'x'.repeat(i === 1 ? 5000 : 10)}`);
    bench.advance(50);
    expect(partition!.log.map((batch) => batch.count)).toEqual([1, 1, 1]);
    expect(partition!.values.map((value) => value[0])).toEqual(['0', '1', '2']);
  });

  it('[P7] tells a writer that the sink is full, takes the record all the same, and tells when there is room', () => {
    const bench = new ProducerBench({ bufferMemory: 1_048_576 });
    bench.kafka.topic('t', [1]);
    bench.kafka.latencyMs = 50;
    let ready = 0;
    bench.core.onReady(() => ready++);
    let taken = 0;
    while (bench.write(taken++, 't', 0, 'x'.repeat(1000)));
    expect(bench.core.bufferedBytes).toBeGreaterThanOrEqual(1_048_576);
    expect(bench.core.bufferedBytes).toBeLessThan(1_048_576 + 2000);
    expect(ready).toBe(0);
    bench.advance(200);
    expect(ready).toBe(1);
    bench.advance(60_000);
    expect(bench.outcomes.size).toBe(taken);
    expect(bench.core.bufferedBytes).toBe(0);
  });

  it('keeps what writers have in the accumulator below their share of bufferMemory', () => {
    const bench = new ProducerBench();
    bench.kafka.topic('t', [1]);
    while (bench.write(bench.outcomes.size + bench.core.bufferedBytes, 't', 0, 'x'.repeat(1000)));
    expect(bench.core.bufferedBytes).toBeLessThan(8.1 * 1024 * 1024);
  });

  it('[P7, D#409] lets a send wait for room, in order', () => {
    const bench = new ProducerBench({ bufferMemory: 1_048_576 });
    const [partition] = bench.kafka.topic('t', [1]);
    bench.kafka.latencyMs = 300;
    let token = 0;
    while (bench.write(token++, 't', 0, 'x'.repeat(1000)));
    expect([bench.send(9001, 't', 0), bench.send(9002, 't', 0)]).not.toContain(null);
    bench.advance(60_000);
    expect(partition!.values.filter((value) => value.startsWith('v'))).toEqual(['v9001', 'v9002']);
  });

  it('[P6, P7, P23, B82] fails a send that waited for room longer than maxBlockMs', () => {
    const bench = new ProducerBench({ bufferMemory: 1_048_576, maxBlockMs: 1000 });
    bench.kafka.topic('t', [1]);
    bench.kafka.fate = () => ({ silence: true, append: false });
    let token = 0;
    while (bench.write(token++, 't', 0, 'x'.repeat(1000)));
    bench.send(9001, 't', 0);
    bench.advance(999);
    expect(bench.outcomes.size).toBe(0);
    bench.advance(2);
    expect(bench.outcomes.get(9001)!.error!.message).toMatch(/maxBlockMs \(1000\) for room/);
  });

  it('[B84] does not send a record that was cancelled while it waited', () => {
    const bench = new ProducerBench();
    const [partition] = bench.kafka.topic('t', [1], false);
    const first = bench.send(0);
    const second = bench.send(1);
    expect(second).not.toBeNull();
    bench.core.cancel(first!);
    bench.advance(50);
    expect(partition!.values).toEqual(['v1']);
    expect(bench.outcomes.has(0)).toBe(false);
    expect(bench.core.bufferedBytes).toBe(0);
    bench.core.cancel(second!);
  });
});

describe('flush and close', () => {
  it('flush waits for everything that was written before it, waiting records included', () => {
    const bench = new ProducerBench({ lingerMs: 10_000 });
    bench.kafka.topic('t', [1], false);
    bench.kafka.latencyMs = 100;
    bench.write(0, 't', 0);
    let flushed = -1;
    bench.core.flush(() => {
      flushed = bench.kafka.runtime.now();
    });
    expect(flushed).toBe(-1);
    bench.advance(1000);
    expect(flushed).toBe(bench.outcomes.get(0)!.at);
    let empty = false;
    bench.core.flush(() => {
      empty = true;
    });
    expect(empty).toBe(false);
    bench.advance(1);
    expect(empty).toBe(true);
  });

  it('flush does not wait for what comes after it, nor for linger', () => {
    const bench = new ProducerBench({ lingerMs: 10_000 });
    bench.kafka.topic('t', [1]);
    bench.write(0, 't', 0);
    bench.advance(20);
    bench.kafka.latencyMs = 1000;
    bench.write(1, 't', 0);
    bench.advance(1);
    bench.write(2, 't', 0);
    let flushed = false;
    bench.core.flush(() => {
      flushed = true;
    });
    bench.write(3, 't', 0);
    bench.advance(1500);
    expect(flushed).toBe(true);
    expect([...bench.outcomes.keys()]).toEqual([0, 1, 2]);
  });

  it('close delivers what is pending, then frees everything', () => {
    const bench = new ProducerBench({ lingerMs: 10_000 });
    const [partition] = bench.kafka.topic('t', [1], false);
    for (let i = 0; i < 10; i++) bench.write(i, 't', 0);
    let closed = false;
    bench.core.close(5000, () => {
      closed = true;
    });
    bench.advance(100);
    expect(closed).toBe(true);
    expect(partition!.values).toEqual(values(0, 10));
    expect([bench.kafka.poolsClosed, bench.kafka.retained, bench.kafka.runtime.alive]).toEqual([1, [], 0]);
  });

  it('refuses records after close', () => {
    const bench = new ProducerBench();
    bench.kafka.topic('t', [1]);
    bench.core.close(1000, () => undefined);
    bench.write(0);
    bench.advance(10);
    bench.write(1);
    bench.advance(10);
    expect(bench.outcomes.get(0)!.error).toMatchObject({ code: 'ERR_KAFKA_CLIENT_CLOSED' });
    expect(bench.outcomes.get(1)!.error).toMatchObject({ code: 'ERR_KAFKA_CLIENT_CLOSED' });
  });

  it.each([
    ['without metadata', (kafka: FakeCluster) => kafka.topicErrors.set('t', 5), false],
    ['without a leader', (kafka: FakeCluster) => kafka.topic('t', [-1]), false],
    [
      'without a producer id',
      (kafka: FakeCluster) => (kafka.topic('t', [1]), (kafka.initProducerIdErrors = Array<number>(99).fill(15))),
      false,
    ],
    [
      'with a request in flight',
      (kafka: FakeCluster) => (kafka.topic('t', [1]), (kafka.fate = () => ({ silence: true, append: false }))),
      true,
    ],
    ['between retries', (kafka: FakeCluster) => (kafka.topic('t', [1]), (kafka.fate = () => ({ error: 19 }))), false],
  ] as const)('[D#1101] close is bounded %s and fails what is left', (_name, arrange, mayHaveBeenWritten) => {
    const bench = new ProducerBench();
    arrange(bench.kafka);
    bench.write(0);
    bench.advance(50);
    let closedAt = -1;
    bench.core.close(700, () => {
      closedAt = bench.kafka.runtime.now();
      expect(bench.outcomes.get(0)!.error).toMatchObject({ name: 'DeliveryError', mayHaveBeenWritten });
    });
    bench.advance(600);
    expect(closedAt).toBe(-1);
    bench.advance(200);
    expect(closedAt).toBe(750);
    expect(bench.kafka.runtime.alive).toBe(0);
    bench.advance(200_000);
    expect(bench.outcomes.size).toBe(1);
  });
});
