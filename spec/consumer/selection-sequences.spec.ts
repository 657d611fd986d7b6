import * as fc from 'fast-check';
import { ClientClosedError, InvalidOptionError, KafkaError, utf8 } from '../../src/index.js';
import type { Consumer, TopicSelection } from '../../src/model/consumer.js';
import { Reader, VirtualKafka } from './support/virtual-kafka.js';

/**
 * Any sequence of select, seek, pause, resume, subscribe, unsubscribe, drain, settle and trouble, with any time between the steps,
 * ends where its last selection says; on the way nothing is delivered that may not be, and nothing throws from inside.
 */
const topics = ['a', 'b'] as const;
const partitions = [
  { topic: 'a', partition: 0 },
  { topic: 'a', partition: 1 },
  { topic: 'b', partition: 0 },
] as const;
const everything: TopicSelection = { topics: ['a', 'b'] };

const selections: readonly (TopicSelection | null)[] = [
  null,
  { topics: ['a'] },
  { topics: ['b'] },
  everything,
  { pattern: /^a/ },
  { pattern: /^[ab]$/ },
  { partitions: [{ topic: 'a', partition: 1, offset: 1 }] },
  {
    partitions: [
      { topic: 'a', partition: 0 },
      { topic: 'b', partition: 0 },
    ],
  },
];

type Step =
  /** `inside`: in the next delivery, not now. */
  | { readonly do: 'select'; readonly which: number; readonly afterNone: boolean; readonly inside?: boolean }
  | { readonly do: 'seek' | 'pause' | 'resume'; readonly which: number }
  | { readonly do: 'subscribe' | 'unsubscribe' | 'drain' | 'settle' | 'expel' | 'fill' }
  | { readonly do: 'wait'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('select' as const),
      which: fc.nat(7),
      afterNone: fc.boolean(),
      inside: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('seek' as const, 'pause' as const, 'resume' as const),
      which: fc.nat(2),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'subscribe',
        'subscribe',
        'unsubscribe',
        'drain',
        'settle',
        'settle',
        'expel',
        'fill' as const,
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 2, 5, 20, 150, 900) }),
  },
);

class World {
  readonly virtual: VirtualKafka;
  readonly consumer: Consumer<string, string>;
  readonly reader: Reader;
  readonly wrong: string[] = [];
  readonly #open: (() => void)[] = [];
  readonly #delivered: Set<string> = new Set<string>();
  readonly #paused: Set<string> = new Set<string>();
  /** Assigned and not given up, by what events said. */
  readonly #live: Set<string> = new Set<string>();
  #subscribed = false;
  #insideNext: (() => void) | null = null;

