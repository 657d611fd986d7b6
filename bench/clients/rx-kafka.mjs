// Our side, through the package's public entries as built into dist (RX_KAFKA: another package folder).
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { buffers, latencies, repeated, texts, watchIdle, watchMemory } from '../lib/context.mjs';

const home = process.env.RX_KAFKA ?? resolve(import.meta.dirname, '..', '..');
const load = createRequire(resolve(home, 'package.json'));
const { Kafka, utf8 } = load('rx-kafka');
const { acknowledge, commitOffsets, mapValue, produce, produceFrom, transaction } = load('rx-kafka/operators');

const connect = ({ brokers }) => new Kafka({ bootstrapServers: brokers, clientId: 'bench' });

/** Subscribes and resolves with the number of elements at completion. */
const drained = (source$, onNext = () => undefined) =>
  new Promise((done, failed) => {
    let count = 0;
    source$.subscribe({
      next: (item) => {
        count += 1;
        onNext(item);
      },
      error: failed,
      complete: () => {
        done(count);
      },
    });
  });

async function produceArray(context, pool, options) {
  const kafka = connect(context);
  const producer = kafka.producer(options);
  const { topic } = context;
  const toRecord = (value) => ({ topic, value });
  await drained(produceFrom(repeated(pool, context.warmUp), producer, toRecord));
  const items = repeated(pool, context.count);
  context.start();
  const delivered = await drained(produceFrom(items, producer, toRecord));
  context.stop(delivered);
  await kafka.close();
}

/** One `send` per record; at most `outstanding` wait for their acknowledgement. */
async function produceEach(context) {
  const kafka = connect(context);
  const producer = kafka.producer();
  const pool = buffers(context.size);
  const { topic } = context;
  const outstanding = 10_000;
  const run = (count) =>
    new Promise((done, failed) => {
      let sent = 0;
      let acknowledged = 0;
      const observer = {
        next: () => {
          acknowledged += 1;
          if (acknowledged === count) done(acknowledged);
          else if (sent - acknowledged === outstanding / 2) fill();
        },
        error: failed,
      };
      const fill = () => {
        while (sent < count && sent - acknowledged < outstanding) {
          const value = pool[sent % pool.length];
          sent += 1;
          producer.send({ topic, value }).subscribe(observer);
        }
      };
      fill();
    });
  await run(context.warmUp);
  context.start();
  context.stop(await run(context.count));
  await kafka.close();
}

const reader = (kafka, { topic, group }, options = {}) =>
  kafka.consumer({ groupId: group, topics: topic, autoOffsetReset: 'earliest', ...options });

async function consumeBatches(context, options) {
  const kafka = connect(context);
  const consumer = reader(kafka, context, options);
  let records = 0;
  let volume = 0;
  context.start();
  await new Promise((done, failed) => {
    consumer.batches$.subscribe({
      next: (batch) => {
        context.first();
        const { items } = batch;
        for (let index = 0; index < items.length; index++) volume += items[index].value.length;
        records += items.length;
        batch.lease.ack();
        if (records >= context.count) done();
      },
      error: failed,
    });
  });
  context.stop(records, { volume });
  await kafka.close();
}

async function consumeRecords(context, options) {
  const kafka = connect(context);
  const consumer = reader(kafka, context, options);
  let records = 0;
  let volume = 0;
  context.start();
  await new Promise((done, failed) => {
    consumer.records$.pipe(acknowledge()).subscribe({
      next: (record) => {
        context.first();
        volume += record.value.length;
        records += 1;
        if (records === context.count) done();
      },
      error: failed,
    });
  });
  context.stop(records, { volume });
  await kafka.close();
}

/** Counts the records of a pipe: the window opens behind the warm-up, `ended` runs after the last one. */
function counting(context, ended) {
  const { warmUp, count } = context;
  let records = 0;
  if (warmUp === 0) context.start();
  return {
    record() {
      records += 1;
      if (records === warmUp) context.start();
      else if (records === warmUp + 1) context.first();
      if (records === warmUp + count) setImmediate(ended);
    },
    records: () => records - warmUp,
  };
}

async function pipe(context) {
  const kafka = connect(context);
  const consumer = reader(kafka, context);
  const producer = kafka.producer();
  const { output } = context;
  // settles and commits what is under way, then completes the stream
  const counter = counting(context, () => void consumer.drain());
  const receipts = await drained(
    consumer.records$.pipe(
      mapValue((record) => record.value),
      produce(producer, ({ value }) => {
        counter.record();
        return { topic: output, key: value.subarray(0, 10), value };
      }),
      commitOffsets(),
    ),
  );
  context.stop(counter.records(), { receipts });
  await kafka.close();
}

/** The same pipe, exactly once: windows of 500 records, their output and offsets in one transaction each. */
async function exactlyOnce(context, slots = 1) {
  const kafka = connect(context);
  const consumer = reader(kafka, context);
  const producer = kafka.transactionalProducer({ transactionalId: `bench-${process.pid}`, slots });
  const { output } = context;
  const counter = counting(context, () => void consumer.drain());
  const committed = await drained(
    consumer.records$.pipe(
      transaction(
        producer,
        (window$, tx) =>
          window$.pipe(
            mapValue((record) => record.value),
            produce(tx, ({ value }) => {
              counter.record();
              return { topic: output, key: value.subarray(0, 10), value };
            }),
          ),
        { maxRecords: 500, maxMs: 100 },
      ),
    ),
  );
  context.stop(counter.records(), { committed });
  await kafka.close();
}

async function oneByOne(context) {
  const kafka = connect(context);
  const producer = kafka.producer();
  const pool = buffers(context.size);
  const { topic } = context;
  await latencies(context, (index) => producer.sendAndWait({ topic, value: pool[index % pool.length] }));
  await kafka.close();
}

async function stopped(context) {
  const kafka = connect(context);
  let received = 0;
  let warnings = 0;
  let stalls = 0;
  process.on('warning', () => {
    warnings += 1;
  });
  const consumer = reader(kafka, context, {
    bufferBytes: 8 * 1024 * 1024,
    window: { bytes: 1024 * 1024 },
    maxPollIntervalMs: 600_000,
  });
  consumer.events$.subscribe((event) => {
    if (event.type === 'stalled') stalls += 1;
  });
  await watchMemory(context, () => {
    consumer.records$.subscribe(() => {
      received += 1;
    });
    return { received: () => received };
  });
  Object.assign(context.figures(), { warnings, stalls });
}

async function idle(context) {
  const kafka = connect(context);
  const producer = kafka.producer();
  await watchIdle(context, async (acknowledged) => {
    await producer.sendAndWait({ topic: context.topic, value: Buffer.from('x') });
    acknowledged();
    await new Promise((done, failed) => {
      reader(kafka, context).records$.pipe(acknowledge()).subscribe({ next: done, error: failed });
    });
  });
}

export const cases = {
  P1: (context) => produceArray(context, buffers(context.size)),
  'P1 text': (context) => produceArray(context, texts(context.size), { valueSerializer: utf8 }),
  P2: produceEach,
  // the defaults are idempotent with acks: 'all'
  P5: (context) => produceArray(context, buffers(context.size)),
  C1a: consumeBatches,
  C1b: consumeRecords,
  'C1a text': (context) => consumeBatches(context, { valueDeserializer: utf8 }),
  'C1b text': (context) => consumeRecords(context, { valueDeserializer: utf8 }),
  E1: pipe,
  E2: (context) => exactlyOnce(context),
  'E2 four slots': (context) => exactlyOnce(context, 4),
  'E2 at least once': pipe,
  P6: oneByOne,
  M1: stopped,
  S1: idle,
};
