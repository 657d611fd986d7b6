import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Distribution } from './distribution.js';
import { countBrokers, waitUntil } from './probe.js';
import { type BrokerFacts, serverProperties } from './properties.js';
import { type Reaper } from './reaper.js';

export interface BrokerSetup {
  readonly facts: BrokerFacts;
  /** Where server.properties and the log file go; the data directory may be inside. */
  readonly directory: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly jvmFlags: readonly string[];
}

/** JVM flags that start a broker fast and small: no second compiler, no parallel collector. Not for measurements. */
export const smallJvm: readonly string[] = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** One broker of the rig as an operating system process; its port and data stay the same over restarts. */
export class BrokerProcess {
  readonly id: number;
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly logFile: string;
  readonly #distribution: Distribution;
  readonly #reaper: Reaper;
  readonly #setup: BrokerSetup;
  #child: ChildProcess | null = null;
  #exit: Promise<void> = Promise.resolve();
  #paused = false;

  constructor(distribution: Distribution, reaper: Reaper, setup: BrokerSetup) {
    this.id = setup.facts.id;
    this.port = setup.facts.port;
    this.logFile = join(setup.directory, `broker-${this.id}.log`);
    this.#distribution = distribution;
    this.#reaper = reaper;
    this.#setup = setup;
  }

  /** Process id while it runs. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get state(): 'running' | 'paused' | 'down' {
    if (this.#child === null) return 'down';
    return this.#paused ? 'paused' : 'running';
  }

  /** Formats by copying what StorageTool made once; keeps a directory that is formatted already. */
  format(): void {
    const { facts, directory, properties } = this.#setup;
    mkdirSync(facts.dataDirectory, { recursive: true });
    const marker = join(facts.dataDirectory, 'meta.properties');
    if (!existsSync(marker)) {
      const { clusterId, bootstrapCheckpoint } = this.#distribution;
      // low ids are reserved by Kafka; random ones are not
      const directoryId = randomBytes(16).toString('base64url');
      const meta = `version=1\ncluster.id=${clusterId}\nnode.id=${this.id}\ndirectory.id=${directoryId}\n`;
      copyFileSync(bootstrapCheckpoint, join(facts.dataDirectory, 'bootstrap.checkpoint'));
      writeFileSync(marker, meta);
    }
    writeFileSync(join(directory, `broker-${this.id}.properties`), serverProperties(facts, properties));
  }

  start(): void {
    if (this.#child !== null) throw new Error(`Broker ${this.id} runs already`);
    const { classPath, archive, flags } = this.#distribution;
    const { directory, jvmFlags } = this.#setup;
    const training = jvmFlags.some((flag) => flag.startsWith('-XX:ArchiveClassesAtExit'));
    const shared = archive === null || training ? [] : [`-XX:SharedArchiveFile=${archive}`, '-Xlog:cds=off'];
    const jvm = training ? [...smallJvm, ...jvmFlags] : jvmFlags.length === 0 ? smallJvm : jvmFlags;
    const log = openSync(this.logFile, 'a');
    const args = [...jvm, ...shared, ...flags, '-Drig.log=info', '-cp', classPath];
    // a group of its own: Ctrl-C in a terminal must not start a slow orderly shutdown behind our back
    const child = spawn('java', [...args, 'kafka.Kafka', join(directory, `broker-${this.id}.properties`)], {
      detached: true,
      cwd: directory,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child.unref();
    this.#child = child;
    this.#paused = false;
    const pid = child.pid;
    if (pid !== undefined) this.#reaper.pid(pid);
    this.#exit = new Promise((resolve) => {
      const gone = (): void => {
        if (pid !== undefined) this.#reaper.gone(pid);
        if (this.#child === child) this.#child = null;
        resolve();
      };
      child.once('exit', gone);
      child.once('error', gone);
    });
  }

  /** Resolves once this broker's own metadata lists at least `count` brokers. */
  ready(count: number, timeoutMs = 120_000): Promise<void> {
    return waitUntil(
      `Broker ${this.id} ready with ${count} brokers in sight`,
      timeoutMs,
      async () => (await countBrokers(this.host, this.port)) >= count,
      () => (this.#child === null ? `the process ended\n${this.tail()}` : null),
    );
  }

  /** kill -9; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#gone(10_000);
  }

  /** Orderly stop (SIGTERM), kill -9 after `timeoutMs`; resolves when the process is gone. */
  async stop(timeoutMs = 30_000): Promise<void> {
    this.resume();
    this.#child?.kill('SIGTERM');
    if (!(await this.#gone(timeoutMs))) await this.kill();
  }

  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): void {
    if (this.#child === null) throw new Error(`Broker ${this.id} is down`);
    this.#child.kill('SIGSTOP');
    this.#paused = true;
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
    this.#paused = false;
  }

  /** The last lines of its log. */
  tail(lines = 30): string {
    if (!existsSync(this.logFile)) return '';
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  async #gone(timeoutMs: number): Promise<boolean> {
    const bound = new AbortController();
    const late = sleep(timeoutMs, false, { signal: bound.signal }).catch(() => false);
    const gone = await Promise.race([this.#exit.then(() => true), late]);
    bound.abort();
    return gone;
  }
}