  constructor(grouped: boolean, seed: number) {
    this.virtual = new VirtualKafka({ metadataMaxAgeMs: 1000 }, seed);
    this.virtual.topic('a', 2);
    this.virtual.topic('b', 1);
    for (const topic of topics) this.virtual.fill(topic, 8);
    const group = { groupId: 'g', heartbeatIntervalMs: 100, sessionTimeoutMs: 3000, rebalanceTimeoutMs: 4000 };
    this.consumer = this.virtual.kafka.consumer<string, string>({
      ...everything,
      keyDeserializer: utf8,
      valueDeserializer: utf8,
      autoOffsetReset: 'earliest',
      acknowledge: 'explicit',
      drainTimeoutMs: 1500,
      window: { records: 3 },
      ...(grouped ? group : {}),
    });
    this.reader = new Reader(this.consumer);
    this.consumer.events$.subscribe((event) => {
      if (event.type !== 'assigned' && event.type !== 'revoked' && event.type !== 'lost') return;
      for (const { topic, partition } of event.partitions) {
        const name = `${topic}-${partition}`;
        if (event.type !== 'assigned') this.#live.delete(name);
        else if (this.#live.has(name)) this.wrong.push(`${name} was assigned twice`);
        else this.#live.add(name);
      }
    });
    this.reader.acks = false;
    this.reader.onRecord = ({ topic, partition, offset, lease }): void => {
      const name = `${topic}-${partition}`;
      this.#delivered.add(`${name}:${offset}`);
      this.#open.push(() => lease.ack());
      if (!this.#subscribed) this.wrong.push(`${name} without a subscription`);
      if (!this.#selected(topic, partition)) this.wrong.push(`${name} is not selected`);
      if (this.#paused.has(name)) this.wrong.push(`${name} is paused`);
      const inside = this.#insideNext;
      this.#insideNext = null;
      inside?.();
    };
  }

  run(next: Step): void {
    switch (next.do) {
      case 'select':
        if (next.inside === true) {
          this.#insideNext = (): void => {
            this.#select(selections[next.which]!, next.afterNone);
          };
        } else this.#select(selections[next.which]!, next.afterNone);
        break;
      case 'seek':
        // refused where the partition is not held
        this.consumer.seek(partitions[next.which]!, 'beginning').subscribe({
          error: (error: unknown) => {
            if (!KafkaError.is(error)) this.wrong.push(String(error));
          },
        });
        break;
      case 'pause':
        this.consumer.pause([partitions[next.which]!]);
        this.#paused.add(nameOf(next.which));
        break;
      case 'resume':
        this.consumer.resume([partitions[next.which]!]);
        this.#paused.delete(nameOf(next.which));
        break;
      case 'subscribe':
        if (this.#subscribed && this.reader.end === null) break;
        this.#subscribed = true;
        this.reader.subscribe();
        break;
      case 'unsubscribe':
        this.#subscribed = false;
        this.reader.unsubscribe();
        break;
      case 'drain':
        void this.consumer.drain({ timeoutMs: 300 });
        break;
      case 'settle':
        for (const settle of this.#open.splice(0)) settle();
        break;
      case 'expel':
        this.virtual.group.members.clear();
        break;
      case 'fill':
        for (const topic of topics) this.virtual.fill(topic, 1);
        break;
      case 'wait':
        this.virtual.advance(next.ms);
        break;
    }
    if (this.reader.end !== null && this.reader.end !== 'completed') this.wrong.push('ended by an error');
  }

  /** Everything selected, running and settled: everything has to arrive, and then nothing may be left behind. */
  async settleDown(): Promise<void> {
    this.#insideNext = null;
    this.#select(everything, true);
    for (const which of [0, 1, 2]) this.run({ do: 'resume', which });
    this.virtual.advance(4000);
    this.run({ do: 'subscribe' });
    this.run({ do: 'fill' });
    for (let times = 0; times < 60; times++) {
      this.run({ do: 'settle' });
      this.virtual.advance(250);
    }
    if (this.reader.held.join(' ') !== 'a-0 a-1 b-0') this.wrong.push(`holds ${this.reader.held.join(' ')} in the end`);
    for (const { topic, partition } of partitions) {
      const { end } = this.virtual.topics.get(topic)!.logs[partition]!;
      if (!this.#delivered.has(`${topic}-${partition}:${end - 1}`))
        this.wrong.push(`${topic}-${partition} never ended`);
    }
    const closed = this.consumer.close({ timeoutMs: 500 });
    this.virtual.advance(3000);
    await closed;
    const { alive } = this.virtual.runtime;
    if (alive !== 0) this.wrong.push(`${alive} holds on the process are left`);
    if (this.virtual.group.members.size > 0) this.wrong.push('still a member after close');
    if (this.reader.end !== 'completed') this.wrong.push('close did not complete the subscription');
    try {
      this.consumer.select(null);
      this.wrong.push('select after close was taken');
    } catch (error) {
      if (!(error instanceof ClientClosedError)) throw error;
    }
  }

  #select(selection: TopicSelection | null, afterNone: boolean): void {
    const before = this.consumer.selection;
    if (afterNone) this.consumer.select(null);
    try {
      this.consumer.select(selection);
    } catch (error) {
      if (!(error instanceof InvalidOptionError) || afterNone || before === null) throw error;
    }
  }

  #selected(topic: string, partition: number): boolean {
    const { selection } = this.consumer;
    if (selection === null) return false;
    if (selection.topics !== undefined) return selection.topics.includes(topic);
    if (selection.pattern !== undefined) return selection.pattern.test(topic);
    return selection.partitions?.some((tp) => tp.topic === topic && tp.partition === partition) === true;
  }
}

const nameOf = (which: number): string => `${partitions[which]!.topic}-${partitions[which]!.partition}`;

it.each([
  ['without a group', false],
  ['in a group', true],
])(
  'every sequence of selections and commands %s ends in what was selected last [D#796] [D#306]',
  async (_, grouped) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(1000), async (steps, seed) => {
        const world = new World(grouped, seed + 1);
        // most of what may go wrong needs partitions with open work and a full buffer
        if (seed % 4 > 0) {
          world.run({ do: 'subscribe' });
          world.virtual.advance(2000);
        }
        for (const each of steps) world.run(each);
        await world.settleDown();
        expect(world.wrong).toEqual([]);
      }),
      { numRuns: 25 },
    );
  },
  120_000,
);
