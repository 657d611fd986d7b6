import { DeliveryError, type Producer, utf8 } from '../../../src/index.js';
import { type ClientProcess } from '../client-process.js';
import { type World } from '../world.js';
import { type SentRecord } from './sent-record.js';

/** A process that sends records in bursts, by a producer with drawn options, until it is told to end. */
export class ProducerWork {
  readonly process: ClientProcess;
  readonly deliveryTimeoutMs: number;
  readonly sent: SentRecord[] = [];
  readonly #world: World;
  readonly #producer: Producer<string, string>;
  readonly topics: readonly string[];
  readonly promise: SentRecord['promise'];
  readonly #pauseMs: number;
  readonly #burst: number;
  readonly #choosesPartition: boolean;
  #isEnding = false;

  constructor(world: World, name: string, topics: readonly string[]) {
    this.#world = world;
    this.topics = topics;
    const chance = world.chance.fork(`producer ${name}`);
    this.process = world.process(name);
    this.promise = chance.pick(['idempotent', 'idempotent', 'idempotent', 'all', 'leader'] as const);
    this.#pauseMs = chance.pick([100, 200, 400]);
    this.#burst = chance.between(1, 6);
    this.#choosesPartition = chance.happens(40);
    const requestTimeoutMs = chance.pick([1000, 3000, 8000]);
    const lingerMs = chance.pick([0, 5, 50]);
    this.deliveryTimeoutMs = world.deliveryTimeoutMs(requestTimeoutMs + lingerMs + chance.pick([1000, 5000, 20_000]));
    this.#producer = this.process.kafka({ requestTimeoutMs, connectTimeoutMs: 2000 }).producer({
      keySerializer: utf8,
      valueSerializer: utf8,
      acks: this.promise === 'leader' ? 1 : 'all',
      enableIdempotence: this.promise === 'idempotent',
      compression: chance.happens(20) ? 'gzip' : 'none',
      maxInFlightRequests: chance.pick([1, 2, 5, 5] as const),
      batchSize: chance.pick([100, 400, 262_144]),
      lingerMs,
      deliveryTimeoutMs: this.deliveryTimeoutMs,
      maxBlockMs: 5000,
    });
    const random = chance.fork('records');
    const beat = (): void => {
      if (this.#isEnding) return;
      for (let n = random.between(1, this.#burst); n > 0; n--) this.#send(random.random());
      this.process.user.schedule(beat, random.between(1, 2 * this.#pauseMs));
    };
    this.process.user.schedule(beat, chance.between(0, 500));
  }

  get isPending(): boolean {
    return this.process.isAlive && (!this.#isEnding || this.sent.some(({ state }) => state === 'pending'));
  }

  calm(): void {
    this.process.resume();
  }

  /** Sends nothing more. */
  end(): void {
    this.#isEnding = true;
  }

  #send(draw: number): void {
    const number = this.sent.length;
    const topic = this.topics[number % this.topics.length]!;
    const value = `${this.process.name}#${number}`;
    const partitions = this.#world.state.topics.get(topic)!.partitions.length;
    const chosen = this.#choosesPartition ? Math.floor(draw * partitions) : undefined;
    const record: SentRecord = {
      value,
      topic,
      promise: this.promise,
      producer: this.process.name,
      number,
      state: 'pending',
      partition: chosen ?? -1,
      offset: -1,
      mayHaveBeenWritten: true,
    };
    this.sent.push(record);
    const ended = this.process.began(`send of ${value}`);
    const key = draw < 0.7 ? `k${Math.floor(draw * 20)}` : null;
    this.#producer.send({ topic, key, value, ...(chosen === undefined ? {} : { partition: chosen }) }).subscribe({
      next: (metadata) => {
        ended();
        this.#world.counts.add('acknowledged');
        if (record.state !== 'pending')
          this.#world.violate('one answer for each record', `${value} was ${record.state}`);
        record.state = 'acknowledged';
        record.partition = metadata.partition;
        record.offset = metadata.offset;
        this.#world.trace.note(`${value} written to ${topic}/${metadata.partition}@${metadata.offset}`);
        for (const watch of this.#world.watches) watch.wrote?.(record, metadata);
      },
      error: (error: unknown) => {
        ended();
        this.#world.counts.add('failed');
        if (record.state !== 'pending')
          this.#world.violate('one answer for each record', `${value} was ${record.state}`);
        record.state = 'failed';
        record.mayHaveBeenWritten = error instanceof DeliveryError && error.mayHaveBeenWritten;
        this.#world.trace.note(`${value} failed: ${error instanceof Error ? error.message : String(error)}`);
      },
    });
  }
}
