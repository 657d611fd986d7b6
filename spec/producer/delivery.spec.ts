import { ProducerBench } from './support/producer-bench.js';
import { PartitionQueue } from '../../src/producer/partition-queue.js';
import { FakeCluster } from './support/fake-cluster.js';

function started(
  options: ConstructorParameters<typeof ProducerBench>[0] = {},
  leaders: readonly number[] = [1],
): {
  bench: ProducerBench;
  kafka: FakeCluster;
  partitions: ReturnType<FakeCluster['topic']>;
} {
  const bench = new ProducerBench({ batchSize: 120, ...options });
  const partitions = bench.kafka.topic('t', leaders);
  leaders.forEach((_, partition) => bench.write(-1 - partition, 't', partition, 'first'));
  bench.advance(50);
  bench.outcomes.clear();
  bench.kafka.requests.length = 0;
  for (const partition of partitions) partition.log.length = 0;
  return { bench, kafka: bench.kafka, partitions };
}

function writeMany(bench: ProducerBench, from: number, to: number, partition = 0): string[] {
  const values: string[] = [];
  for (let i = from; i < to; i++) {
    bench.write(i, 't', partition);
    values.push(`v${i}`);
  }
  return values;
}

describe('retries', () => {
  it('repeats a batch whose connection broke with the same producer id, epoch, sequence and bytes', () => {
    const { bench, kafka, partitions } = started();
    kafka.script.push('lost');
    const values = writeMany(bench, 0, 3);
    bench.advance(2000);
    const [first, second] = kafka.requests.map((request) => request.batches[0]!.batch);
    expect(second).toEqual(first);
    expect(partitions[0]!.values).toEqual(values);
  });

  it('writes nothing twice when the answer was lost', () => {
    const { bench, kafka, partitions } = started();
    kafka.script.push('writtenThenLost');
    const values = writeMany(bench, 0, 3);
    bench.advance(2000);
    expect(partitions[0]!.values).toEqual(values);
    expect(bench.outcomes.get(0)).toMatchObject({ offset: 1 });
  });

  it('[B88, P15] takes DUPLICATE_SEQUENCE_NUMBER for success', () => {
    const { bench, kafka } = started();
    kafka.script.push({ errorAfterAppend: 46 });
    bench.write(0, 't', 0);
    bench.advance(100);
    expect(bench.outcomes.get(0)).toMatchObject({ offset: -1 });
  });

  it('[B85] a batch keeps its place and its entry however often it is tried, and each further try is counted', () => {
    const { bench, kafka, partitions } = started();
    kafka.script.push({ error: 19 }, 'lost', { error: 19 });
    const { retries } = bench.core.counters;
    const values = writeMany(bench, 0, 10);
    for (const tries of [1, 2, 3]) {
      while (bench.core.counters.retries < retries + tries) bench.advance(1);
      expect(partitions[0]!.values).toEqual([]);
    }
    bench.advance(5000);
    expect(bench.core.counters.retries).toBe(retries + 3);
    expect(partitions[0]!.values).toEqual(values);
    expect([bench.core.bufferedBytes, bench.core.requestsInFlight, kafka.runtime.alive]).toEqual([0, 0, 0]);
  });

  it('waits before the next try, longer each time', () => {
    const { bench, kafka } = started();
    kafka.script.push({ error: 19 }, { error: 19 }, { error: 19 });
    bench.write(0, 't', 0);
    bench.advance(5000);
    const times = kafka.requests.map(({ at }) => at);
    expect(times).toHaveLength(4);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(80);
    expect(times[3]! - times[2]!).toBeGreaterThan(times[2]! - times[1]!);
    expect(bench.outcomes.get(0)).toMatchObject({ offset: 1 });
  });

  it('[P3] sends only the lowest batch while one is retried, then goes on with several', () => {
    const { bench, kafka, partitions } = started();
    kafka.latencyMs = 20;
    kafka.script.push({ error: 19 });
    const values = writeMany(bench, 0, 30);
    bench.advance(5000);
    expect(partitions[0]!.values).toEqual(values);
    const retry = kafka.requests.findIndex(({ at }) => at >= kafka.requests[0]!.at + 80);
    expect(kafka.requests[retry]!.batches[0]!.batch.baseSequence).toBe(1);
    expect(kafka.requests[retry + 1]!.at).toBeGreaterThan(kafka.requests[retry]!.at);
    expect(new Set(partitions[0]!.log.map((batch) => batch.producerEpoch))).toEqual(new Set([0]));
  });

  it('[S4] does not send the good partitions again when one fails', () => {
    const { bench, kafka, partitions } = started({}, [1, 1]);
    kafka.move('t', 1, 2);
    bench.write(0, 't', 0);
    bench.write(1, 't', 1);
    bench.advance(1000);
    expect(kafka.requests.flatMap(({ batches }) => batches.map((b) => b.partition))).toEqual([0, 1, 1]);
    expect(partitions.map((partition) => partition.values)).toEqual([['v0'], ['v1']]);
  });

  it('stops after the number of retries that was asked for', () => {
    const { bench, kafka } = started({ retries: 2 });
    kafka.fate = () => ({ error: 19 });
    bench.write(0, 't', 0);
    bench.advance(10_000);
    expect(kafka.requests).toHaveLength(3);
    expect(bench.outcomes.get(0)!.error).toMatchObject({
      name: 'DeliveryError',
      mayHaveBeenWritten: false,
      cause: { errorName: 'NOT_ENOUGH_REPLICAS' },
    });
  });

  it('fails at once what the broker refuses for good, and goes on behind it', () => {
    const { bench, kafka, partitions } = started();
    kafka.script.push({ error: 29 });
    writeMany(bench, 0, 3);
    bench.advance(10);
    bench.write(3, 't', 0);
    bench.advance(200);
    expect(bench.outcomes.get(0)!.error).toMatchObject({ mayHaveBeenWritten: false, cause: { errorCode: 29 } });
    expect(partitions[0]!.values).toEqual(['v3']);
    expect(partitions[0]!.log[0]).toMatchObject({ producerEpoch: 0, baseSequence: 1 });
  });

  it('names the records that the broker calls invalid', () => {
    const { bench, kafka } = started();
    kafka.script.push({
      error: 87,
      message: 'bad',
      recordErrors: [{ batchIndex: 1, batchIndexErrorMessage: 'no key' }],
    });
    writeMany(bench, 0, 3);
    bench.advance(100);
    expect(bench.outcomes.get(1)!.error!.message).toMatch(/no key/);
    expect(bench.outcomes.get(0)!.error!.message).toMatch(/other records of their batch are invalid/);
  });

  it('[P3] without idempotence keeps one batch per partition in flight, so that retries keep the order', () => {
    const { bench, kafka, partitions } = started({ enableIdempotence: false });
    kafka.latencyMs = 10;
    kafka.script.push('ok', 'lost', { error: 7 });
    const values = writeMany(bench, 0, 30);
    for (let i = 0; i < 100; i++) {
      bench.advance(5);
      expect(bench.core.requestsInFlight).toBeLessThanOrEqual(1);
    }
    bench.advance(5000);
    expect(partitions[0]!.values).toEqual(values);
    expect(kafka.requests[0]!.batches[0]!.batch).toMatchObject({ producerId: -1, producerEpoch: -1, baseSequence: -1 });
  });
});

