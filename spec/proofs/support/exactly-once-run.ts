import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstValueFrom } from 'rxjs';
import { Kafka, utf8 } from '../../../src/index.js';
import { type KafkaCluster, startCluster } from '../../support/kafka/cluster.js';
import { waitUntil } from '../../support/kafka/probe.js';
import { uniqueName } from '../../support/kafka/shared-brokers.js';
import { committedOffsets, createTopic, endOffsets, withAdmin } from '../../support/peers/kafkajs.js';
import { javaReadRecords, kcatReadRecords } from '../../support/peers/log-readers.js';
import { type Proof, type ProofReport, type ProofScale } from '../../support/proof.js';
import { checkExactlyOnce, type InputRecord, type MadeRecord, parseMade } from './exactly-once-check.js';
import { TransactionFeeder } from './exactly-once-feeder.js';
import { startPipeline } from './exactly-once-pipeline.js';
import { type MemberProcess } from './member-process.js';
import { randomFrom } from './seeded-random.js';

/** The default of a transactional producer, which the pipelines use. */
const transactionTimeoutMs = 10_000;

export interface ExactlyOnceVariant {
  readonly name: string;
  readonly describe: string;
  readonly protocol: 'classic' | 'consumer';
  readonly members: 'dynamic' | 'static';
  /** A random process gets kill -9 this often. */
  readonly killEveryMs: number;
}

interface Scale {
  readonly brokers: number;
  readonly partitions: number;
  readonly records: number;
  /** How long processes and brokers are killed. */
  readonly faultsMs: number;
  readonly killEveryMs: number | null;
  /** Null: brokers live. */
  readonly brokerKillEveryMs: number | null;
  readonly leastWindows: number;
  readonly pipelines: number;
  /** Read by Kafka's console consumer; else by kcat, which starts faster. */
  readonly java: boolean;
}
const scales: Readonly<Record<ProofScale, Scale>> = {
  short: {
    brokers: 1,
    partitions: 4,
    records: 6000,
    faultsMs: 4500,
    killEveryMs: 2000,
    brokerKillEveryMs: null,
    leastWindows: 5,
    pipelines: 2,
    java: false,
  },
  full: {
    brokers: 3,
    partitions: 12,
    records: 300_000,
    faultsMs: 300_000,
    killEveryMs: null,
    brokerKillEveryMs: 30_000,
    leastWindows: 200,
    pipelines: 3,
    java: true,
  },
};

/** Sessions of KIP-848 are the broker's. */
const brokerProperties = {
  'group.consumer.min.session.timeout.ms': '6000',
  'group.consumer.session.timeout.ms': '6000',
};

class Run {
  readonly lines: string[] = [];
  readonly members: MemberProcess[] = [];
  readonly #started = performance.now();
  readonly #cluster: KafkaCluster;
  readonly #scale: Scale;
  readonly #variant: ExactlyOnceVariant;
  readonly #random: () => number;
  readonly #seed: number;
  readonly #group = uniqueName('eos');
  readonly #from = uniqueName('eos-in');
  readonly #to = uniqueName('eos-out');
  readonly #slots: MemberProcess[] = [];
  readonly #problems: string[] = [];
  #kills = 0;
  #brokerKills = 0;

  constructor(cluster: KafkaCluster, scale: Scale, variant: ExactlyOnceVariant, seed: number) {
    this.#cluster = cluster;
    this.#scale = scale;
    this.#variant = variant;
    this.#seed = seed;
    this.#random = randomFrom(seed);
  }

