import { firstValueFrom } from 'rxjs';
import { type Bytes, Kafka, type Producer, utf8 } from '../../../src/index.js';
import { uniqueName } from '../../support/kafka/shared-brokers.js';
import { createTopic } from '../../support/peers/kafkajs.js';

const everyMs = 50;

/**
 * Writes a record to each broker again and again, beside whatever stands between it and others, for all replicas to acknowledge.
 * It tells, as long as it lasts, which broker takes too long for it: the machine is busy, or a replica is.
 */
export class BrokerWitness {
  readonly #kafka: Kafka;
  readonly #producer: Producer<Bytes, string>;
  readonly #topic: string;
  /** When the record was written that a broker has not acknowledged, by broker. */
  readonly #since = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;
  longestMs = 0;
  #failure: unknown = null;

  /** @param slowMs - an acknowledgement that takes longer is too late */
  static async start(
    bootstrapServers: string,
    brokers: number,
    slowMs: number,
    onSlow: (broker: number) => void,
  ): Promise<BrokerWitness> {
    const topic = uniqueName('witness');
    await createTopic(bootstrapServers, topic, { partitions: brokers, replicationFactor: brokers });
    const kafka = new Kafka({ bootstrapServers });
    const producer = kafka.producer<Bytes, string>({ valueSerializer: utf8 });
    const infos = await firstValueFrom(producer.partitionsFor(topic));
    const led = new Map(infos.map(({ leader, partition }) => [leader ?? -1, partition]));
    if (led.size !== brokers) throw new Error(`The brokers do not lead one partition of ${topic} each`);
    return new BrokerWitness(kafka, producer, topic, led, slowMs, onSlow);
  }

  private constructor(
    kafka: Kafka,
    producer: Producer<Bytes, string>,
    topic: string,
    partitions: ReadonlyMap<number, number>,
    slowMs: number,
    onSlow: (broker: number) => void,
  ) {
    this.#kafka = kafka;
    this.#producer = producer;
    this.#topic = topic;
    this.#timer = setInterval(() => {
      for (const [broker, partition] of partitions) {
        const since = this.#since.get(broker);
        if (since === undefined) {
          this.#write(broker, partition);
          continue;
        }
        const ms = performance.now() - since;
        this.longestMs = Math.max(this.longestMs, ms);
        if (ms > slowMs) onSlow(broker);
      }
    }, everyMs);
  }

  /** Rejects when a record failed: whatever it told is worth nothing then. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    // the record that is still on its way fails by the close, and says nothing
    const failure = this.#failure;
    await this.#kafka.close({ timeoutMs: 1000 });
    if (failure !== null) throw new Error('The witness could not write', { cause: failure });
  }

  #write(broker: number, partition: number): void {
    const begun = performance.now();
    this.#since.set(broker, begun);
    const done = (): void => {
      this.longestMs = Math.max(this.longestMs, performance.now() - begun);
      this.#since.delete(broker);
    };
    const failed = (error: unknown): void => {
      this.#failure ??= error;
    };
    this.#producer.send({ topic: this.#topic, partition, value: 'x' }).subscribe({ complete: done, error: failed });
  }
}
