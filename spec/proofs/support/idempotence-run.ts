import { setTimeout as sleep } from 'node:timers/promises';
import { firstValueFrom } from 'rxjs';
import { type DeliveryError, Kafka, KafkaError, type Producer, utf8 } from '../../../src/index.js';
import { type ProxiedCluster, startProxiedCluster } from '../../support/kafka/proxied-cluster.js';
import { uniqueName } from '../../support/kafka/shared-brokers.js';
import { createTopic } from '../../support/peers/kafkajs.js';
import { javaReadKeys, kcatReadKeys } from '../../support/peers/log-readers.js';
import { type Proof, type ProofReport, type ProofScale } from '../../support/proof.js';
import { BrokerWitness } from './broker-witness.js';
import { DeliveryLedger, type DeliveryVerdict, type PartitionLog } from './delivery-check.js';
import { type LinkFault, type LinkPlanShape, planLinkFaults } from './link-plan.js';
import { RecoveryWatch } from './recovery-watch.js';

/** One shape of the run. */
export interface IdempotenceScale extends LinkPlanShape {
  readonly records: number;
  readonly partitions: number;
  readonly requestTimeoutMs: number;
  readonly deliveryTimeoutMs: number;
  /** Every reader reads the log, the Java console consumer as well; else our read_committed and kcat do. */
  readonly allReaders: boolean;
}

/** What the run claims. */
export interface IdempotenceClaim {
  readonly name: string;
  readonly describe: string;
  /** A record may fail: the blackouts are longer than its delivery may take. Else all have to be acknowledged. */
  readonly mayFail: boolean;
  readonly scales: Readonly<Record<ProofScale, IdempotenceScale>>;
}

/** Time after the last fault in which records are still sent. */
const tailMs = ({ calmMs }: IdempotenceScale): number => 1.5 * calmMs;
const filler = '.'.repeat(90);

class Run {
  readonly lines: string[] = [];
  readonly #started = performance.now();
  readonly #rig: ProxiedCluster;
  readonly #scale: IdempotenceScale;
  readonly #mayFail: boolean;
  readonly #topic = uniqueName('idempotence');
  readonly #ledger: DeliveryLedger;
  readonly #errors: Map<string, number> = new Map<string, number>();

  constructor(rig: ProxiedCluster, scale: IdempotenceScale, mayFail: boolean) {
    this.#rig = rig;
    this.#scale = scale;
    this.#mayFail = mayFail;
    this.#ledger = new DeliveryLedger(scale.records);
  }

