import {
  type Consumer,
  type ConsumerEvent,
  type ConsumerRecord,
  CrcMismatchError,
  ProtocolDecodeError,
  utf8,
} from '../../../src/index.js';
import { type Chance } from '../chance.js';
import { type ClientProcess } from '../client-process.js';
import { type World } from '../world.js';

const name = 'order of reading';

/**
 * A process that reads a topic without a group, in small bites, and goes back and forth: what it gets from wherever it goes to are
 * the committed records of the log, each of them and nothing else. It judges that itself.
 */
export class RoamingReader {
  readonly process: ClientProcess;
  readonly #world: World;
  readonly #topic: string;
  readonly #chance: Chance;
  readonly #consumer: Consumer<Uint8Array | null, string>;
  /** The next offset that may come, by partition. */
  readonly #expected = new Map<number, number>();

  constructor(world: World, processName: string, topic: string) {
    this.#world = world;
    this.#topic = topic;
    this.#chance = world.chance.fork(`reader ${processName}`);
    this.process = world.process(processName);
    const requestTimeoutMs = this.#chance.pick([1000, 3000]);
    this.#consumer = this.process.kafka({ requestTimeoutMs, connectTimeoutMs: 2000 }).consumer({
      topics: topic,
      autoOffsetReset: 'earliest',
      isolationLevel: 'read_committed',
      valueDeserializer: utf8,
      maxPartitionFetchBytes: this.#chance.pick([1, 1, 300]),
    });
    this.#consumer.events$.subscribe((event) => {
      this.#told(event);
    });
    this.process.user.schedule(
      () => {
        this.#read();
        this.#roam();
      },
      this.#chance.between(0, 2000),
    );
  }

  /** Partitions that it has not read to the end. */
  behind(): string[] {
    return this.#world.logs(this.#topic).flatMap(({ partition, records }) => {
      const expected = this.#expected.get(partition) ?? 0;
      const last = records.findLast(({ fate }) => fate !== 'aborted');
      return last === undefined || last.offset < expected
        ? []
        : [`${this.process.name} ${this.#topic}/${partition} is at ${expected}, last record ${last.offset}`];
    });
  }

  #read(): void {
    this.#consumer.records$.subscribe({
      next: (record) => {
        this.#got(record);
      },
      error: (error: unknown) => {
        if (this.process.readDamage && (error instanceof CrcMismatchError || error instanceof ProtocolDecodeError)) {
          this.#world.counts.add('damage noticed');
          // nowhere to go back to before it has begun again: a seek before there is a position is no discontinuity
          this.#expected.clear();
          this.process.user.schedule(() => {
            this.#read();
          }, 200);
        } else this.#violate(`failed: ${error instanceof Error ? error.message : String(error)}`);
      },
    });
  }

  #told(event: ConsumerEvent): void {
    if (event.type === 'assigned') for (const { partition } of event.partitions) this.#expected.set(partition, 0);
    else if (event.type === 'discontinuity') {
      this.#world.trace.note(`${this.process.name} goes to ${event.topic}/${event.partition}@${event.to}`);
      this.#expected.set(event.partition, event.to);
    }
  }

  #got({ partition, offset, value }: ConsumerRecord<Uint8Array | null, string>): void {
    this.#world.trace.note(`${this.process.name} got ${this.#topic}/${partition}@${offset} ${value}`);
    this.#world.counts.add('read without a group');
    const next = this.#expected.get(partition) ?? -1;
    const view = this.#world.log(this.#topic, partition);
    const from = view.indexOf(next);
    const at = view.indexOf(offset);
    const passed = view.records.slice(from, at).find(({ fate }) => fate !== 'aborted');
    const record = view.records[at];
    const place = `${this.#topic}/${partition}@${offset}`;
    if (offset < next) this.#violate(`got ${place}, it was at ${next}`);
    else if (passed !== undefined) this.#violate(`got ${place}, not ${passed.value} at ${passed.offset}`);
    else if (record?.offset === offset && (record.value !== value || record.fate === 'aborted'))
      this.#violate(`got ${value} at ${place}, there is ${record.value}, ${record.fate}`);
    this.#expected.set(partition, offset + 1);
  }

  #roam(): void {
    this.process.user.schedule(
      () => {
        if (this.#world.isCalm) return;
        const [partition, position] = this.#chance.pick([...this.#expected, [0, 0] as const]);
        const target = this.#chance.happens(10) ? 'beginning' : Math.max(0, position - this.#chance.between(1, 12));
        if (this.#expected.has(partition)) {
          const ended = this.process.began('seek');
          const done = { next: ended, error: ended, complete: ended };
          this.#consumer.seek({ topic: this.#topic, partition }, target).subscribe(done);
        }
        this.#roam();
      },
      this.#chance.between(20, 300),
    );
  }

  #violate(text: string): void {
    this.#world.violate(name, `${this.process.name} ${text}`);
  }
}