  get #servers(): string {
    return this.#cluster.bootstrapServers;
  }

  async run(): Promise<ProofReport> {
    const { partitions, brokers, records, faultsMs, pipelines, leastWindows } = this.#scale;
    const config = { 'min.insync.replicas': String(Math.min(2, brokers)) };
    for (const topic of [this.#from, this.#to]) {
      await createTopic(this.#servers, topic, { partitions, replicationFactor: brokers, config });
    }
    for (let at = 0; at < pipelines; at++) this.#slots.push(this.#join(at));
    const kafka = new Kafka({ bootstrapServers: this.#servers });
    const producer = kafka.transactionalProducer({
      transactionalId: `${this.#group}-feeder`,
      keySerializer: utf8,
      valueSerializer: utf8,
    });
    const feeder = new TransactionFeeder(producer, this.#from, partitions, 1000, randomFrom(this.#seed + 1));
    const perSecond = records / (faultsMs / 1000);
    const first = feeder.run(Math.ceil(records / 20), perSecond / 4);
    first.catch(() => undefined);
    await waitUntil(
      'every pipeline has partitions',
      60_000,
      () => this.#slots.every(({ held }) => held.size > 0),
      () => this.#failure(),
    );
    this.#say(`${pipelines} ${this.#variant.members} members work under ${this.#variant.protocol}`);
    await first;
    const fed = feeder.run(records, perSecond);
    fed.catch(() => undefined);
    const begun = Date.now();
    await Promise.all([this.#killMembers(begun + faultsMs), this.#killBrokers(begun + faultsMs)]);
    const windows = this.#windows(begun, Date.now());
    this.#say(
      `${this.#kills} kill -9 of pipelines, ${this.#brokerKills} of brokers, ${windows} windows committed meanwhile`,
    );
    if (windows < leastWindows) this.#problems.push(`only ${windows} windows were committed during the faults`);
    await fed;
    await kafka.close();
    const { counts, errors } = feeder;
    this.#say(
      `${counts.records} records fed by ${counts.committed} transactions, ${counts.aborted} aborted on purpose, ${counts.failed} failed`,
    );
    for (const error of new Set(errors)) this.#say(`feeder: ${error}`);
    await this.#caughtUp();
    await this.#stable();
    await this.#leave();
    return this.#judge(windows);
  }

  #say(line: string): void {
    this.lines.push(`${((performance.now() - this.#started) / 1000).toFixed(1)} s  ${line}`);
  }

  #join(at: number): MemberProcess {
    const { protocol, members } = this.#variant;
    const route = { bootstrapServers: this.#servers, group: this.#group, from: this.#from, to: this.#to };
    const options = {
      protocol,
      instance: String(at + 1),
      isStatic: members === 'static',
      sessionTimeoutMs: 6000,
      transactionTimeoutMs,
    };
    const member = startPipeline(route, options, `p${at + 1}.${this.members.length + 1}`);
    this.members.push(member);
    return member;
  }

  async #killMembers(end: number): Promise<void> {
    const every = this.#scale.killEveryMs ?? this.#variant.killEveryMs;
    for (let next = Date.now() + every; next < end; next += every) {
      await sleep(Math.max(0, next - Date.now()));
      const at = Math.floor(this.#random() * this.#slots.length);
      this.#slots[at]!.kill('SIGKILL');
      this.#kills += 1;
      await sleep(this.#random() * 900);
      this.#slots[at] = this.#join(at);
    }
    await sleep(Math.max(0, end - Date.now()));
  }

  async #killBrokers(end: number): Promise<void> {
    const every = this.#scale.brokerKillEveryMs;
    if (every === null) return;
    const random = randomFrom(this.#seed + 2);
    for (let next = Date.now() + every / 2; next < end; next = Math.max(next + every, Date.now())) {
      await sleep(Math.max(0, next - Date.now()));
      await this.#inSync(end);
      if (Date.now() > end) return;
      const broker = this.#cluster.broker(1 + Math.floor(random() * this.#scale.brokers));
      await broker.kill();
      this.#brokerKills += 1;
      await sleep(2000 + random() * 6000);
      await broker.restart();
    }
  }

  /** Every replica of every topic is in sync, the brokers' own topics included. */
  async #inSync(end: number): Promise<void> {
    while (Date.now() < end) {
      try {
        const { topics } = await withAdmin(this.#servers, (admin) => admin.fetchTopicMetadata());
        if (topics.every(({ partitions }) => partitions.every(({ isr, replicas }) => isr.length === replicas.length)))
          return;
      } catch {
        // a broker that comes up may answer with nothing useful
      }
      await sleep(500);
    }
  }

  #windows(from: number, to: number): number {
    let sum = 0;
    for (const { events } of this.members) {
      for (const { at, type, count = 0 } of events) if (type === 'windows' && at >= from && at <= to) sum += count;
    }
    return sum;
  }

  /** The group has committed the end of the input, markers of transactions included. */
  async #caughtUp(): Promise<void> {
    const begun = performance.now();
    let behind = '';
    await waitUntil(
      'The group catches up',
      120_000,
      async () => {
        const ends = await endOffsets(this.#servers, this.#from);
        const committed = await committedOffsets(this.#servers, this.#group, this.#from);
        const open = ends.flatMap((end, at) =>
          committed[at] === end ? [] : [`${at}: ${committed[at] ?? '-'} of ${end}`],
        );
        behind = open.join(', ');
        return open.length === 0;
      },
      () => this.#failure(),
    ).catch((error: unknown) => {
      this.#problems.push(`${String(error)}; committed ${behind}`);
    });
    this.#say(`committed = end offsets after ${Math.round(performance.now() - begun)} ms`);
  }

  /** Nothing is left open: the last stable offset is the high watermark. */
  async #stable(): Promise<void> {
    const begun = performance.now();
    const limit = transactionTimeoutMs + 15_000;
    const kafka = new Kafka({ bootstrapServers: this.#servers });
    const partitions = [this.#from, this.#to].flatMap((topic) =>
      Array.from({ length: this.#scale.partitions }, (_, partition) => ({ topic, partition })),
    );
    const [stable, high] = (['read_committed', 'read_uncommitted'] as const).map((isolationLevel) =>
      kafka.consumer({ partitions, isolationLevel }),
    );
    let behind = '';
    await waitUntil('The last stable offset reaches the high watermark', limit, async () => {
      const ends = await firstValueFrom(high!.endOffsets(partitions));
      const stables = await firstValueFrom(stable!.endOffsets(partitions));
      const at = (list: typeof ends, topic: string, partition: number): number | undefined =>
        list.find((one) => one.topic === topic && one.partition === partition)?.offset;
      const open = partitions.filter(
        ({ topic, partition }) => at(ends, topic, partition) !== at(stables, topic, partition),
      );
      behind = open.map(({ topic, partition }) => `${topic}-${partition}`).join(', ');
      return open.length === 0;
    }).catch((error: unknown) => {
      this.#problems.push(`${String(error)}; ${behind}`);
    });
    await kafka.close();
    this.#say(`last stable offset = high watermark after ${Math.round(performance.now() - begun)} ms`);
  }

  async #leave(): Promise<void> {
    // a process that was started a moment ago does not listen to the signal yet
    await waitUntil('every pipeline listens', 30_000, () =>
      this.#slots.every((member) => member.events.some(({ type }) => type === 'started')),
    );
    for (const member of this.#slots) member.kill('SIGTERM');
    for (const member of this.#slots) {
      const code = await member.exit(30_000);
      if (code !== 0) this.#problems.push(`${member.name} exited with ${String(code)} ${member.stderr}`);
    }
  }

  /** A pipeline whose stream failed, or that ended by itself. */
  #failure(): string | null {
    for (const { name, events } of this.members) {
      const failed = events.find(({ type }) => type === 'failed');
      if (failed !== undefined) return `${name} failed: ${failed.error ?? ''}`;
    }
    const gone = this.#slots.find(({ over }) => over);
    return gone === undefined ? null : `${gone.name} has ended: ${gone.stderr}`;
  }

  async #judge(windows: number): Promise<ProofReport> {
    const input: InputRecord[] = [];
    const output: MadeRecord[] = [];
    const most = this.#scale.records;
    const [reader, read] = this.#scale.java
      ? (['the Java consumer', javaReadRecords] as const)
      : (['kcat', kcatReadRecords] as const);
    await read(this.#servers, this.#from, most, (partition, offset, key, id) => {
      input.push({ partition, offset, key, id: Number(id) });
    });
    // one more than there may be, so that a record too many is seen
    await read(this.#servers, this.#to, most + 1, (partition, offset, key, value) => {
      output.push(parseMade(partition, offset, key, value));
    });
    this.#say(`${reader} reads ${input.length} committed records of the input and ${output.length} of the output`);
    if (input.length !== most) this.#problems.push(`${most} records were fed and ${input.length} are there`);
    this.#problems.push(...checkExactlyOnce(input, output));
    const failure = this.#failures();
    this.#problems.push(...failure);
    const told = this.members.flatMap(({ events }) => events);
    const times = (type: string): number => told.filter((event) => event.type === type).length;
    this.#say(`${times('lost')} times lost, ${times('discontinuity by abort')} rewinds by aborted windows`);
    for (const problem of this.#problems) this.#say(`VIOLATION ${problem}`);
    const facts = { windows, kills: this.#kills, brokerKills: this.#brokerKills, output: output.length };
    return { passed: this.#problems.length === 0, lines: this.lines, facts };
  }

  #failures(): string[] {
    return this.members.flatMap(({ name, events }) =>
      events.filter(({ type }) => type === 'failed').map(({ error }) => `${name} failed: ${error ?? ''}`),
    );
  }
}

/** The proof that topic to topic through `transaction` is exactly once, whoever dies. */
export function exactlyOnceProof(variant: ExactlyOnceVariant): Proof {
  return {
    name: variant.name,
    describe: variant.describe,
    async run({ scale, seed }) {
      const chosen = scales[scale];
      // its own brokers: they are killed, and sessions of KIP-848 are theirs
      const cluster = await startCluster({ brokers: chosen.brokers, properties: brokerProperties });
      const run = new Run(cluster, chosen, variant, seed);
      let report: ProofReport;
      try {
        report = await run.run();
      } catch (error) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        report = { passed: false, lines: [...run.lines, text] };
      } finally {
        await Promise.all(run.members.map((member) => member.end()));
      }
      if (!report.passed) report = { ...report, lines: [...report.lines, `logs: ${keepLogs(cluster, run.members)}`] };
      await cluster.stop();
      return report;
    },
  };
}

/** What a failed run leaves for people. */
function keepLogs(cluster: KafkaCluster, members: readonly MemberProcess[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'rx-kafka-exactly-once-'));
  for (const { id, logFile } of cluster.brokers) copyFileSync(logFile, join(directory, `broker-${id}.log`));
  for (const member of members) member.keep(directory);
  return directory;
}
