import { type KafkaError } from '../../src/errors/kafka-error.js';
import { type RecordMetadata } from '../../src/model/record-sink.js';
import { createProducer } from '../../src/observables/producer-client.js';
import { resolveProducerOptions } from '../../src/observables/producer-options.js';
import { json } from '../../src/serde/json.js';
import { nullable } from '../../src/serde/serde.js';
import { utf8 } from '../../src/serde/utf8.js';
import { FakeCluster } from '../producer/support/fake-cluster.js';

const epoch = 1_700_000_000_000;

function client(options: object = {}) {
  const kafka = new FakeCluster();
  const producer = createProducer<string, string>(
    kafka.cluster,
    resolveProducerOptions({ keySerializer: utf8, valueSerializer: utf8, ...options }),
    () => undefined,
  );
  const seen: unknown[] = [];
  /** Subscribes to a batch of these values; what comes of it is in `seen`. */
  const sendBatch = (values: readonly string[], partition = 0, close = true) => {
    const batch = producer.createBatch();
    for (const value of values) batch.append({ value });
    if (close) batch.close();
    return { batch, subscription: watch(producer.sendBatch(batch, { topic: 't', partition })) };
  };
  const watch = (sent$: ReturnType<typeof producer.sendBatch>) =>
    sent$.subscribe({
      next: ({ offset }) => seen.push(offset),
      error: (error: unknown) => seen.push((error as KafkaError).message),
    });
  return { kafka, producer, seen, sendBatch, watch };
}

describe('append', () => {
  it('[PM7, BB4, B87] an empty batch measures 61 bytes, is open, and nothing is queued', () => {
    const { kafka, producer } = client();
    const batch = producer.createBatch();
    kafka.runtime.advance(1000);
    expect([batch.size, batch.recordCount, batch.closed]).toEqual([61, 0, false]);
    expect([kafka.requests, kafka.retained, producer.metrics['bufferedBytes']]).toEqual([[], [], 0]);
  });

  it('[BB1, BB4] tells offset within the batch, bytes and timestamp of each record', () => {
    const { kafka, producer } = client();
    const batch = producer.createBatch();
    expect(batch.append({ key: 'k', value: 'value' })).toEqual({ offset: 0, size: 13, timestamp: epoch });
    kafka.runtime.advance(700);
    expect(batch.append({ value: 'v' })).toMatchObject({ offset: 1, timestamp: epoch + 700 });
    const third = batch.append({ value: 'v', timestamp: 42, headers: { a: 'b' } });
    expect(third).toMatchObject({ offset: 2, timestamp: 42 });
    expect(batch.recordCount).toBe(3);
    expect(batch.size).toBe(61 + 13 + 9 + third!.size);
  });

  it('[BB1, BB2, B24, B80] takes the first record whatever its size, and closes at the first one without room', () => {
    const { producer } = client({ batchSize: 1024 });
    const large = producer.createBatch();
    expect(large.append({ value: 'x'.repeat(2000) })).toMatchObject({ offset: 0 });
    expect(large.append({ value: 'x' })).toBeNull();
    expect([large.recordCount, large.closed]).toEqual([1, true]);

    const batch = producer.createBatch();
    expect(batch.append({ value: 'x'.repeat(700) })).not.toBeNull();
    expect([batch.append({ value: 'x'.repeat(700) }), batch.append({ value: 'x' })]).toEqual([null, null]);
    expect(batch.size).toBeLessThan(1024);
  });

  it('[BB3, B87] refuses records behind close, and measures what it did', () => {
    const { producer } = client();
    const batch = producer.createBatch();
    batch.append({ value: 'v' });
    const { size } = batch;
    batch.close();
    batch.close();
    expect(batch.append({ value: 'v' })).toBeNull();
    expect([batch.size, batch.recordCount, batch.closed]).toEqual([size, 1, true]);
  });

  it('[X10] splits a thousand records of the Java default size into 687 and 313', () => {
    const { producer } = client({ batchSize: 16384 });
    const counts: number[] = [];
    let batch = producer.createBatch();
    for (let i = 0; i < 1000; i++) {
      const value = `Test message ${i}`;
      if (batch.append({ value, timestamp: epoch }) !== null) continue;
      counts.push(batch.recordCount);
      batch = producer.createBatch();
      batch.append({ value, timestamp: epoch });
    }
    expect([...counts, batch.recordCount]).toEqual([687, 313]);
  });

  it('[N14, B80] writes what the serializers make of key, value and headers', () => {
    const { kafka, producer } = client({ valueSerializer: json() });
    const [partition] = kafka.topic('t', [1]);
    const batch = producer.createBatch();
    batch.append({ key: 'k', value: { a: 1 } as never, headers: [['h', 'x']] });
    producer.sendBatch(batch, { topic: 't', partition: 0 }).subscribe();
    kafka.runtime.advance(100);
    expect([partition!.log[0]!.keys, partition!.values]).toEqual([['k'], ['{"a":1}']]);
  });

  it.each([
    [{ value: 5 }, /utf8 writes strings/],
    [{}, /of a batch has no value/],
    [{ value: 'v', timestamp: -1 }, /timestamp of a record must be/],
    [{ value: 'v', headers: 'x' }, /Headers are/],
  ])('[B25] throws for %j, and takes further records', (record, message) => {
    const { producer } = client();
    const batch = producer.createBatch();
    expect(() => batch.append(record as never)).toThrow(message);
    expect(batch.append({ value: 'v' })).toMatchObject({ offset: 0 });
  });

  it('[D#R6] refuses a record without key, value and headers', () => {
    const { producer } = client({ valueSerializer: nullable(utf8) });
    const batch = producer.createBatch();
    expect(() => batch.append({ value: null as never })).toThrow(/of a batch needs a key, a value or headers/);
    expect(batch.append({ key: 'k', value: null as never })).not.toBeNull();
  });
});

