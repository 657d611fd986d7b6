import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { lastValueFrom } from 'rxjs';
import { produceFrom } from '../../operators/index.js';
import { Kafka } from '../../src/index.js';
import { uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';
import { onCluster, type Proof, type ProofReport } from '../support/proof.js';

const run = promisify(execFile);
const mebibyte = 1048576;
/** Bytes to write, and how long the consumer stands still. The short one is below its stall warning, told after 10 s. */
const scales = { short: { megabytes: 64, seconds: 13 }, full: { megabytes: 1024, seconds: 60 } } as const;
/** bufferBytes 8 MiB, window.bytes 1 MiB for the one partition, and 10 MB for everything else. */
const allowed = 8 * mebibyte + mebibyte + 10_000_000;

interface Told {
  readonly peak: number;
  readonly stalled: number;
  readonly lost: number;
  readonly warnings: number;
  readonly delivered: number;
  readonly generation: number;
  readonly held: number;
}

function* values(megabytes: number): Generator<Uint8Array> {
  const value = new Uint8Array(1000).fill(97);
  for (let n = 0; n < megabytes * 1000; n++) yield value;
}

async function execute(bootstrapServers: string, scale: 'short' | 'full'): Promise<ProofReport> {
  const { megabytes, seconds } = scales[scale];
  const topic = uniqueName('stalled');
  await createTopic(bootstrapServers, topic, { partitions: 1, replicationFactor: 1 });
  const kafka = new Kafka({ bootstrapServers });
  await lastValueFrom(produceFrom(values(megabytes), kafka.producer(), (value) => ({ topic, value })));
  await kafka.close();
  const script = 'spec/proofs/support/stalled-member.ts';
  const args = [
    '--expose-gc',
    '--import',
    './scripts/ts.mjs',
    script,
    bootstrapServers,
    topic,
    uniqueName('g'),
    String(seconds),
  ];
  const { stdout } = await run(process.execPath, args);
  const told = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Told;
  const { peak, stalled, lost, warnings, delivered, generation, held } = told;
  const passed =
    peak <= allowed && stalled === 1 && warnings === 1 && lost === 0 && held === 1 && generation >= 0 && delivered > 0;
  return {
    passed,
    lines: [
      `${megabytes} MB in the topic, ${delivered} records delivered and none settled for ${seconds} s`,
      `RSS grew by at most ${(peak / 1e6).toFixed(1)} MB, allowed ${(allowed / 1e6).toFixed(1)} MB`,
      `${stalled} stalled event, ${warnings} process warning, ${lost} partitions lost, member of generation ${generation}`,
    ],
    facts: { peak },
  };
}

export const proof: Proof = {
  name: 'stalled-consumer',
  describe: 'a consumer whose pipe never settles keeps its membership and its memory',
  run: ({ scale, brokers }) => onCluster(brokers, (bootstrapServers) => execute(bootstrapServers, scale)),
};
