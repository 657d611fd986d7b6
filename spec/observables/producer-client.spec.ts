import { lastValueFrom, Subject } from 'rxjs';
import type { ClientEvent } from '../../src/model/client-event.js';
import { fastSink, type RecordMetadata } from '../../src/model/record-sink.js';
import { createProducer } from '../../src/observables/producer-client.js';
import { resolveProducerOptions } from '../../src/observables/producer-options.js';
import { type KafkaError } from '../../src/errors/kafka-error.js';
import { nullable } from '../../src/serde/serde.js';
import { utf8 } from '../../src/serde/utf8.js';
import { FakeCluster } from '../producer/support/fake-cluster.js';

function client(options: object = {}, kafka: FakeCluster = new FakeCluster()) {
  let closed = 0;
  const events$ = new Subject<ClientEvent>();
  const producer = createProducer<string, string>(
    kafka.cluster,
    resolveProducerOptions({ keySerializer: utf8, valueSerializer: utf8, ...options }),
    () => closed++,
    events$,
  );
  return { kafka, producer, events$, closed: () => closed };
}

const settle = async (kafka: FakeCluster, ms = 50): Promise<void> => {
  kafka.runtime.advance(ms);
  await Promise.resolve();
};

describe('send', () => {
  it('[G2] is cold: nothing happens before a subscription, and each one is a new record', () => {
    const { kafka, producer } = client();
    const [partition] = kafka.topic('t', [1]);
    const send$ = producer.send({ topic: 't', key: 'k', value: 'v' });
    kafka.runtime.advance(100);
    expect([kafka.requests.length, kafka.retained.length]).toEqual([0, 0]);
    const seen: RecordMetadata[] = [];
    send$.subscribe((metadata) => seen.push(metadata));
    send$.subscribe((metadata) => seen.push(metadata));
    expect(seen).toEqual([]);
    kafka.runtime.advance(100);
    expect(partition!.values).toEqual(['v', 'v']);
    expect(seen).toEqual(
      [0, 1].map((offset) => ({
        topic: 't',
        partition: 0,
        offset,
        timestamp: 1_700_000_000_100,
        timestampType: 'createTime',
        logStartOffset: 0,
        serializedKeySize: 1,
        serializedValueSize: 1,
      })),
    );
  });

  it('emits one value, then completes', () => {
    const { kafka, producer } = client();
    kafka.topic('t', [1]);
    const seen: string[] = [];
    producer
      .send({ topic: 't', value: 'v' })
      .subscribe({ next: () => seen.push('next'), complete: () => seen.push('complete') });
    kafka.runtime.advance(100);
    expect(seen).toEqual(['next', 'complete']);
  });

  it('[B84] cancels a record that is not in a batch yet, and no other', () => {
    const { kafka, producer } = client();
    const [partition] = kafka.topic('t', [1], false);
    const seen: unknown[] = [];
    const first = producer.send({ topic: 't', value: 'a' }).subscribe((m) => seen.push(m));
    producer.send({ topic: 't', value: 'b' }).subscribe((m) => seen.push(m));
    first.unsubscribe();
    const third = producer.send({ topic: 't', value: 'c' }).subscribe((m) => seen.push(m));
    kafka.runtime.advance(5);
    third.unsubscribe();
    kafka.runtime.advance(100);
    expect(partition!.values).toEqual(['b', 'c']);
    expect(seen).toHaveLength(1);
  });

  it.each([
    [{ topic: '', value: 'v' }, /needs a topic/],
    [{ topic: 't', value: 'v', partition: -1 }, /partition of a record must be/],
    [{ topic: 't', value: 'v', timestamp: 1.5 }, /timestamp of a record must be/],
    [{ topic: 't', value: 5 }, /utf8 writes strings, not number/],
    [{ topic: 't' }, /no value, null writes a tombstone/],
    [{ topic: 't', value: null, key: 'k' }, /nullable\(utf8\)/],
    [{ topic: 't', value: 'v', key: 7 }, /utf8 writes strings/],
    [{ topic: 't', value: 'v', headers: { a: 5 } }, /Header a/],
  ])('sends what is wrong with %j down the error channel, one hop later', (record, message) => {
    const { kafka, producer } = client();
    kafka.topic('t', [1]);
    let error: unknown = null;
    producer.send(record as never).subscribe({ error: (e: unknown) => (error = e) });
    expect(error).toBeNull();
    kafka.runtime.advance(1);
    expect((error as Error).message).toMatch(message);
    kafka.runtime.advance(100);
    expect(kafka.requests).toHaveLength(0);
  });

  it('[P17] writes a tombstone through nullable, and refuses a record that says nothing at all', () => {
    const { kafka, producer } = client({ valueSerializer: nullable(utf8) });
    kafka.topic('t', [1]);
    const seen: unknown[] = [];
    const observer = {
      next: (m: RecordMetadata) => seen.push(m.serializedValueSize),
      error: (e: unknown) => seen.push((e as Error).message),
    };
    producer.send({ topic: 't', key: 'k', value: null as never }).subscribe(observer);
    producer.send({ topic: 't', value: null as never, headers: { a: 'b' } }).subscribe(observer);
    producer.send({ topic: 't', value: null as never }).subscribe(observer);
    kafka.runtime.advance(100);
    expect(seen).toEqual([expect.stringMatching(/needs a key, a value or headers/), -1, -1]);
  });

  it('[P16, S9] refuses text where no serializer was given', () => {
    const { kafka, producer } = client({ keySerializer: undefined, valueSerializer: undefined });
    kafka.topic('t', [1]);
    let error: unknown = null;
    producer.send({ topic: 't', value: 'v' }).subscribe({ error: (e: unknown) => (error = e) });
    kafka.runtime.advance(1);
    expect(error).toMatchObject({
      code: 'ERR_KAFKA_USAGE',
      message: expect.stringMatching(/valueSerializer/) as string,
    });
  });

  it('[B25] refuses parts of a wrong type, and the batch goes on with the records around them', () => {
    const { kafka, producer } = client({ keySerializer: undefined, valueSerializer: undefined });
    const [partition] = kafka.topic('t', [1]);
    const errors: unknown[] = [];
    const offsets: number[] = [];
    const good = Buffer.from('good');
    for (const wrong of [{ key: 'text' }, { value: 5 }, { timestamp: '1' }, { partition: 'p' }, { headers: 5 }]) {
      for (const record of [{ value: good }, { value: good, ...wrong }]) {
        producer.send({ topic: 't', ...record } as never).subscribe({
          next: ({ offset }) => offsets.push(offset),
          error: (error: unknown) => errors.push((error as KafkaError).code),
        });
      }
    }
    kafka.runtime.advance(100);
    expect(errors).toEqual(Array(5).fill('ERR_KAFKA_USAGE'));
    expect(offsets).toEqual([0, 1, 2, 3, 4]);
    expect(partition!.log.map(({ count }) => count)).toEqual([5]);
  });

  it('fails with what a serializer threw as cause', () => {
    const cause = new RangeError('mine');
    const valueSerializer = {
      name: 'mine',
      serialize: () => {
        throw cause;
      },
    };
    const { kafka, producer } = client({ valueSerializer });
    kafka.topic('t', [1]);
    let error: unknown = null;
    producer.send({ topic: 't', value: 'v' }).subscribe({ error: (e: unknown) => (error = e) });
    kafka.runtime.advance(1);
    expect(error).toMatchObject({ cause });
  });
});

