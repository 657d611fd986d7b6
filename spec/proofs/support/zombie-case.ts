import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, utf8 } from '../../../src/index.js';
import { waitUntil } from '../../support/kafka/probe.js';
import { type ProxiedCluster } from '../../support/kafka/proxied-cluster.js';
import { uniqueName } from '../../support/kafka/shared-brokers.js';
import { committedOffsets, createTopic, endOffsets } from '../../support/peers/kafkajs.js';
import { javaReadRecords, kcatReadRecords } from '../../support/peers/log-readers.js';
import { type ProofReport } from '../../support/proof.js';
import { type EndTxnHold } from './end-txn-hold.js';
import { checkExactlyOnce, type InputRecord, type MadeRecord, parseMade } from './exactly-once-check.js';
import { type PipelineOptions, startPipeline } from './exactly-once-pipeline.js';
import { type MemberProcess } from './member-process.js';

const partitions = 4;
const perSecond = 200;

/** What happens to the pipelines of a case; throws when something that has to happen does not. */
export type ZombieScript = (zombie: ZombieCase) => Promise<void>;

/** One case: an input that grows all the time, a group of pipelines, and the check of what they made of it. */
export class ZombieCase {
  readonly #name: string;
  readonly #rig: ProxiedCluster;
  readonly #hold: EndTxnHold;
  readonly #script: ZombieScript;
  readonly #java: boolean;
  readonly #group: string;
  readonly #from: string;
  readonly #to: string;
  readonly #members: MemberProcess[] = [];
  readonly #started = performance.now();
  readonly #lines: string[] = [];
  #feeding = true;

  /** @param java - what was made is read by Kafka's console consumer, else by kcat, which starts faster */
  constructor(name: string, script: ZombieScript, rig: ProxiedCluster, hold: EndTxnHold, java: boolean) {
    this.#java = java;
    this.#name = name;
    this.#script = script;
    this.#rig = rig;
    this.#hold = hold;
    this.#group = uniqueName('zombie');
    this.#from = `${this.#group}-in`;
    this.#to = `${this.#group}-out`;
  }