describe('sendBatch', () => {
  it('[PM8, BB6] is cold; emits the place of the first record, then completes', () => {
    const { kafka, producer } = client();
    const [partition] = kafka.topic('t', [1]);
    producer.write({ topic: 't', value: 'before' }, () => undefined);
    const batch = producer.createBatch();
    for (const value of ['a', 'b']) batch.append({ key: 'k', value, timestamp: 42 });
    batch.append({ value: 'c', timestamp: 43 });
    const sent$ = producer.sendBatch(batch, { topic: 't', partition: 0 });
    kafka.runtime.advance(100);
    expect(partition!.values).toEqual(['before']);
    const seen: (RecordMetadata | string)[] = [];
    sent$.subscribe({ next: (metadata) => seen.push(metadata), complete: () => seen.push('complete') });
    expect(seen).toEqual([]);
    kafka.runtime.advance(100);
    expect(partition!.log.map(({ count }) => count)).toEqual([1, 3]);
    expect(seen).toEqual([
      {
        topic: 't',
        partition: 0,
        offset: 1,
        timestamp: 42,
        timestampType: 'createTime',
        logStartOffset: 0,
        serializedKeySize: 1,
        serializedValueSize: 1,
      },
      'complete',
    ]);
  });

  it('[BB5, B86] sends the batches of a partition in order, between what else is sent to it', () => {
    const { kafka, producer, seen, sendBatch } = client({ maxInFlightRequests: 1 });
    const partitions = kafka.topic('t', [1, 1]);
    const note = (_: unknown, metadata: RecordMetadata | null) => seen.push(metadata!.offset);
    producer.write({ topic: 't', partition: 0, value: 'r1' }, note);
    sendBatch(['a1', 'a2']);
    sendBatch(['b1', 'b2']);
    producer.write({ topic: 't', partition: 0, value: 'r2' }, note);
    sendBatch(['c1', 'c2'], 1);
    kafka.runtime.advance(1000);
    expect(partitions.map(({ values }) => values)).toEqual([
      ['r1', 'a1', 'a2', 'b1', 'b2', 'r2'],
      ['c1', 'c2'],
    ]);
    expect(partitions[0]!.log.map(({ count }) => count)).toEqual([1, 2, 2, 1]);
    expect([...seen].sort()).toEqual([0, 0, 1, 3, 5]);
  });

  it('[BB3] does not let a batch linger, closed or open', () => {
    for (const close of [true, false]) {
      const { kafka, producer, sendBatch } = client({ lingerMs: 30_000, deliveryTimeoutMs: 200_000 });
      const [partition] = kafka.topic('t', [1, 1]);
      kafka.latencyMs = 100;
      producer.write({ topic: 't', partition: 0, value: 'established' }, () => undefined);
      kafka.runtime.advance(250);
      producer.write({ topic: 't', partition: 1, value: 'in flight' }, () => undefined);
      kafka.runtime.advance(10);
      sendBatch(['a'], 0, close);
      kafka.runtime.advance(110);
      expect([close, partition!.values]).toEqual([close, ['established', 'a']]);
    }
  });

  it('[BB3] an open batch takes what is sent to its partition while it waits, and counts only its own', () => {
    const { kafka, producer, seen, sendBatch } = client();
    const [partition] = kafka.topic('t', [1]);
    const { batch } = sendBatch(['a', 'b'], 0, false);
    producer.write({ topic: 't', partition: 0, value: 'c' }, (_, metadata) => seen.push(metadata!.offset));
    expect([batch.append({ value: 'd' }), batch.closed, batch.recordCount]).toEqual([null, true, 2]);
    kafka.runtime.advance(100);
    expect(partition!.log.map(({ values }) => values)).toEqual([['a', 'b', 'c']]);
    expect(seen).toEqual([0, 2]);
    expect(batch.recordCount).toBe(2);
  });

  it('waits for a topic that is not known yet', () => {
    const { kafka, seen, sendBatch } = client();
    const [partition] = kafka.topic('t', [1], false);
    sendBatch(['a', 'b']);
    kafka.runtime.advance(100);
    expect([partition!.values, seen]).toEqual([['a', 'b'], [0]]);
  });

  it('[BB7, P6] a batch that finds no room within maxBlockMs is never sent, and may be handed over again', () => {
    const { kafka, producer, seen, sendBatch, watch } = client({ bufferMemory: 1_048_576, maxBlockMs: 500 });
    const [partition] = kafka.topic('t', [1]);
    kafka.latencyMs = 2000;
    kafka.maxMessageBytes = 2_000_000;
    producer.write({ topic: 't', value: 'x'.repeat(1_048_000) }, () => undefined);
    producer.write({ topic: 't', value: 'x'.repeat(1000) }, () => undefined);
    const { batch } = sendBatch(['a']);
    kafka.runtime.advance(600);
    expect(seen).toEqual([expect.stringMatching(/waited maxBlockMs \(500\) for room in bufferMemory/)]);
    kafka.runtime.advance(10_000);
    expect(partition!.log).toHaveLength(2);
    watch(producer.sendBatch(batch, { topic: 't', partition: 0 }));
    kafka.runtime.advance(10_000);
    expect([partition!.log[2]!.values, seen[1]]).toEqual([['a'], 2]);
  });

  it('[BB7] unsubscribing takes back a batch that is not queued; later it changes nothing', () => {
    const { kafka, seen, sendBatch } = client();
    const [partition] = kafka.topic('t', [1], false);
    const first = sendBatch(['a']);
    const second = sendBatch(['b']);
    first.subscription.unsubscribe();
    expect([first.batch.closed, second.batch.closed]).toEqual([true, true]);
    kafka.runtime.advance(5);
    second.subscription.unsubscribe();
    kafka.runtime.advance(100);
    expect([partition!.values, seen]).toEqual([['b'], []]);
  });

  it('queues a batch once', () => {
    const { kafka, producer, seen, sendBatch, watch } = client();
    const [partition] = kafka.topic('t', [1]);
    const { batch } = sendBatch(['a']);
    watch(producer.sendBatch(batch, { topic: 't', partition: 0 }));
    kafka.runtime.advance(100);
    watch(producer.sendBatch(batch, { topic: 't', partition: 0 }));
    kafka.runtime.advance(100);
    expect(partition!.values).toEqual(['a']);
    expect(seen).toEqual([expect.stringMatching(/handed over before/), 0, expect.stringMatching(/handed over before/)]);
  });

  it('is delivered when all parts of a batch that was split are, and failed when one is', () => {
    const { kafka, seen, sendBatch } = client();
    kafka.topic('t', [1]);
    kafka.maxMessageBytes = 2000;
    sendBatch(Array.from({ length: 10 }, (_, i) => `${i}`.repeat(500)));
    kafka.runtime.advance(1000);
    expect(seen).toEqual([0]);
    sendBatch(['a'.repeat(500), 'b'.repeat(2500)]);
    kafka.runtime.advance(1000);
    expect(seen[1]).toMatch(/larger than max.message.bytes/);
  });

  it('says that a batch may have been written when the broker took some of its parts', () => {
    for (const refused of [1, 2]) {
      const { kafka, producer } = client();
      kafka.topic('t', [1]);
      producer.write({ topic: 't', value: 'first' }, () => undefined);
      kafka.runtime.advance(100);
      kafka.maxMessageBytes = 2000;
      let request = 0;
      kafka.fate = () => (request++ === refused ? { error: 29 } : 'ok');
      const batch = producer.createBatch();
      for (let i = 0; i < 4; i++) batch.append({ value: 'x'.repeat(600) });
      let error: unknown = null;
      producer.sendBatch(batch, { topic: 't', partition: 0 }).subscribe({ error: (e: unknown) => (error = e) });
      kafka.runtime.advance(5000);
      expect([refused, error]).toMatchObject([
        refused,
        {
          message: expect.stringMatching(
            /^Batch was written in part, 2 of 4 records: .*; it may have been written$/,
          ) as string,
          mayHaveBeenWritten: true,
          partition: 0,
          cause: { cause: { errorName: 'TOPIC_AUTHORIZATION_FAILED' } },
        },
      ]);
    }
  });

  it.each([
    [{ topic: 't', partition: undefined }, /sendBatch needs \{ topic, partition \}/],
    [{ topic: '', partition: 0 }, /sendBatch needs/],
    [undefined, /sendBatch needs/],
  ])('sends a bad target %j down the error channel', (to, message) => {
    const { kafka, producer, seen, watch } = client();
    const batch = producer.createBatch();
    batch.append({ value: 'v' });
    watch(producer.sendBatch(batch, to as never));
    expect(seen).toEqual([]);
    kafka.runtime.advance(1);
    expect(seen).toEqual([expect.stringMatching(message)]);
  });

  it('refuses an empty batch, one above maxRequestSize, something else, and any behind close', () => {
    const { kafka, producer, seen, sendBatch, watch } = client({ maxRequestSize: 1000 });
    kafka.topic('t', [1]);
    sendBatch([]);
    sendBatch(['x'.repeat(2000)]);
    watch(producer.sendBatch({ append: () => null } as never, { topic: 't', partition: 0 }));
    void producer.close();
    sendBatch(['a']);
    kafka.runtime.advance(100);
    expect(seen).toEqual([
      'This batch has no records',
      expect.stringMatching(/Batch of 1 records takes 20\d\d bytes, maxRequestSize is 1000/),
      'sendBatch takes a batch of createBatch()',
      expect.stringMatching(/producer is closed/),
    ]);
    expect(kafka.requests).toEqual([]);
  });

  it('flush waits for a batch that waits for its topic', async () => {
    const { kafka, producer, seen, sendBatch } = client();
    kafka.topic('t', [1], false);
    sendBatch(['a']);
    const flushed = producer.flush().then(() => seen.push('flushed'));
    kafka.runtime.advance(100);
    await flushed;
    expect(seen).toEqual([0, 'flushed']);
  });
});
