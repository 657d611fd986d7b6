import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { produceFrom } from '../../../operators/index.js';
import { Kafka, utf8 } from '../../../src/index.js';
import { type KafkaCluster, startCluster } from '../../support/kafka/cluster.js';
import { uniqueName } from '../../support/kafka/shared-brokers.js';
import { createTopic, endOffsets, withAdmin } from '../../support/peers/kafkajs.js';
import { type Proof, type ProofReport } from '../../support/proof.js';
import { checkStorm, type StormVerdict } from './storm-check.js';
import { stormClock, type StormProtocol } from './storm-clock.js';
import { type StormLog } from './storm-log.js';
import { planStorm, type StormShape, type StormStep } from './storm-plan.js';
import { StormProcess } from './storm-process.js';

interface Scale extends StormShape {
  readonly brokers: number;
  readonly partitions: number;
  readonly perSecond: number;
  readonly everyMs: number;
}
const scales: Readonly<Record<'short' | 'full', Scale>> = {
  short: {
    brokers: 1,
    partitions: 6,
    perSecond: 300,
    everyMs: 1000,
    steps: 5,
    members: { first: 3, least: 2, most: 4 },
  },
  full: {
    brokers: 3,
    partitions: 24,
    perSecond: 2000,
    everyMs: 2000,
    steps: 90,
    members: { first: 8, least: 4, most: 8 },
  },
};

/** Sessions of 6 s: classic members ask for them, KIP-848 groups have them from the broker. */
const brokerProperties = {
  'group.consumer.min.session.timeout.ms': '6000',
  'group.consumer.session.timeout.ms': '6000',
};

const lagLimitMs = 60_000;
/**
 * Longest time a kept partition may have a reason to pause, or may deliver nothing although records are being written, under
 * rules that let partitions be kept. What the machine did not give its processes time for is added to the second.
 */
const pauseLimitMs = 1000;

