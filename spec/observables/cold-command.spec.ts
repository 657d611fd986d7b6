import { execFile } from 'node:child_process';
import type * as Library from '../../src/index.js';
import type * as Node from '../../src/runtime/node/node-runtime.js';
import { projectRoot } from '../support/project-root.js';

type Ask = () => string | null;

/** The library as a new process has it, over a runtime that keeps what is to be asked instead of waiting. */
async function fresh(work: (kafka: Library.Kafka, asked: readonly Ask[]) => Promise<void> | void): Promise<void> {
  await jest.isolateModulesAsync(async () => {
    const { Kafka }: typeof Library = await import('../../src/index.js');
    const { nodeRuntime }: typeof Node = await import('../../src/runtime/node/node-runtime.js');
    const asked: Ask[] = [];
    const advise = (ms: number, code: string, ask: Ask): void => {
      expect([ms, code]).toEqual([1000, 'RX_KAFKA_NOT_SUBSCRIBED']);
      asked.push(ask);
    };
    const kafka = new Kafka({ bootstrapServers: '127.0.0.1:1', runtime: { ...nodeRuntime(), advise } });
    await work(kafka, asked);
    await kafka.close({ timeoutMs: 0 });
  });
}

const record = { topic: 't', value: new Uint8Array(1) };

it.each<[string, (kafka: Library.Kafka) => unknown]>([
  ['producer.send', (kafka) => kafka.producer().send(record)],
  [
    'producer.sendBatch',
    (kafka) => {
      const producer = kafka.producer();
      return producer.sendBatch(producer.createBatch(), { topic: 't', partition: 0 });
    },
  ],
  ['producer.transaction', (kafka) => kafka.transactionalProducer({ transactionalId: 'x' }).transaction(() => [])],
  ['producer.beginTransaction', (kafka) => kafka.transactionalProducer({ transactionalId: 'x' }).beginTransaction()],
  ['consumer.commit', (kafka) => kafka.consumer({ groupId: 'g', topics: 't' }).commit()],
])('%s without a subscriber is told', (name, call) =>
  fresh((kafka, asked) => {
    call(kafka);
    expect(asked.map((ask) => ask())).toEqual([
      `${name} returns a cold Observable: nobody has subscribed to it, so nothing was done`,
    ]);
  }),
);

it('is told once, whatever comes behind it', () =>
  fresh((kafka, asked) => {
    const producer = kafka.producer();
    producer.send(record);
    producer.send(record);
    expect(asked).toHaveLength(1);
    expect(asked[0]!()).not.toBeNull();
    producer.send(record);
    expect(asked).toHaveLength(1);
  }));

it('is not told of a command that somebody subscribed to, and the next one is watched', () =>
  fresh((kafka, asked) => {
    const producer = kafka.producer();
    producer.send(record).subscribe({ error: () => undefined });
    expect(asked[0]!()).toBeNull();
    producer.send(record);
    expect(asked).toHaveLength(2);
    expect(asked[1]!()).toContain('producer.send');
  }));

jest.setTimeout(60_000);

describe('a process', () => {
  function run(script: string): Promise<string> {
    const source = `
      import { Kafka } from './src/index.ts';
      const producer = new Kafka({ bootstrapServers: '127.0.0.1:1' }).producer();
      const record = { topic: 't', value: new Uint8Array(1) };
      ${script}`;
    const args = ['--import', './scripts/ts.mjs', '--input-type=module', '-e', source];
    return new Promise((resolve, reject) => {
      execFile(process.execPath, args, { timeout: 60_000, cwd: projectRoot() }, (error, _, stderr) => {
        if (error === null) resolve(stderr);
        else reject(new Error(`${error.message} ${stderr}`));
      });
    });
  }

  it.each([
    ['that has nothing else to do hears it before it ends', ''],
    ['that goes on hears it after a second', 'setTimeout(() => process.exit(0), 3000);'],
  ])('%s', async (_, more) => {
    const heard = await run(`producer.send(record); producer.send(record); ${more}`);
    expect(heard.match(/RX_KAFKA_NOT_SUBSCRIBED/g)).toHaveLength(1);
    expect(heard).toContain('RxKafkaWarning: producer.send returns a cold Observable');
  });

  it('that has subscribed hears nothing', async () => {
    const heard = await run('producer.send(record).subscribe(); setTimeout(() => process.exit(0), 2000);');
    expect(heard).not.toContain('RX_KAFKA_NOT_SUBSCRIBED');
  });
});