describe('leaders', () => {
  it('moves the queue to the new leader with everything in it', () => {
    const { bench, kafka, partitions } = started();
    kafka.latencyMs = 10;
    const values = writeMany(bench, 0, 30);
    bench.advance(5);
    kafka.move('t', 0, 2);
    bench.advance(2000);
    expect(partitions[0]!.values).toEqual(values);
    expect(kafka.requests.at(-1)!.node).toBe(2);
  });

  it('[N16, G6] asks for metadata after KAFKA_STORAGE_ERROR, and sends to the leader that it names', () => {
    const { bench, kafka, partitions } = started();
    kafka.script.push({ error: 56 });
    const { refreshes } = kafka;
    const values = writeMany(bench, 0, 3);
    bench.advance(1.5);
    kafka.move('t', 0, 2);
    bench.advance(500);
    expect(kafka.refreshes).toBe(refreshes + 1);
    expect(kafka.requests.map(({ node }) => node)).toEqual([1, 2]);
    expect(partitions[0]!.values).toEqual(values);
  });

  it('goes to the leader that the refusal names without waiting for metadata', () => {
    const { bench, kafka, partitions } = started();
    kafka.namesLeader = true;
    kafka.move('t', 0, 2);
    bench.write(0, 't', 0);
    bench.advance(4);
    expect(partitions[0]!.values).toEqual(['v0']);
  });

  it('does not send to the new leader before the old one has answered', () => {
    const { bench, kafka } = started();
    kafka.latencyMs = 100;
    writeMany(bench, 0, 3);
    bench.advance(10);
    kafka.move('t', 0, 2);
    kafka.metadata.refresh();
    bench.write(4, 't', 0);
    bench.advance(50);
    expect(kafka.requests.map(({ node }) => node)).toEqual([1]);
  });
});

