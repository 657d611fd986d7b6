import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, utf8 } from '../../src/index.js';
import { produceFrom } from '../../operators/index.js';
import { startCluster } from '../support/kafka/cluster.js';
import { uniqueName } from '../support/kafka/shared-brokers.js';
import { committedOffsets, createTopic, endOffsets } from '../support/peers/kafkajs.js';
import { type Proof, type ProofReport } from '../support/proof.js';
import { MemberProcess } from './support/member-process.js';
import { checkOutput, type Excuse, type OutputRecord, parseOutput } from './support/output-check.js';

const member = 'spec/proofs/support/pipeline-member.ts';

interface Scale {
  readonly records: number;
  readonly perSecond: number;
  readonly partitions: number;
  readonly brokerKill: boolean;
  /** Lag under which the next fault may come. */
  readonly calmLag: number;
}
const scales: Readonly<Record<'short' | 'full', Scale>> = {
  short: { records: 40_000, perSecond: 5_000, partitions: 6, brokerKill: false, calmLag: 5_000 },
  full: { records: 1_000_000, perSecond: 12_000, partitions: 12, brokerKill: true, calmLag: 10_000 },
};

/** Hands ids out at a steady rate, in order. */
async function* paced(total: number, perSecond: number): AsyncGenerator<number> {
  const started = performance.now();
  for (let id = 0; id < total;) {
    const due = Math.min(total, Math.ceil(((performance.now() - started) / 1000) * perSecond) + 1);
    while (id < due) yield id++;
    await sleep(10);
  }
}

class Run {
  readonly lines: string[] = [];
  readonly members: MemberProcess[] = [];
  readonly excuses: Excuse[] = [];
  readonly #started = performance.now();
  readonly bootstrapServers: string;
  readonly scale: Scale;
  /** By the seed: eager or cooperative, who is killed how, which broker. */
  readonly assignor: 'range' | 'cooperative-sticky';
  readonly swapped: boolean;
  readonly brokerId: number;
  readonly group = uniqueName('t2t-group');
  readonly from = uniqueName('t2t-in');
  readonly to = uniqueName('t2t-out');

  constructor(bootstrapServers: string, scale: Scale, seed: number) {
    this.bootstrapServers = bootstrapServers;
    this.scale = scale;
    this.assignor = seed % 2 === 0 ? 'range' : 'cooperative-sticky';
    this.swapped = (seed >> 1) % 2 === 1;
    this.brokerId = 1 + (seed % 3);
  }

  say(line: string): void {
    this.lines.push(`${((performance.now() - this.#started) / 1000).toFixed(1)} s  ${line}`);
  }

  join(name: string): MemberProcess {
    const started = new MemberProcess(
      member,
      [this.bootstrapServers, this.group, this.from, this.to, this.assignor],
      name,
    );
    this.members.push(started);
    return started;
  }

  async lag(): Promise<number> {
    const ends = await endOffsets(this.bootstrapServers, this.from);
    const committed = await committedOffsets(this.bootstrapServers, this.group, this.from);
    return ends.reduce((sum, end, partition) => sum + end - Math.max(0, committed[partition] ?? 0), 0);
  }

  /** Until the group has caught up; `fed` says that more input is still to come. */
  async calm(limit: number, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const lag = await this.lag();
      if (lag <= limit) return;
      if (performance.now() > deadline) throw new Error(`Lag is still ${lag} after ${timeoutMs} ms, ${this.state()}`);
      await sleep(200);
    }
  }

  /** Everything read at least once by somebody: each partition belongs to a living member. */
  async settled(timeoutMs: number, living: readonly MemberProcess[]): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (
      living.reduce((sum, { held }) => sum + held.size, 0) !== this.scale.partitions ||
      living.some(({ held }) => held.size === 0)
    ) {
      if (performance.now() > deadline)
        throw new Error(`The group did not settle within ${timeoutMs} ms, ${this.state()}`);
      await sleep(50);
    }
  }

  state(): string {
    return this.members.map(({ name, held, stderr }) => `${name}: ${[...held].join(' ') || '-'} ${stderr}`).join('; ');
  }

  /** What the killed member had processed beyond its last commit will be processed again. */
  async excuse(dead: MemberProcess): Promise<void> {
    const committed = await committedOffsets(this.bootstrapServers, this.group, this.from);
    for (const partition of dead.held) {
      this.excuses.push({
        partition,
        fromOffset: Math.max(0, committed[partition] ?? 0),
        why: `${dead.name} was killed`,
      });
    }
  }

  async read(): Promise<OutputRecord[]> {
    const kafka = new Kafka({ bootstrapServers: this.bootstrapServers });
    const ends = await endOffsets(this.bootstrapServers, this.to);
    let left = ends.reduce((sum, end) => sum + end, 0);
    const consumer = kafka.consumer({
      topics: this.to,
      keyDeserializer: utf8,
      valueDeserializer: utf8,
      autoOffsetReset: 'earliest',
    });
    const records: OutputRecord[] = [];
    await new Promise<void>((resolve, reject) => {
      consumer.records$.subscribe({
        next: ({ key, value }) => {
          records.push(parseOutput(key, value));
          left -= 1;
          if (left === 0) resolve();
        },
        error: reject,
      });
      if (left === 0) resolve();
    });
    await kafka.close();
    return records;
  }
}