describe('sendAndWait', () => {
  it('sends at once and resolves with the metadata', async () => {
    const { kafka, producer } = client();
    kafka.topic('t', [1]);
    const sent = producer.sendAndWait({ topic: 't', value: 'v', headers: { a: '1' } });
    await settle(kafka);
    await expect(sent).resolves.toMatchObject({ topic: 't', partition: 0, offset: 0 });
  });

  it('rejects with the delivery error', async () => {
    const { kafka, producer } = client();
    kafka.topic('t', [1]);
    kafka.script.push({ error: 29 });
    const sent = producer.sendAndWait({ topic: 't', value: 'v' });
    const refused = expect(sent).rejects.toMatchObject({ code: 'ERR_KAFKA_DELIVERY' });
    await settle(kafka);
    await refused;
  });
});

describe('the sinks', () => {
  it('write answers its callback once, later', () => {
    const { kafka, producer } = client();
    kafka.topic('t', [1]);
    const answers: unknown[] = [];
    expect(
      producer.write({ topic: 't', value: 'v' }, (error, metadata) => answers.push(error ?? metadata?.offset)),
    ).toBe(true);
    producer.write({ topic: '', value: 'v' }, (error) => answers.push((error as Error).message));
    expect(answers).toEqual([]);
    kafka.runtime.advance(100);
    expect(answers).toEqual([expect.stringMatching(/needs a topic/), 0]);
  });

  it('bytes writes raw bytes on the same accumulator, empty records too', () => {
    const { kafka, producer } = client();
    const [partition] = kafka.topic('t', [1]);
    const answers: unknown[] = [];
    producer.write({ topic: 't', value: 'a' }, () => answers.push('a'));
    producer.bytes.write({ topic: 't', key: null, value: Buffer.from('b') }, () => answers.push('b'));
    producer.bytes.write({ topic: 't', key: null, value: null }, (error) => answers.push(error));
    kafka.runtime.advance(100);
    expect(answers).toEqual(['a', 'b', null]);
    expect(kafka.requests).toHaveLength(1);
    expect(partition!.log[0]!.count).toBe(3);
  });

  it('the fast sink tells its receiver by token', () => {
    const { kafka, producer } = client();
    kafka.topic('t', [1]);
    const told: unknown[] = [];
    const receiver = {
      delivered: (token: number, _batch: unknown, offset: number) => told.push([token, offset]),
      failed: (token: number, error: unknown) => told.push([token, (error as Error).name]),
      flushed: () => told.push('flushed'),
    };
    producer[fastSink]!({ topic: 't', value: 'a' }, receiver, 11);
    producer[fastSink]!({ topic: 't', value: 'b' }, receiver, 12);
    producer[fastSink]!({ topic: 't', value: 7 as never }, receiver, 13);
    kafka.runtime.advance(100);
    expect(told).toEqual([[13, 'UsageError'], 'flushed', [11, 0], [12, 1], 'flushed']);
  });

  it('says when it is full and calls onReady when there is room again', () => {
    const { kafka, producer } = client({ bufferMemory: 1_048_576 });
    kafka.topic('t', [1]);
    let ready = 0;
    const stop = producer.onReady(() => ready++);
    producer.bytes.onReady(() => ready++);
    while (producer.write({ topic: 't', value: 'x'.repeat(1000) }, () => undefined));
    kafka.runtime.advance(1000);
    expect(ready).toBe(2);
    stop();
    while (producer.write({ topic: 't', value: 'x'.repeat(1000) }, () => undefined));
    kafka.runtime.advance(1000);
    expect(ready).toBe(3);
  });
});