  async run(): Promise<ProofReport> {
    let problems: string[] = [];
    try {
      const shape = { partitions, replicationFactor: this.#rig.proxies.size };
      for (const topic of [this.#from, this.#to]) await createTopic(this.#rig.innerServers, topic, shape);
      const fed = this.#feed();
      fed.catch(() => undefined);
      await this.#script(this);
      this.#feeding = false;
      const records = await fed;
      await this.#caughtUp();
      problems = [...(await this.#leave()), ...(await this.#check(records))];
    } catch (error) {
      this.#feeding = false;
      problems.push(`${String(error)}: ${this.#state()}`);
    }
    for (const problem of problems) this.say(`VIOLATION ${problem}`);
    return { passed: problems.length === 0, lines: this.#lines };
  }

  async end(): Promise<void> {
    this.#feeding = false;
    await Promise.all(this.#members.map((member) => member.end()));
  }

  say(line: string): void {
    this.#lines.push(`${this.#name}, ${((performance.now() - this.#started) / 1000).toFixed(1)} s: ${line}`);
  }

  /** A classic dynamic member with a session of 6 s and transactions of 10 s unless it is told otherwise. */
  start(instance: string, options: Partial<PipelineOptions> = {}): MemberProcess {
    const route = {
      bootstrapServers: this.#rig.bootstrapServers,
      group: this.#group,
      from: this.#from,
      to: this.#to,
    };
    const defaults = {
      protocol: 'classic',
      isStatic: false,
      sessionTimeoutMs: 6000,
      transactionTimeoutMs: 10_000,
    } as const;
    const name = `${this.#group}-${this.#members.length + 1}`;
    const member = startPipeline(route, { ...defaults, ...options, instance }, name);
    this.#members.push(member);
    return member;
  }

  /** Its next EndTxn stays in the proxy; resolves when it is there: offsets are sent, the end of the transaction is not. */
  async beforeEndTxn(member: MemberProcess): Promise<void> {
    await within(10_000, `${member.name} ends a transaction`, this.#hold.next(member.name));
  }

  release(member: MemberProcess): void {
    for (const proxy of this.#rig.proxies.values()) proxy.release(member.name);
  }

  /** Both have partitions and work. */
  async works(...members: readonly MemberProcess[]): Promise<void> {
    await this.until('every pipeline has partitions and commits', () =>
      members.every(({ held, events }) => held.size > 0 && events.some(({ type }) => type === 'windows')),
    );
  }

  async holdsAll(member: MemberProcess): Promise<void> {
    await this.until(`${member.name} holds every partition`, () => member.held.size === partitions);
  }

  /** It has committed a window since that many of its events. */
  async goesOn(member: MemberProcess, since: number): Promise<void> {
    await this.until(`${member.name} goes on`, () => member.events.slice(since).some(({ type }) => type === 'windows'));
  }

  async until(what: string, check: () => boolean): Promise<void> {
    await waitUntil(what, 90_000, check);
  }

  async #feed(): Promise<number> {
    const kafka = new Kafka({ bootstrapServers: this.#rig.innerServers });
    const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8 });
    const begun = performance.now();
    const sent: Promise<unknown>[] = [];
    while (this.#feeding) {
      const due = Math.ceil(((performance.now() - begun) / 1000) * perSecond);
      while (sent.length < due) {
        const id = sent.length;
        const [key, partition] = [`key-${id % 20}`, id % partitions];
        sent.push(producer.sendAndWait({ topic: this.#from, partition, key, value: String(id) }));
      }
      await sleep(20);
    }
    await Promise.all(sent);
    await kafka.close();
    return sent.length;
  }

  async #caughtUp(): Promise<void> {
    const direct = this.#rig.innerServers;
    await waitUntil('committed = end offsets', 60_000, async () => {
      const ends = await endOffsets(direct, this.#from);
      const committed = await committedOffsets(direct, this.#group, this.#from);
      return ends.every((end, at) => committed[at] === end);
    });
  }

  /** Everybody who lives closes in order. */
  async #leave(): Promise<string[]> {
    const living = this.#members.filter(({ over }) => !over);
    for (const member of living) member.kill('SIGTERM');
    const codes = await Promise.all(living.map((member) => member.exit(30_000)));
    return living.flatMap(({ name, stderr }, at) =>
      codes[at] === 0 ? [] : [`${name} ended with ${String(codes[at])} ${stderr}`],
    );
  }

  async #check(records: number): Promise<readonly string[]> {
    const direct = this.#rig.innerServers;
    const input: InputRecord[] = [];
    const output: MadeRecord[] = [];
    const read = this.#java ? javaReadRecords : kcatReadRecords;
    await read(direct, this.#from, records, (partition, offset, key, id) => {
      input.push({ partition, offset, key, id: Number(id) });
    });
    // one more than there may be, so that a record too many is seen
    await read(direct, this.#to, records + 1, (partition, offset, key, value) => {
      output.push(parseMade(partition, offset, key, value));
    });
    const made = await endOffsets(direct, this.#to);
    const log = made.reduce((sum, end) => sum + end, 0);
    this.say(`${records} records in, ${output.length} out for read_committed; the log of the output ends at ${log}`);
    return checkExactlyOnce(input, output);
  }

  #state(): string {
    return this.#members
      .map(({ name, held, events, stderr }) => {
        const told = events.filter(({ type }) => type !== 'windows').map(({ type, error }) => `${type} ${error ?? ''}`);
        return `${name} holds ${[...held].join(' ')}, told ${told.join(', ')} ${stderr}`;
      })
      .join('; ');
  }
}

/** Rejects when it takes longer. */
async function within(ms: number, what: string, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: not within ${ms} ms`));
    }, ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