async function execute(run: Run, cluster: Awaited<ReturnType<typeof startCluster>> | null): Promise<ProofReport> {
  const { scale, bootstrapServers } = run;
  // one partition stays empty: it has to be committed as well
  for (const topic of [run.from, run.to]) {
    await createTopic(bootstrapServers, topic, {
      partitions: scale.partitions,
      config: { 'min.insync.replicas': '2' },
    });
  }
  const kafka = new Kafka({ bootstrapServers });
  const feeder = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });
  const keys = 5000;
  let fed = 0;
  const feeding = new Promise<void>((resolve, reject) => {
    produceFrom(paced(scale.records, scale.perSecond), feeder, (id) => ({
      topic: run.from,
      key: `key-${id % keys}`,
      value: String(id),
      partition: (id % keys) % (scale.partitions - 1),
    })).subscribe({ next: () => (fed += 1), error: reject, complete: resolve });
  });
  feeding.catch(() => undefined);
  const pair = [run.join('one'), run.join('two')] as const;
  const [first, second] = run.swapped ? [pair[1], pair[0]] : pair;
  const exits: (number | null)[] = [];
  await run.settled(30_000, [first, second]);
  run.say(`both members hold partitions under ${run.assignor}, ${fed} records fed`);
  await run.calm(scale.calmLag, 60_000);

  first.kill('SIGTERM');
  exits.push(await first.exit(30_000));
  run.say(`${first.name} got SIGTERM and exited with ${exits[0] ?? 'a signal'}, ${fed} fed`);
  const firstAgain = run.join(`${first.name}-again`);
  await run.settled(30_000, [second, firstAgain]);
  await run.calm(scale.calmLag, 60_000);

  second.kill('SIGKILL');
  await second.exit(10_000);
  await run.excuse(second);
  run.say(`${second.name} got kill -9 holding ${[...second.held].sort((a, b) => a - b).join(' ')}, ${fed} fed`);
  second.held.clear();
  const secondAgain = run.join(`${second.name}-again`);
  await run.settled(40_000, [firstAgain, secondAgain]);
  await run.calm(scale.calmLag, 60_000);

  if (scale.brokerKill && cluster !== null) {
    const broker = cluster.broker(run.brokerId);
    await broker.kill();
    run.say(`broker ${run.brokerId} got kill -9, ${fed} fed`);
    await sleep(3000);
    await broker.restart();
    run.say(`broker ${run.brokerId} is back`);
    await run.calm(scale.calmLag, 90_000);
  }
  await feeding;
  run.say(`all ${fed} records are fed`);
  await run.calm(0, 90_000);
  for (const living of [firstAgain, secondAgain]) living.kill('SIGTERM');
  for (const living of [firstAgain, secondAgain]) exits.push(await living.exit(30_000));
  await kafka.close();

  for (const { name, events } of run.members) {
    for (const { type, partitions } of events) {
      if (type !== 'lost') continue;
      for (const partition of partitions ?? []) run.excuses.push({ partition, fromOffset: 0, why: `${name} lost it` });
    }
  }
  const failures = run.members.flatMap(({ name, events }) =>
    events.filter(({ type }) => type === 'failed').map(({ error }) => `${name}: ${error ?? ''}`),
  );
  const verdict = checkOutput(await run.read(), scale.records, run.excuses);
  const ends = await endOffsets(bootstrapServers, run.from);
  const committed = await committedOffsets(bootstrapServers, run.group, run.from);
  const uncommitted = ends.flatMap((end, partition) => (committed[partition] === end ? [] : [partition]));
  const lost = run.members.reduce((sum, { events }) => sum + events.filter(({ type }) => type === 'lost').length, 0);
  run.say(
    `${scale.records} in, ${verdict.missing} missing, ${verdict.repeats} repeated (${verdict.unexcused.length} without excuse), ` +
      `${verdict.outOfOrder.length} out of order, ${lost} lost events, uncommitted partitions: ${uncommitted.join(' ') || 'none'}, exits ${exits.join(' ')}`,
  );
  for (const failure of failures) run.say(failure);
  for (const { id, fromPartition, fromOffset, member: who } of verdict.unexcused.slice(0, 5)) {
    run.say(`unexcused: id ${id} of ${fromPartition}@${fromOffset} again by ${who}`);
  }
  const passed =
    verdict.missing === 0 &&
    verdict.unexcused.length === 0 &&
    verdict.outOfOrder.length === 0 &&
    uncommitted.length === 0 &&
    failures.length === 0 &&
    exits.every((code) => code === 0);
  const { missing, repeats } = verdict;
  return { passed, lines: run.lines, facts: { missing, repeats, unexcused: verdict.unexcused.length, lost } };
}

export const proof: Proof = {
  name: 'topic-to-topic',
  describe: 'at least once, in order per key, whatever member or broker dies',
  async run({ scale, brokers, seed }) {
    const chosen = scales[scale];
    const cluster = brokers === undefined || chosen.brokerKill ? await startCluster({ brokers: 3 }) : null;
    const run = new Run(cluster?.bootstrapServers ?? brokers ?? '', chosen, seed);
    try {
      return await execute(run, cluster);
    } catch (error) {
      return {
        passed: false,
        lines: [...run.lines, error instanceof Error ? (error.stack ?? error.message) : String(error)],
      };
    } finally {
      await Promise.all(run.members.map((one) => one.end()));
      await cluster?.stop();
    }
  },
};
