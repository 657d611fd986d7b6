// node-rdkafka (librdkafka). Changed from its defaults: poll interval 1 ms, larger batches and queues, retry when the queue is full,
// consume in blocks with a short timeout; delivery reports only where the case needs them.
import rdkafka from 'node-rdkafka';
import { buffers, latencies, repeated, watchIdle, watchMemory } from '../lib/context.mjs';

const QUEUE_FULL = -184;

function openProducer({ brokers }, config = {}) {
  const producer = new rdkafka.Producer({
    'client.id': 'bench',
    'metadata.broker.list': brokers,
    'queue.buffering.max.messages': 1_000_000,
    'queue.buffering.max.kbytes': 512 * 1024,
    'linger.ms': 5,
    'batch.num.messages': 10_000,
    'sticky.partitioning.linger.ms': 10,
    ...config,
  });
  return new Promise((done, failed) => {
    producer.once('ready', () => {
      producer.setPollInterval(1);
      done(producer);
    });
    producer.once('event.error', failed);
    producer.connect({}, (error) => error && failed(error));
  });
}

const pause = () => new Promise((resolve) => setImmediate(resolve));
const flushed = (producer) =>
  new Promise((done, failed) => producer.flush(60_000, (error) => (error ? failed(error) : done())));
const closed = (client) => new Promise((resolve) => client.disconnect(resolve));

async function put(producer, topic, value, key, opaque) {
  for (;;) {
    try {
      producer.produce(topic, null, value, key, null, opaque);
      return;
    } catch (error) {
      if (error.code !== QUEUE_FULL) throw error;
      producer.poll();
      await pause();
    }
  }
}

async function produceArray(context) {
  const producer = await openProducer(context);
  const pool = buffers(context.size);
  const { topic } = context;
  const run = async (values) => {
    for (let index = 0; index < values.length; index++) {
      try {
        producer.produce(topic, null, values[index]);
      } catch (error) {
        if (error.code !== QUEUE_FULL) throw error;
        await put(producer, topic, values[index]);
      }
    }
    await flushed(producer);
  };
  await run(repeated(pool, context.warmUp));
  const values = repeated(pool, context.count);
  context.start();
  await run(values);
  context.stop(context.count);
  await closed(producer);
}

async function produceEach(context) {
  const producer = await openProducer(context, { dr_cb: true });
  const pool = buffers(context.size);
  const { topic } = context;
  const outstanding = 10_000;
  const run = (count) =>
    new Promise((done, failed) => {
      let sent = 0;
      let acknowledged = 0;
      const fill = () => {
        while (sent < count && sent - acknowledged < outstanding) {
          producer.produce(topic, null, pool[sent % pool.length]);
          sent += 1;
        }
      };
      producer.removeAllListeners('delivery-report');
      producer.on('delivery-report', (error) => {
        if (error) failed(error);
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
  await closed(producer);
}

function openConsumer({ brokers, topic, group }, config = {}) {
  const consumer = new rdkafka.KafkaConsumer(
    {
      'client.id': 'bench',
      'metadata.broker.list': brokers,
      'group.id': group,
      'enable.auto.commit': true,
      'isolation.level': 'read_uncommitted',
      'fetch.wait.max.ms': 100,
      ...config,
    },
    { 'auto.offset.reset': 'earliest' },
  );
  return new Promise((done, failed) => {
    consumer.once('ready', () => {
      consumer.subscribe([topic]);
      consumer.setDefaultConsumeTimeout(50);
      consumer.setDefaultConsumeLoopTimeoutDelay?.(1);
      done(consumer);
    });
    consumer.once('event.error', failed);
    consumer.connect({}, (error) => error && failed(error));
  });
}

const taken = (consumer, most) =>
  new Promise((done, failed) => consumer.consume(most, (error, messages) => (error ? failed(error) : done(messages))));

async function consume(context) {
  context.start();
  const consumer = await openConsumer(context);
  let records = 0;
  let volume = 0;
  while (records < context.count) {
    const messages = await taken(consumer, 10_000);
    if (messages.length > 0) context.first();
    for (let index = 0; index < messages.length; index++) volume += messages[index].value.length;
    records += messages.length;
  }
  context.stop(records, { volume });
  await closed(consumer);
}

async function pipe(context) {
  const producer = await openProducer(context, { dr_cb: true });
  let reported = 0;
  let wake = () => undefined;
  producer.on('delivery-report', (error) => {
    if (error) throw error;
    reported += 1;
    if (reported === records) wake();
  });
  context.start();
  const consumer = await openConsumer(context, { 'enable.auto.commit': false });
  let records = 0;
  while (records < context.count) {
    const messages = await taken(consumer, 10_000);
    if (messages.length === 0) continue;
    context.first();
    records += messages.length;
    const next = new Map();
    for (const { topic, partition, offset, value } of messages) {
      await put(producer, context.output, value, value.subarray(0, 10));
      next.set(partition, { topic, partition, offset: offset + 1 });
    }
    if (reported < records) {
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
    consumer.commitSync([...next.values()]);
  }
  context.stop(records);
  await closed(consumer);
  await closed(producer);
}

/** Polled on every turn of the loop: the quickest answer it can give, at the price of a busy core. */
async function oneByOne(context) {
  const producer = await openProducer(context, { dr_cb: true, 'linger.ms': 0 });
  const pool = buffers(context.size);
  let answer;
  producer.on('delivery-report', (error) => {
    if (error) throw error;
    answer();
  });
  let open = true;
  const turn = () => {
    producer.poll();
    if (open) setImmediate(turn);
  };
  turn();
  await latencies(context, (index) => {
    producer.produce(context.topic, null, pool[index % pool.length]);
    return new Promise((resolve) => {
      answer = resolve;
    });
  });
  open = false;
  await closed(producer);
}

async function stopped(context) {
  let received = 0;
  await watchMemory(context, async () => {
    const consumer = await openConsumer(context, { 'enable.auto.commit': false });
    while (received === 0) received += (await taken(consumer, 1)).length;
    return { received: () => received };
  });
}

/** In flowing mode, with a relaxed poll of the producer: nobody would keep the settings for speed on an idle client. */
async function idle(context) {
  const producer = await openProducer(context, { dr_cb: true });
  producer.setPollInterval(100);
  await watchIdle(context, async (acknowledged) => {
    await new Promise((done) => {
      producer.once('delivery-report', done);
      producer.produce(context.topic, null, Buffer.from('x'));
      producer.poll();
    });
    acknowledged();
    const consumer = await openConsumer(context, { 'fetch.wait.max.ms': 500 });
    consumer.setDefaultConsumeTimeout(1000);
    await new Promise((done) => {
      consumer.once('data', done);
      consumer.consume();
    });
  });
}

export const cases = { P1: produceArray, P2: produceEach, C1: consume, E1: pipe, P6: oneByOne, M1: stopped, S1: idle };