describe('sequences', () => {
  it('[D#1017] restarts the partition under the next epoch when the broker lost its state', () => {
    const { bench, kafka, partitions } = started();
    // a broker that has state of this producer, but not the one it should have
    partitions[0]!.producers.set(4000, { epoch: 0, lastSequence: 77, batches: [] });
    kafka.latencyMs = 10;
    const values = writeMany(bench, 0, 20);
    bench.advance(5000);
    expect(partitions[0]!.values).toEqual(values);
    expect(partitions[0]!.log[0]).toMatchObject({ producerId: 4000, producerEpoch: 1, baseSequence: 0 });
  });

  it.each([59, 47])('[B88] restarts the partition under the next epoch after error %i', (error) => {
    const { bench, kafka, partitions } = started();
    kafka.script.push({ error });
    const values = writeMany(bench, 0, 20);
    bench.advance(5000);
    expect(partitions[0]!.values).toEqual(values);
    expect(partitions[0]!.log[0]).toMatchObject({ producerEpoch: 1, baseSequence: 0 });
  });

  it('restarts a partition only when nothing of it is in flight under the old epoch', () => {
    const { bench, kafka, partitions } = started();
    kafka.script.push({ error: 59 });
    kafka.latencyMs = 100;
    bench.write(0, 't', 0, 'a'.repeat(100));
    bench.advance(10);
    kafka.latencyMs = 1000;
    bench.write(1, 't', 0, 'b'.repeat(100));
    bench.advance(900);
    expect(kafka.requests).toHaveLength(2);
    bench.advance(5000);
    expect(kafka.requests[2]!.at - kafka.requests[1]!.at).toBeGreaterThanOrEqual(1000);
    expect(partitions[0]!.values.map((value) => value[0])).toEqual(['a', 'b']);
    expect(partitions[0]!.log.map(({ producerEpoch }) => producerEpoch)).toEqual([1, 1]);
  });

  it('keeps the other partitions on their epoch until they are empty', () => {
    const { bench, kafka, partitions } = started({}, [1, 2]);
    kafka.fate = ({ node }) => (node === 1 && kafka.requests.length < 3 ? { error: 59 } : 'ok');
    kafka.latencyMs = 10;
    writeMany(bench, 0, 10, 0);
    writeMany(bench, 10, 20, 1);
    bench.advance(2000);
    bench.write(20, 't', 1);
    bench.advance(2000);
    expect(partitions[0]!.log.at(-1)!.producerEpoch).toBe(1);
    expect(partitions[1]!.log.map(({ producerEpoch, baseSequence }) => [producerEpoch, baseSequence])).toEqual([
      ...partitions[1]!.log.slice(0, -1).map(({ baseSequence }) => [0, baseSequence]),
      [1, 0],
    ]);
  });

  it('asks for a new producer id when the epochs are used up', () => {
    const kafka = new FakeCluster();
    kafka.startEpoch = 32767;
    const bench = new ProducerBench({}, kafka);
    const [partition] = kafka.topic('t', [1]);
    bench.write(0, 't', 0);
    bench.advance(50);
    kafka.script.push({ error: 59 });
    kafka.startEpoch = 0;
    bench.write(1, 't', 0);
    bench.advance(1000);
    expect(
      partition!.log.map(({ producerId, producerEpoch, baseSequence }) => [producerId, producerEpoch, baseSequence]),
    ).toEqual([
      [4000, 32767, 0],
      [4001, 0, 0],
    ]);
  });

  it('asks again for a producer id after a retriable error, and fails what waits after another one', () => {
    const kafka = new FakeCluster();
    kafka.initProducerIdErrors = [14, 15, 31];
    const bench = new ProducerBench({}, kafka);
    kafka.topic('t', [1]);
    bench.write(0);
    bench.advance(150);
    expect(bench.outcomes.size).toBe(0);
    bench.advance(1000);
    expect(bench.outcomes.get(0)!.error).toMatchObject({
      mayHaveBeenWritten: false,
      cause: { errorName: 'CLUSTER_AUTHORIZATION_FAILED' },
    });
    bench.write(1);
    bench.advance(100);
    expect(bench.outcomes.get(1)).toMatchObject({ offset: 0 });
  });

  it('[P3] gives no sequence number twice when a batch is acknowledged later than those behind it', () => {
    const { bench, kafka, partitions } = started({ batchSize: 110 });
    // appended and refused all the same; the next one is acknowledged first, and those behind it are refused for good
    kafka.script.push('ok', { errorAfterAppend: 20 }, 'ok', { error: 29 }, { error: 29 });
    const values = Array.from({ length: 7 }, (_, index) => `v${index}`.padEnd(42));
    values.forEach((value, token) => bench.write(token, 't', 0, value));
    bench.advance(5000);
    const told = [...bench.outcomes].filter(([, { error }]) => error === undefined);
    // the record of `started` has offset 0
    for (const [token, { offset }] of told) expect(partitions[0]!.values[offset! - 1]).toBe(values[token]);
    expect(told.map(([token]) => token).sort()).toEqual([0, 1, 2, 5, 6]);
  });

  it('[D#R4] wraps from 2147483647 to 0', () => {
    const { bench, kafka, partitions } = started();
    const at = 2147483640;
    partitions[0]!.producers.set(4000, { epoch: 0, lastSequence: at - 1, batches: [] });
    const assign = Reflect.get(PartitionQueue.prototype, 'assignSequence');
    const jump = jest.spyOn(PartitionQueue.prototype, 'assignSequence').mockImplementation(function (
      this: PartitionQueue,
      batch,
    ) {
      if (this.nextSequence === 1) this.nextSequence = this.ackedSequence = at;
      assign.call(this, batch);
    });
    const values = writeMany(bench, 0, 40);
    bench.advance(1000);
    jump.mockRestore();
    expect(partitions[0]!.values).toEqual(values);
    expect(partitions[0]!.log.at(-1)!.baseSequence).toBeLessThan(40);
    expect(kafka.producerIds).toBe(1);
    expect(partitions[0]!.log.every(({ producerEpoch }) => producerEpoch === 0)).toBe(true);
  });
});