describe('timestamps', () => {
  it('[D#R1, P21] are those of the record, else of the call, each its own within a batch', () => {
    const { kafka, producer } = client({ lingerMs: 10_000 });
    kafka.topic('t', [1]);
    kafka.latencyMs = 5000;
    const seen: number[] = [];
    const note = (_: unknown, metadata: RecordMetadata | null): number =>
      seen.push(metadata!.timestamp - 1_700_000_000_000);
    producer.write({ topic: 't', value: 'v' }, note);
    for (let i = 0; i < 3; i++) {
      kafka.runtime.advance(700);
      producer.write({ topic: 't', value: 'v' }, note);
    }
    producer.write({ topic: 't', value: 'v', timestamp: 1_700_000_000_042 }, note);
    kafka.runtime.advance(30_000);
    expect(seen).toEqual([0, 700, 1400, 2100, 42]);
  });
});

describe('life', () => {
  it('flush resolves once everything before it is answered', async () => {
    const { kafka, producer } = client({ lingerMs: 10_000 });
    kafka.topic('t', [1]);
    let answered = false;
    producer.write({ topic: 't', value: 'v' }, () => (answered = true));
    const flushed = producer.flush().then(() => answered);
    kafka.runtime.advance(100);
    await expect(flushed).resolves.toBe(true);
  });

  it('close delivers, then refuses; twice is once', async () => {
    const { kafka, producer, events$, closed } = client();
    const [partition] = kafka.topic('t', [1]);
    let completed = false;
    producer.events$.subscribe({ complete: () => (completed = true) });
    producer.write({ topic: 't', value: 'v' }, () => undefined);
    const first = producer.close();
    expect(producer.close({ timeoutMs: 1 })).toBe(first);
    kafka.runtime.advance(100);
    await first;
    expect([partition!.values, closed(), completed, events$.observed]).toEqual([['v'], 1, true, false]);
    const refused = expect(producer.sendAndWait({ topic: 't', value: 'v' })).rejects.toMatchObject({
      code: 'ERR_KAFKA_CLIENT_CLOSED',
    });
    await settle(kafka);
    await refused;
    await producer[Symbol.asyncDispose]();
  });

  it('refuses a bad timeout of close', () => {
    const { producer } = client();
    expect(() => producer.close({ timeoutMs: -1 })).toThrow(/timeoutMs of close/);
  });

  it('counts', async () => {
    const { kafka, producer } = client();
    kafka.topic('t', [1]);
    kafka.script.push({ error: 19 });
    producer.write({ topic: 't', value: 'v' }, () => undefined);
    expect(producer.metrics['bufferedBytes']).toBeGreaterThan(0);
    await settle(kafka, 1000);
    expect(producer.metrics).toMatchObject({
      recordsDelivered: 1,
      recordsFailed: 0,
      retries: 1,
      requests: 2,
      bufferedBytes: 0,
    });
  });
});