  async run(seed: number): Promise<ProofReport> {
    const { partitions, brokers, requestTimeoutMs, deliveryTimeoutMs } = this.#scale;
    const direct = this.#rig.innerServers;
    await createTopic(direct, this.#topic, { partitions, replicationFactor: brokers });
    const kafka = new Kafka({
      bootstrapServers: this.#rig.bootstrapServers,
      requestTimeoutMs,
      connectTimeoutMs: requestTimeoutMs,
    });
    const producer = kafka.producer({ keySerializer: utf8, valueSerializer: utf8, deliveryTimeoutMs });
    const infos = await firstValueFrom(producer.partitionsFor(this.#topic));
    const leaders = infos.map(({ leader }) => leader ?? -1);
    const watch = new RecoveryWatch(leaders, this.#scale.calmMs);
    // an acknowledgement that takes the brokers half of requestTimeoutMs leaves a client that fails no room to be at work again
    const witness = await BrokerWitness.start(direct, brokers, requestTimeoutMs / 2, (broker) => {
      watch.slow(broker);
    });
    const plan = planLinkFaults(seed, this.#scale);
    try {
      const fed = this.#feed(producer, watch);
      fed.catch(() => undefined);
      await this.#disturb(plan, watch);
      await fed;
      await producer.flush();
    } finally {
      await witness.stop();
    }
    watch.end();
    const { metrics } = producer;
    await kafka.close();
    this.#sayFaults(plan, watch, metrics);
    this.#say(`beside the proxies the brokers acknowledged a record within ${Math.round(witness.longestMs)} ms`);
    return this.#judge(watch);
  }

  #say(line: string): void {
    this.lines.push(`${((performance.now() - this.#started) / 1000).toFixed(1)} s  ${line}`);
  }

  /** Writes at a steady rate and never more than the producer has room for. */
  async #feed(producer: Producer<string, string>, watch: RecoveryWatch): Promise<void> {
    const { records, partitions, durationMs } = this.#scale;
    const perMs = records / (durationMs + tailMs(this.#scale));
    let wake = (): void => undefined;
    const stop = producer.onReady(() => {
      wake();
    });
    const begun = performance.now();
    while (this.#ledger.size < records) {
      const due = Math.min(records, Math.ceil((performance.now() - begun) * perMs) + 1);
      let room = true;
      while (room && this.#ledger.size < due) {
        const partition = this.#ledger.size % partitions;
        const id = this.#ledger.handOver(partition);
        const record = { topic: this.#topic, partition, key: String(id), value: filler };
        const ready = new Promise<void>((resolve) => (wake = resolve));
        room = producer.write(record, (error, metadata) => {
          if (metadata !== null) {
            this.#ledger.acknowledged(id, metadata.offset);
            watch.acknowledged(partition, id);
          } else this.#failed(id, error, watch);
        });
        if (!room) await ready;
      }
      await sleep(10);
    }
    stop();
  }

  #failed(id: number, error: unknown, watch: RecoveryWatch): void {
    const perhaps = (error as Partial<DeliveryError>).mayHaveBeenWritten;
    const text = KafkaError.is(error) ? error.message.replace(/\d+/g, 'N') : String(error);
    this.#errors.set(text, (this.#errors.get(text) ?? 0) + 1);
    // an error that says nothing of it promises nothing either
    this.#ledger.failed(id, perhaps ?? true);
    watch.failed(this.#ledger.partitionOf(id), id);
  }

  /** Does what the plan says, when it says it. */
  async #disturb(plan: readonly LinkFault[], watch: RecoveryWatch): Promise<void> {
    const steps = plan.flatMap((fault) =>
      [
        { at: fault.at, step: this.#begin },
        { at: fault.until, step: this.#finish },
      ].map(({ at, step }) => ({ at, step, fault })),
    );
    steps.sort((left, right) => left.at - right.at);
    const begun = performance.now();
    for (const { at, step, fault } of steps) {
      const wait = begun + at - performance.now();
      if (wait > 0) await sleep(wait);
      step(fault, watch);
    }
  }

  readonly #begin = (fault: LinkFault, watch: RecoveryWatch): void => {
    const proxy = this.#rig.proxies.get(fault.broker)!;
    watch.begins(fault.broker);
    if (fault.do === 'cut') proxy.cut();
    else if (fault.do === 'delay') proxy.delay(fault.ms, fault.directions);
    else proxy.blackHole(fault);
  };

  readonly #finish = (fault: LinkFault, watch: RecoveryWatch): void => {
    this.#rig.proxies.get(fault.broker)!.heal();
    watch.ends(fault.broker);
  };

  #sayFaults(plan: readonly LinkFault[], watch: RecoveryWatch, metrics: Readonly<Record<string, number>>): void {
    const count = (what: LinkFault['do']): number => plan.filter((fault) => fault.do === what).length;
    const blackouts = plan.filter((fault) => fault.do === 'blackout');
    const longest = Math.max(...blackouts.map(({ at, until }) => until - at));
    const late = blackouts.filter((fault) => fault.held === 'late' && fault.directions.includes('toBroker')).length;
    this.#say(
      `${this.#ledger.size} records written through ${count('cut')} cuts, ${count('delay')} delays and ${blackouts.length} blackouts ` +
        `of up to ${longest} ms, ${late} of which released requests late; ${metrics['retries'] ?? 0} batches sent again`,
    );
    this.#say(`a partition was at work again after at most ${Math.round(watch.longestMs)} ms of a healthy way`);
    if (watch.excused > 0) this.#say(`${watch.excused} times one was not, as its broker itself had been too slow`);
    for (const [text, times] of [...this.#errors].slice(0, 8)) this.#say(`${times} records failed: ${text}`);
  }

  async #judge(watch: RecoveryWatch): Promise<ProofReport> {
    const found = [...watch.violations];
    const facts: Record<string, unknown> = { recoveryMs: Math.round(watch.longestMs) };
    for (const [reader, read] of this.#readers()) {
      const logs = await read();
      const verdict = this.#ledger.check(logs);
      const { violations, ...counts } = verdict;
      const size = logs.reduce((sum, { ids }) => sum + ids.length, 0);
      this.#say(`${reader} finds ${size} records, ${violations.length} kinds of violations`);
      found.push(...violations.map((violation) => `${reader}: ${violation}`), ...this.#claimed(verdict));
      Object.assign(facts, counts);
    }
    const { acknowledged, refused, perhaps, perhapsWritten } = facts;
    this.#say(
      `${String(acknowledged)} acknowledged, ${String(refused)} failed as not written, ${String(perhaps)} failed as perhaps written, ` +
        `${String(perhapsWritten)} of them are`,
    );
    for (const problem of new Set(found)) this.#say(`VIOLATION ${problem}`);
    return { passed: found.length === 0, lines: this.lines, facts };
  }

  #claimed({ acknowledged, refused, perhaps }: DeliveryVerdict): string[] {
    if (!this.#mayFail && acknowledged !== this.#scale.records) {
      return [`${this.#scale.records - acknowledged} records were not acknowledged`];
    }
    return this.#mayFail && refused + perhaps === 0 ? ['no record failed, the run proves nothing'] : [];
  }

  #readers(): readonly (readonly [string, () => Promise<readonly PartitionLog[]>])[] {
    const direct = this.#rig.innerServers;
    const by =
      (read: (onKey: (partition: number, offset: number, key: string) => void) => Promise<void>) => async () => {
        const logs = Array.from({ length: this.#scale.partitions }, (): PartitionLog => ({ ids: [], offsets: [] }));
        await read((partition, offset, key) => {
          logs[partition]!.ids.push(Number(key));
          logs[partition]!.offsets.push(offset);
        });
        return logs;
      };
    const ours = (isolationLevel: 'read_committed' | 'read_uncommitted') =>
      by(async (onKey) => {
        const kafka = new Kafka({ bootstrapServers: direct });
        const consumer = kafka.consumer({ topics: this.#topic, keyDeserializer: utf8, isolationLevel });
        await consumer.readRange().forEach(({ partition, offset, key }) => {
          onKey(partition, offset, key);
        });
        await kafka.close();
      });
    const most = this.#scale.records * 2;
    const readers = [
      ['our consumer (read_committed)', ours('read_committed')],
      ['kcat', by((onKey) => kcatReadKeys(direct, this.#topic, onKey))],
      ['our consumer (read_uncommitted)', ours('read_uncommitted')],
      ['the console consumer (read_committed)', by((onKey) => javaReadKeys(direct, this.#topic, most, onKey))],
    ] as const;
    return this.#scale.allReaders ? readers : readers.slice(0, 2);
  }
}

/** The proof that a producer neither loses nor doubles nor reorders records, whatever the way to its brokers does. */
export function idempotenceProof({ name, describe, mayFail, scales }: IdempotenceClaim): Proof {
  return {
    name,
    describe,
    async run({ scale, seed }) {
      const chosen = scales[scale];
      // the brokers have to advertise their proxies: those of somebody else do not
      const rig = await startProxiedCluster({ brokers: chosen.brokers });
      const run = new Run(rig, chosen, mayFail);
      try {
        return await run.run(seed);
      } catch (error) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        return { passed: false, lines: [...run.lines, text] };
      } finally {
        await rig.stop();
      }
    },
  };
}