describe('delivery timeout', () => {
  it('[P13, B70, B82] fails a batch that was never sent, as not written, and says that there is no leader', () => {
    const kafka = new FakeCluster();
    const bench = new ProducerBench({ deliveryTimeoutMs: 1000 }, kafka);
    kafka.topic('t', [-1]);
    bench.write(0);
    bench.advance(999);
    expect(bench.outcomes.size).toBe(0);
    bench.advance(1);
    expect(bench.outcomes.get(0)!.error).toMatchObject({
      name: 'DeliveryError',
      message: expect.stringMatching(
        /deliveryTimeoutMs \(1000\) is over: Leader of t-0.*LEADER_NOT_AVAILABLE/,
      ) as string,
      mayHaveBeenWritten: false,
      retriable: true,
      cause: { errorName: 'LEADER_NOT_AVAILABLE' },
    });
    expect(bench.core.bufferedBytes).toBe(0);
  });

  it('[P8, P9, P13, B82] fails a batch in flight, as maybe written, with the last broker error as cause', () => {
    const { bench, kafka } = started({ deliveryTimeoutMs: 1000 });
    kafka.script.push({ error: 20 });
    kafka.fate = () => ({ silence: true, append: true });
    bench.write(0, 't', 0);
    bench.advance(1001);
    expect(bench.outcomes.get(0)!.error).toMatchObject({
      mayHaveBeenWritten: true,
      cause: { errorName: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND' },
    });
  });

  it('[P13, B82] calls a batch not written whose request still waits for a connection, and does not write it later', () => {
    const { bench, kafka, partitions } = started({ deliveryTimeoutMs: 1000 });
    kafka.connectedFrom = kafka.runtime.now() + 3000;
    bench.write(0, 't', 0);
    bench.advance(1001);
    expect(bench.outcomes.get(0)!.error).toMatchObject({ name: 'DeliveryError', mayHaveBeenWritten: false });
    bench.advance(1500);
    bench.write(1, 't', 0);
    bench.advance(2000);
    expect(partitions[0]!.values).toEqual(['v1']);
    expect(partitions[0]!.log[0]).toMatchObject({ producerEpoch: 0, baseSequence: 1 });
    expect(bench.core.bufferedBytes).toBe(0);
  });

  it('[P13] leaves out a batch that was given up, and the one behind it is written once', () => {
    const { bench, kafka, partitions } = started({ deliveryTimeoutMs: 1000 });
    kafka.connectedFrom = kafka.runtime.now() + 1200;
    bench.write(0, 't', 0);
    bench.advance(500);
    bench.write(1, 't', 0);
    bench.advance(2000);
    expect(bench.outcomes.get(0)!.error).toMatchObject({ mayHaveBeenWritten: false });
    expect(bench.outcomes.get(1)!.error).toBeUndefined();
    expect(partitions[0]!.values).toEqual(['v1']);
  });

  it('goes on under the same epoch when the expired batch turns out to be written', () => {
    const { bench, kafka, partitions } = started({ deliveryTimeoutMs: 1000 });
    kafka.latencyMs = 1500;
    bench.write(0, 't', 0);
    bench.advance(1100);
    expect(bench.outcomes.get(0)!.error).toMatchObject({ mayHaveBeenWritten: true });
    kafka.latencyMs = 1;
    bench.write(1, 't', 0);
    bench.advance(2000);
    expect(partitions[0]!.values).toEqual(['v0', 'v1']);
    expect(partitions[0]!.log.map((batch) => batch.producerEpoch)).toEqual([0, 0]);
  });

  it.each([true, false])(
    '[P13] restarts under a new epoch when nobody knows whether the expired batch was written (it was: %s)',
    (append) => {
      const { bench, kafka, partitions } = started({ deliveryTimeoutMs: 1000 });
      kafka.script.push({ silence: true, append });
      bench.write(0, 't', 0);
      bench.advance(1100);
      bench.write(1, 't', 0);
      // nothing new before the answer or its deadline
      bench.advance(800);
      expect(kafka.requests).toHaveLength(1);
      bench.outcomes.clear();
      bench.advance(28_400);
      bench.write(2, 't', 0);
      bench.advance(2000);
      expect(partitions[0]!.values).toEqual(append ? ['v0', 'v2'] : ['v2']);
      expect(partitions[0]!.log.at(-1)).toMatchObject({ producerEpoch: 1, baseSequence: 0 });
    },
  );

  it('finds out by the batches behind it whether the expired one was written', () => {
    const { bench, kafka, partitions } = started({ deliveryTimeoutMs: 31_000 });
    kafka.script.push({ silence: true, append: true }, { silence: true, append: true });
    kafka.fate = ({ at }) => (at < 31_050 ? 'lost' : 'ok');
    bench.write(0, 't', 0, 'a'.repeat(100));
    bench.advance(2000);
    bench.write(1, 't', 0, 'b'.repeat(100));
    bench.advance(32_000);
    expect(bench.outcomes.get(0)!.error).toMatchObject({ mayHaveBeenWritten: true });
    expect(partitions[0]!.values.map((value) => value[0])).toEqual(['a', 'b']);
    expect(partitions[0]!.log.map((batch) => batch.producerEpoch)).toEqual([0, 0]);
    expect(bench.outcomes.get(1)).toMatchObject({ offset: 2 });
  });
});

describe('bytes that arrive after their connection was given up', () => {
  /** Record 1 is given up while 1 and 2 are on their way; 2 is tried again before they arrive, after `lateMs`. */
  function late(lateMs: number): ReturnType<typeof started> {
    const begun = started({ deliveryTimeoutMs: 450 });
    const { bench, kafka } = begun;
    bench.write(0, 't', 0);
    bench.advance(100);
    kafka.latencyMs = 400;
    kafka.script.push({ arrivesAfterMs: lateMs });
    bench.write(1, 't', 0);
    bench.advance(200);
    bench.write(2, 't', 0);
    bench.advance(150);
    kafka.latencyMs = 10;
    bench.advance(2000);
    bench.write(3, 't', 0);
    bench.advance(2000);
    return begun;
  }

  it('[P3] are in the log once, whether they arrive before, between or after the tries that follow', () => {
    for (let lateMs = 90; lateMs < 130; lateMs++) {
      const { bench, partitions } = late(lateMs);
      const { values } = partitions[0]!;
      expect([lateMs, ...values]).toEqual([lateMs, ...[...new Set(values)].sort()]);
      expect(bench.outcomes.get(3)!.error).toBeUndefined();
      for (const [token, { error }] of bench.outcomes) {
        const written = values.includes(`v${token}`);
        if (error === undefined) expect(written).toBe(true);
        else if (written) expect(error.mayHaveBeenWritten).toBe(true);
      }
    }
  });
});

describe('batches that are too large', () => {
  it('are split, keep their order and their sequences, and stay smaller from then on', () => {
    const { bench, kafka, partitions } = started({ batchSize: 16_384 });
    kafka.maxMessageBytes = 3000;
    kafka.latencyMs = 10;
    const values: string[] = [];
    for (let i = 0; i < 200; i++) {
      const value = `${i}:${'x'.repeat(100)}`;
      values.push(value);
      bench.write(i, 't', 0, value);
    }
    let flushed = false;
    bench.core.flush(() => {
      flushed = bench.outcomes.size === 200;
    });
    bench.advance(20_000);
    expect(partitions[0]!.values).toEqual(values);
    expect(flushed).toBe(true);
    for (let i = 0; i < 200; i++) expect(bench.outcomes.get(i)).toMatchObject({ offset: i + 1 });
    expect(bench.core.bufferedBytes).toBe(0);
    const { length } = kafka.requests;
    for (let i = 200; i < 220; i++) bench.write(i, 't', 0, 'x'.repeat(100));
    bench.advance(1000);
    expect(kafka.requests.slice(length).every(({ batches }) => batches[0]!.batch.length <= 3000)).toBe(true);
  });

  it('of one record fail, with its size', () => {
    const { bench, kafka } = started();
    kafka.maxMessageBytes = 200;
    bench.write(0, 't', 0, 'x'.repeat(500));
    bench.advance(100);
    expect(bench.outcomes.get(0)!.error).toMatchObject({ name: 'RecordTooLargeError', mayHaveBeenWritten: false });
    bench.write(1, 't', 0);
    bench.advance(100);
    expect(bench.outcomes.get(1)).toMatchObject({ offset: 1 });
  });
});