describe('partitionsFor', () => {
  it('emits what metadata says, one hop later', () => {
    const { kafka, producer } = client();
    kafka.topic('t', [1, -1]);
    const seen: unknown[] = [];
    producer.partitionsFor('t').subscribe((partitions) => seen.push(...partitions.map((p) => p.leader)));
    expect(seen).toEqual([]);
    kafka.runtime.advance(1);
    expect(seen).toEqual([1, null]);
    expect([kafka.retained, kafka.runtime.alive]).toEqual([[], 0]);
  });

  it('waits for a topic that is not there, up to maxBlockMs', () => {
    const { kafka, producer } = client({ maxBlockMs: 2000 });
    const seen: unknown[] = [];
    producer.partitionsFor('late').subscribe((partitions) => seen.push(partitions.length));
    producer
      .partitionsFor('never')
      .subscribe({ error: (error: unknown) => seen.push((error as { errorName: string }).errorName) });
    kafka.runtime.advance(500);
    kafka.topic('late', [1, 1, 1], false);
    kafka.runtime.advance(2000);
    expect(seen).toEqual([3, 'UNKNOWN_TOPIC_OR_PARTITION']);
    expect(kafka.runtime.alive).toBe(0);
  });

  it('fails when the producer is closed', async () => {
    const { kafka, producer } = client();
    const failed = expect(lastValueFrom(producer.partitionsFor('t'))).rejects.toMatchObject({
      code: 'ERR_KAFKA_CLIENT_CLOSED',
    });
    void producer.close();
    kafka.runtime.advance(100);
    await failed;
  });
});
