import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { firstValueFrom, timer } from 'rxjs';
import { acknowledge } from '../../operators/index.js';
import { Kafka, utf8 } from '../../src/index.js';
import { projectRoot } from '../support/project-root.js';
import { waitUntil } from '../support/kafka/probe.js';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic } from '../support/peers/kafkajs.js';

const open: Kafka[] = [];
const children: ChildProcess[] = [];
const newKafka = (): Kafka => {
  const kafka = new Kafka({ bootstrapServers: sharedBrokers() });
  open.push(kafka);
  return kafka;
};

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(open.splice(0).map((kafka) => kafka.close({ timeoutMs: 1000 })));
});

/** Sends numbers for as long as it runs, and knows when each was sent, on the clock that all processes of a host share. */
async function sends(topic: string, sentAt: bigint[], stop: () => boolean): Promise<void> {
  const producer = newKafka().producer({ keySerializer: utf8, valueSerializer: utf8 });
  const answers: Promise<unknown>[] = [];
  while (!stop()) {
    sentAt.push(process.hrtime.bigint());
    answers.push(producer.sendAndWait({ topic, key: `k${sentAt.length}`, value: String(sentAt.length - 1) }));
    await firstValueFrom(timer(5));
  }
  await Promise.all(answers);
}

async function killedAfter(delayMs: number): Promise<{ missed: number[]; after: number }> {
  const topic = uniqueName('latest');
  const groupId = uniqueName('g');
  await createTopic(sharedBrokers(), topic, { partitions: 3 });
  const script = [
    '--import',
    './scripts/ts.mjs',
    'spec/real/support/latest-member.ts',
    sharedBrokers(),
    topic,
    groupId,
  ];
  const child = spawn(process.execPath, script, { cwd: projectRoot(), stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const sentAt: bigint[] = [];
  let stopped = false;
  const sent = sends(topic, sentAt, () => stopped);
  const assignedAt = await new Promise<bigint>((resolve) => {
    createInterface({ input: child.stdout }).once('line', (line) => {
      // in this turn: what is awaited here would be time that the child lives longer
      setTimeout(() => child.kill('SIGKILL'), delayMs);
      resolve(BigInt(line));
    });
  });
  const sentAfter = (): number[] => sentAt.flatMap((at, n) => (at > assignedAt ? [n] : []));
  await firstValueFrom(timer(delayMs + 300));
  await waitUntil('enough is sent after the assignment', 30_000, () => sentAfter().length > 10);
  stopped = true;
  await sent;
  const wanted = sentAfter();
  const got = new Set<number>();
  const next = newKafka().consumer({
    groupId,
    topics: topic,
    keyDeserializer: utf8,
    valueDeserializer: utf8,
    autoOffsetReset: 'latest',
    sessionTimeoutMs: 6000,
    heartbeatIntervalMs: 1000,
  });
  next.records$.pipe(acknowledge()).subscribe(({ value }) => got.add(Number(value)));
  const missing = (): number[] => wanted.filter((n) => !got.has(n));
  await waitUntil('the next consumer has it all', 30_000, () => missing().length === 0).catch(() => undefined);
  return { missed: missing(), after: wanted.length };
}

/** 0 to 1, the same for the same seed. */
function chance(seed: number): number {
  return ((Math.imul(seed, 1664525) + 1013904223) >>> 0) / 4294967296;
}

it("a 'latest' consumer killed at any time after its assigned event misses nothing that arrived after it [D#1031]", async () => {
  const delays = [0, ...[11, 12, 13].map((seed) => Math.round(chance(seed) * 800))];
  const results = await Promise.all(delays.map((delayMs) => killedAfter(delayMs)));
  expect(results.map(({ missed }) => missed)).toEqual(delays.map(() => []));
  for (const { after } of results) expect(after).toBeGreaterThan(10);
}, 120_000);
