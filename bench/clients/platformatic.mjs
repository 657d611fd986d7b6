// @platformatic/kafka. Changed from its defaults: metadataMaxAge and timeout (5 s each, too short beside loaded brokers), requests of
// 10,000 records, a short maxWaitTime, mode 'committed', read_uncommitted, autocommit by interval, a larger highWaterMark.
import { Consumer, MessagesStreamFallbackModes, MessagesStreamModes, Producer } from '@platformatic/kafka';
import { buffers, latencies, repeated, watchIdle, watchMemory } from '../lib/context.mjs';

const base = ({ brokers }) => ({
  clientId: 'bench',
  bootstrapBrokers: brokers.split(','),
  metadataMaxAge: 300_000,
  timeout: 30_000,
});

async function produceArray(context) {
  const producer = new Producer({ ...base(context), acks: 1 });
  const pool = buffers(context.size);
  const { topic } = context;
  const perSend = 10_000;
  const run = async (values) => {
    const sends = [];
    for (let at = 0; at < values.length; at += perSend) {
      const messages = values.slice(at, at + perSend).map((value) => ({ topic, value }));
      sends.push(producer.send({ messages }));
      if (sends.length === 4) await sends.shift();
    }
    await Promise.all(sends);
  };
  await run(repeated(pool, context.warmUp));
  const values = repeated(pool, context.count);
  context.start();
  await run(values);
  context.stop(context.count);
  await producer.close();
}

/** The stream merges records into requests and, in this report mode, tells of each one. */
async function produceEach(context) {
  const producer = new Producer({ ...base(context), acks: 1 });
  const pool = buffers(context.size);
  const { topic } = context;
  const outstanding = 10_000;
  const stream = producer.asStream({ batchSize: 2000, batchTime: 5, highWaterMark: 20_000, reportMode: 'message' });
  const run = (count) =>
    new Promise((done, failed) => {
      let sent = 0;
      let acknowledged = 0;
      const fill = () => {
        while (sent < count && sent - acknowledged < outstanding) {
          stream.write({ topic, value: pool[sent % pool.length] });
          sent += 1;
        }
      };
      stream.removeAllListeners('delivery-report');
      stream.removeAllListeners('error');
      stream.on('error', failed);
      stream.on('delivery-report', () => {
        acknowledged += 1;
        if (acknowledged === count) done();
        else if (sent - acknowledged === outstanding / 2) fill();
      });
      fill();
    });
  await run(context.warmUp);
  context.start();
  await run(context.count);
  context.stop(context.count);
  await stream.close();
  await producer.close();
}

const openConsumer = (context) => new Consumer({ ...base(context), groupId: context.group });
const reading = ({ topic }, autocommit) => ({
  topics: [topic],
  mode: MessagesStreamModes.COMMITTED,
  fallbackMode: MessagesStreamFallbackModes.EARLIEST,
  maxWaitTime: 500,
  isolationLevel: 0,
  highWaterMark: 10_000,
  autocommit,
});

async function consume(context) {
  const consumer = openConsumer(context);
  let records = 0;
  let volume = 0;
  context.start();
  const stream = await consumer.consume(reading(context, 5000));
  await new Promise((done, failed) => {
    stream.on('error', failed);
    stream.on('data', (message) => {
      context.first();
      volume += message.value.length;
      records += 1;
      if (records === context.count) done();
    });
  });
  context.stop(records, { volume });
  await stream.close();
  await consumer.close(true);
}

/** Collects what has arrived, sends it as one request per broker, commits the offsets, goes on. */
async function pipe(context) {
  const consumer = openConsumer(context);
  const producer = new Producer({ ...base(context), acks: 1 });
  let records = 0;
  context.start();
  const stream = await consumer.consume(reading(context, false));
  let messages = [];
  let next = new Map();
  const flush = async () => {
    const batch = messages;
    const offsets = [...next.values()];
    messages = [];
    next = new Map();
    await producer.send({ messages: batch });
    await consumer.commit({ offsets });
    records += batch.length;
  };
  for await (const { topic, partition, offset, value } of stream) {
    context.first();
    messages.push({ topic: context.output, key: value.subarray(0, 10), value });
    next.set(partition, { topic, partition, offset: offset + 1n, leaderEpoch: -1 });
    if (messages.length === 5000 || records + messages.length === context.count) await flush();
    if (records === context.count) break;
  }
  context.stop(records);
  await stream.close();
  await consumer.close(true);
  await producer.close();
}

async function oneByOne(context) {
  const producer = new Producer({ ...base(context) });
  const pool = buffers(context.size);
  const { topic } = context;
  await latencies(context, (index) => producer.send({ messages: [{ topic, value: pool[index % pool.length] }] }));
  await producer.close();
}

async function stopped(context) {
  const consumer = openConsumer(context);
  let received = 0;
  await watchMemory(context, async () => {
    const stream = await consumer.consume({ ...reading(context, false), highWaterMark: 1024 });
    stream.once('data', () => {
      received += 1;
      stream.pause();
    });
    return { received: () => received };
  });
}

async function idle(context) {
  const producer = new Producer(base(context));
  await watchIdle(context, async (acknowledged) => {
    await producer.send({ messages: [{ topic: context.topic, value: Buffer.from('x') }] });
    acknowledged();
    const { maxWaitTime: _, ...options } = reading(context, 5000);
    const stream = await openConsumer(context).consume(options);
    await new Promise((done, failed) => {
      stream.on('data', done);
      stream.on('error', failed);
    });
  });
}

export const cases = { P1: produceArray, P2: produceEach, C1: consume, E1: pipe, P6: oneByOne, M1: stopped, S1: idle };
