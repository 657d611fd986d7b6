// kafkajs. Changed from its defaults: a round-robin partitioner (the default one warns and is slower), requests of 10,000
// records, all partitions side by side, short waits for data, commits by interval instead of after each batch.
import kafkajs from 'kafkajs';
import { buffers, latencies, repeated, watchIdle, watchMemory } from '../lib/context.mjs';

const { Kafka, logLevel } = kafkajs;
const connect = ({ brokers }) =>
  new Kafka({ clientId: 'bench', brokers: brokers.split(','), logLevel: logLevel.ERROR, retry: { retries: 10 } });

function roundRobin() {
  let next = 0;
  return ({ partitionMetadata }) => partitionMetadata[next++ % partitionMetadata.length].partitionId;
}

async function openProducer(kafka, createPartitioner = () => roundRobin()) {
  const producer = kafka.producer({ createPartitioner, allowAutoTopicCreation: false });
  await producer.connect();
  return producer;
}

async function produceArray(context) {
  const producer = await openProducer(connect(context));
  const pool = buffers(context.size);
  const perSend = 10_000;
  const run = async (values) => {
    const sends = [];
    for (let at = 0; at < values.length; at += perSend) {
      const messages = values.slice(at, at + perSend).map((value) => ({ value }));
      sends.push(producer.send({ topic: context.topic, messages }));
      if (sends.length === 4) await sends.shift();
    }
    await Promise.all(sends);
  };
  await run(repeated(pool, context.warmUp));
  const values = repeated(pool, context.count);
  context.start();
  await run(values);
  context.stop(context.count);
  await producer.disconnect();
}

async function produceEach(context) {
  const producer = await openProducer(connect(context));
  const pool = buffers(context.size);
  const run = (count) =>
    new Promise((done, failed) => {
      let sent = 0;
      let acknowledged = 0;
      const settled = () => {
        acknowledged += 1;
        if (acknowledged === count) done();
        else if (sent < count) send();
      };
      const send = () => {
        const messages = [{ value: pool[sent % pool.length] }];
        sent += 1;
        producer.send({ topic: context.topic, messages }).then(settled, failed);
      };
      for (let open = 0; open < 100 && sent < count; open++) send();
    });
  await run(context.warmUp);
  context.start();
  await run(context.count);
  context.stop(context.count);
  await producer.disconnect();
}

async function openConsumer(kafka, { topic, group }) {
  const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 100, allowAutoTopicCreation: false });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  return consumer;
}

async function consume(context) {
  const consumer = await openConsumer(connect(context), context);
  let records = 0;
  let volume = 0;
  context.start();
  await new Promise((done, failed) => {
    const eachBatch = async ({ batch }) => {
      context.first();
      for (const message of batch.messages) volume += message.value.length;
      records += batch.messages.length;
      if (records >= context.count) done();
    };
    consumer.run({ eachBatch, partitionsConsumedConcurrently: 12, autoCommitInterval: 5000 }).catch(failed);
  });
  context.stop(records, { volume });
  await consumer.disconnect();
}

async function pipe(context) {
  const kafka = connect(context);
  const producer = await openProducer(kafka, kafkajs.Partitioners.DefaultPartitioner);
  const consumer = await openConsumer(kafka, context);
  let records = 0;
  context.start();
  await new Promise((done, failed) => {
    const eachBatch = async ({ batch, commitOffsetsIfNecessary, resolveOffset }) => {
      context.first();
      const messages = batch.messages.map(({ value }) => ({ key: value.subarray(0, 10), value }));
      await producer.send({ topic: context.output, messages });
      resolveOffset(batch.lastOffset());
      records += messages.length;
      await commitOffsetsIfNecessary();
      if (records >= context.count) done();
    };
    consumer.run({ eachBatch, partitionsConsumedConcurrently: 12, autoCommitInterval: 1000 }).catch(failed);
  });
  await consumer.stop(); // commits what is resolved
  context.stop(records);
  await consumer.disconnect();
  await producer.disconnect();
}

async function oneByOne(context) {
  const producer = await openProducer(connect(context));
  const pool = buffers(context.size);
  const { topic } = context;
  await latencies(context, (index) => producer.send({ topic, messages: [{ value: pool[index % pool.length] }] }));
  await producer.disconnect();
}

async function stopped(context) {
  const consumer = await openConsumer(connect(context), context);
  let received = 0;
  await watchMemory(context, async () => {
    const eachBatch = async ({ batch }) => {
      received += batch.messages.length;
      await new Promise(() => undefined);
    };
    await consumer.run({ eachBatch });
    return { received: () => received };
  });
}

async function idle(context) {
  const kafka = connect(context);
  await watchIdle(context, async (acknowledged) => {
    const producer = await openProducer(kafka);
    await producer.send({ topic: context.topic, messages: [{ value: 'x' }] });
    acknowledged();
    const consumer = kafka.consumer({ groupId: context.group }); // the default long poll: short ones would count as work
    await consumer.connect();
    await consumer.subscribe({ topic: context.topic, fromBeginning: true });
    await new Promise((done, failed) => {
      consumer.run({ eachMessage: async () => done() }).catch(failed);
    });
  });
}

export const cases = { P1: produceArray, P2: produceEach, C1: consume, E1: pipe, P6: oneByOne, M1: stopped, S1: idle };
