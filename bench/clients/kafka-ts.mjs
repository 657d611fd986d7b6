// kafka-ts: values are text only, and producing is always idempotent with acks=all. Changed from its defaults: maxBatchSize, the
// long poll, read_uncommitted; its logger is silenced.
import { createKafkaClient, setLogger } from 'kafka-ts';
import { latencies, repeated, texts, watchIdle, watchMemory } from '../lib/context.mjs';

const silent = () => undefined;
setLogger({ debug: silent, info: silent, warn: console.error, error: console.error });

const connect = ({ brokers }) =>
  createKafkaClient({
    clientId: 'bench',
    bootstrapServers: brokers.split(',').map((address) => {
      const [host, port] = address.split(':');
      return { host, port: Number(port) };
    }),
  });

async function produceArray(context) {
  const perSend = 10_000;
  const producer = connect(context).createProducer({ maxBatchSize: perSend });
  const pool = texts(context.size);
  const { topic } = context;
  const run = async (values) => {
    const sends = [];
    for (let at = 0; at < values.length; at += perSend) {
      sends.push(producer.send(values.slice(at, at + perSend).map((value) => ({ topic, value }))));
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

async function produceEach(context) {
  const producer = connect(context).createProducer({ maxBatchSize: 10_000 });
  const pool = texts(context.size);
  const { topic } = context;
  const outstanding = 10_000;
  const run = (count) =>
    new Promise((done, failed) => {
      let sent = 0;
      let acknowledged = 0;
      const settled = () => {
        acknowledged += 1;
        if (acknowledged === count) done();
        else if (sent - acknowledged === outstanding / 2) fill();
      };
      const fill = () => {
        while (sent < count && sent - acknowledged < outstanding) {
          const value = pool[sent % pool.length];
          sent += 1;
          producer.send([{ topic, value }]).then(settled, failed);
        }
      };
      fill();
    });
  await run(context.warmUp);
  context.start();
  await run(context.count);
  context.stop(context.count);
  await producer.close();
}

const reading = ({ topic, group }) => ({
  topics: [topic],
  groupId: group,
  fromTimestamp: -2n,
  isolationLevel: 0,
  maxWaitMs: 500,
});

async function consume(context) {
  const kafka = connect(context);
  let records = 0;
  let volume = 0;
  let finished;
  const all = new Promise((done) => {
    finished = done;
  });
  const onBatch = async (messages) => {
    context.first();
    for (const message of messages) volume += message.value.length;
    records += messages.length;
    if (records >= context.count) finished();
  };
  context.start();
  const consumer = await kafka.startConsumer({ ...reading(context), onBatch });
  await all;
  context.stop(records, { volume });
  await consumer.close(true);
}

async function pipe(context) {
  const kafka = connect(context);
  const producer = kafka.createProducer({ maxBatchSize: 10_000 });
  const topic = context.output;
  let records = 0;
  let finished;
  const all = new Promise((done) => {
    finished = done;
  });
  const onBatch = async (messages) => {
    context.first();
    await producer.send(messages.map(({ value }) => ({ topic, key: value.slice(0, 10), value })));
    records += messages.length;
    if (records >= context.count) finished();
  };
  context.start();
  const consumer = await kafka.startConsumer({ ...reading(context), onBatch });
  await all;
  await consumer.close(); // waits for the commit of the last batch
  context.stop(records);
  await producer.close();
}

async function oneByOne(context) {
  const producer = connect(context).createProducer({});
  const pool = texts(context.size);
  const { topic } = context;
  await latencies(context, (index) => producer.send([{ topic, value: pool[index % pool.length] }]));
  await producer.close();
}

async function stopped(context) {
  const kafka = connect(context);
  let received = 0;
  await watchMemory(context, async () => {
    const onBatch = async (messages) => {
      received += messages.length;
      await new Promise(() => undefined);
    };
    await kafka.startConsumer({ ...reading(context), onBatch });
    return { received: () => received };
  });
}

async function idle(context) {
  const kafka = connect(context);
  await watchIdle(context, async (acknowledged) => {
    await kafka.createProducer({}).send([{ topic: context.topic, value: 'x' }]);
    acknowledged();
    await new Promise((done, failed) => {
      const onBatch = async () => done();
      const { maxWaitMs: _, ...options } = reading(context);
      kafka.startConsumer({ ...options, onBatch }).catch(failed);
    });
  });
}

export const cases = {
  P1: produceArray,
  P2: produceEach,
  P5: produceArray,
  C1: consume,
  E1: pipe,
  P6: oneByOne,
  M1: stopped,
  S1: idle,
};