class Storm {
  readonly lines: string[] = [];
  readonly #bootstrapServers: string;
  readonly #scale: Scale;
  readonly #protocol: StormProtocol;
  readonly #directory: string;
  readonly #members: StormProcess[] = [];
  readonly #group = uniqueName('storm-group');
  readonly #topic = uniqueName('storm');
  readonly #started = stormClock();
  #calm = false;
  #fed = 0;
  #writtenUntil = Infinity;
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });

  constructor(bootstrapServers: string, scale: Scale, protocol: StormProtocol, directory: string) {
    this.#bootstrapServers = bootstrapServers;
    this.#scale = scale;
    this.#protocol = protocol;
    this.#directory = directory;
  }

  async run(seed: number): Promise<ProofReport> {
    const { partitions, brokers, members, everyMs } = this.#scale;
    await createTopic(this.#bootstrapServers, this.#topic, { partitions, replicationFactor: brokers });
    for (let at = 0; at < members.first; at++) this.#join();
    const kafka = new Kafka({ bootstrapServers: this.#bootstrapServers });
    const feeding = this.#feed(kafka);
    feeding.catch(() => undefined);
    await this.#allRead(60_000);
    this.#say(`${members.first} members read ${partitions} partitions under ${this.#protocol}`);
    this.#delay.enable();
    const plan = planStorm(seed, this.#scale);
    const begun = stormClock();
    for (const [at, step] of plan.entries()) {
      await sleep(Math.max(0, begun + at * everyMs - stormClock()));
      await this.#do(step);
    }
    await sleep(everyMs);
    this.#calm = true;
    this.#writtenUntil = stormClock();
    await feeding;
    this.#delay.disable();
    await kafka.close();
    const count = (what: StormStep['do']): number => plan.filter((step) => step.do === what).length;
    this.#say(
      `${count('join')} joins, ${count('leave')} leaves, ${count('kill')} kill -9, ${this.#fed} records written`,
    );
    const over = stormClock();
    const ends = await endOffsets(this.#bootstrapServers, this.#topic);
    const lag = await this.#caughtUp(ends);
    const lagZeroMs = Math.round(stormClock() - over);
    this.#say(lag === 0 ? `lag 0 after ${lagZeroMs} ms` : `lag is still ${lag} after ${lagZeroMs} ms`);
    const problems = await this.#end();
    const logs = this.#members.map((member) => member.log());
    return this.#judge(checkStorm(logs, ends, this.#writtenUntil), logs, problems, lag, lagZeroMs);
  }

  async destroy(): Promise<void> {
    this.#calm = true;
    await Promise.all(this.#members.map((member) => member.destroy()));
  }

  #say(line: string): void {
    this.lines.push(`${((stormClock() - this.#started) / 1000).toFixed(1)} s  ${line}`);
  }

  #join(): void {
    const name = `m${this.#members.length + 1}`;
    const args = [this.#bootstrapServers, this.#group, this.#topic, this.#protocol];
    this.#members.push(new StormProcess(args, name, join(this.#directory, `${name}.log`)));
  }

  async #do({ do: what, pick }: StormStep): Promise<void> {
    if (what === 'join') {
      // at most so many processes at a time: one that leaves still counts
      const limit = stormClock() + 20_000;
      while (this.#members.filter(({ over }) => !over).length >= this.#scale.members.most && stormClock() < limit)
        await sleep(20);
      this.#join();
      return;
    }
    const living = this.#members.filter((member) => member.living);
    const serving = living.filter((member) => member.served);
    const started = living.filter((member) => member.started);
    // a kill is one only if there is something to lose; who leaves may be in the middle of joining
    const pool = what === 'kill' && serving.length > 0 ? serving : started.length > 1 ? started : living;
    const victim = pool[Math.floor(pick * pool.length)];
    if (what === 'leave') victim?.leave();
    else victim?.kill();
  }

  #feed(kafka: Kafka): Promise<void> {
    const producer = kafka.producer({ valueSerializer: utf8 });
    const { partitions, perSecond } = this.#scale;
    const isCalm = (): boolean => this.#calm;
    const ids = async function* (): AsyncGenerator<number> {
      const begun = stormClock();
      for (let id = 0; !isCalm();) {
        const due = Math.ceil(((stormClock() - begun) / 1000) * perSecond);
        while (id < due) yield id++;
        await sleep(20);
      }
    };
    return new Promise<void>((resolve, reject) => {
      produceFrom(ids(), producer, (id) => ({
        topic: this.#topic,
        partition: id % partitions,
        value: `record ${id} ${'.'.repeat(80)}`,
      })).subscribe({ next: () => (this.#fed += 1), error: reject, complete: resolve });
    });
  }

  /** Every partition has delivered something. */
  async #allRead(timeoutMs: number): Promise<void> {
    const limit = stormClock() + timeoutMs;
    for (;;) {
      const read = new Set(
        this.#members.flatMap((member) =>
          member.log().lines.flatMap((line) => (line.e === 'delivered' ? [line.p] : [])),
        ),
      );
      if (read.size === this.#scale.partitions) return;
      if (stormClock() > limit) throw new Error(`Only ${read.size} partitions are read after ${timeoutMs} ms`);
      await sleep(100);
    }
  }

  /** Lag at the end of the waiting: 0 as soon as it is. */
  async #caughtUp(ends: readonly number[]): Promise<number> {
    const limit = stormClock() + lagLimitMs;
    return withAdmin(this.#bootstrapServers, async (admin) => {
      for (;;) {
        const answer = await admin.fetchOffsets({ groupId: this.#group, topics: [this.#topic] });
        let lag = ends.reduce((sum, end) => sum + end, 0);
        for (const { offset } of answer[0]?.partitions ?? []) lag -= Math.max(0, Number(offset));
        if (lag === 0 || stormClock() > limit) return lag;
        await sleep(50);
      }
    });
  }

  async #end(): Promise<string[]> {
    for (const member of this.#members) if (member.living) member.leave();
    const problems = await Promise.all(this.#members.map((member) => member.end(30_000)));
    return problems.filter((problem) => problem !== null);
  }

  #judge(
    verdict: StormVerdict,
    logs: readonly StormLog[],
    problems: readonly string[],
    lag: number,
    lagZeroMs: number,
  ): ProofReport {
    const { violations, ...facts } = verdict;
    const { handOvers, clean, kills, lost, deadlines, repeats, longestPauseMs, longestSilenceMs } = facts;
    const lines = logs.flatMap((log) => log.lines);
    const ownLoopMs = Math.round(this.#delay.max / 1e6);
    const loopMs = lines.reduce((most, line) => (line.e === 'loop' ? Math.max(most, line.ms) : most), ownLoopMs);
    const commitsFailed = lines.filter(({ e }) => e === 'commitFailed').length;
    this.#say(
      `${handOvers} hand-overs (${clean} clean, ${kills} by kill), ${lost} partitions lost, ${deadlines} past a deadline, ` +
        `${repeats} of ${facts.records} records repeated`,
    );
    this.#say(
      `of kept partitions the longest pause was ${longestPauseMs.toFixed(0)} ms, the longest silence ` +
        `${longestSilenceMs.toFixed(0)} ms; longest event-loop delay ${loopMs} ms, ${commitsFailed} commits failed`,
    );
    const found = [...problems, ...violations];
    if (lag !== 0) found.push(`lag ${lag} is left`);
    if (lost + deadlines > 0 && (lost + deadlines) * 100 >= handOvers)
      found.push(`${lost + deadlines} lost or late in ${handOvers} hand-overs are 1 % or more`);
    if (this.#protocol !== 'eager' && longestPauseMs > pauseLimitMs)
      found.push(`a kept partition paused for ${longestPauseMs.toFixed(0)} ms`);
    if (this.#protocol !== 'eager' && longestSilenceMs > pauseLimitMs + 2 * loopMs)
      found.push(`a kept partition delivered nothing for ${longestSilenceMs.toFixed(0)} ms`);
    for (const problem of found.slice(0, 20)) this.#say(problem);
    if (found.length > 20) this.#say(`and ${found.length - 20} more`);
    return {
      passed: found.length === 0,
      lines: this.lines,
      facts: { ...facts, lagZeroMs, loopMs, commitsFailed, problems: found.length },
    };
  }
}

/** The proof that a group keeps its promises while members come, go and die all the time. */
export function stormProof(protocol: StormProtocol, name: string): Proof {
  return {
    name,
    describe: `nothing is lost, and nothing repeats but after a kill, while members come and go under ${protocol} rules`,
    async run({ scale, brokers, seed }) {
      const chosen = scales[scale];
      // sessions of KIP-848 are the broker's, so that its brokers have to be our own
      const cluster =
        brokers === undefined || protocol === 'consumer'
          ? await startCluster({ brokers: chosen.brokers, properties: brokerProperties })
          : null;
      const directory = mkdtempSync(join(tmpdir(), 'rx-kafka-storm-'));
      const storm = new Storm(cluster?.bootstrapServers ?? brokers ?? '', chosen, protocol, directory);
      let report: ProofReport = { passed: false, lines: [] };
      try {
        report = await storm.run(seed);
      } catch (error) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        report = { passed: false, lines: [...storm.lines, text] };
      } finally {
        await storm.destroy();
        if (report.passed) rmSync(directory, { recursive: true, force: true });
        else if (cluster !== null) keepLogs(cluster, directory);
        await cluster?.stop();
      }
      return report.passed ? report : { ...report, lines: [...report.lines, `the logs are in ${directory}`] };
    },
  };
}

function keepLogs(cluster: KafkaCluster, directory: string): void {
  for (const { id, logFile } of cluster.brokers) copyFileSync(logFile, join(directory, `broker-${id}.log`));
}
