import { type Subscription } from 'rxjs';
import { type Consumer, type ConsumerOptions, type Kafka, utf8 } from '../../../src/index.js';
import { VirtualWorld } from './support/virtual-world.js';

class Member {
  readonly consumer: Consumer<unknown, string | null>;
  readonly values: string[] = [];
  readonly #subscription: Subscription;

  constructor(kafka: Kafka, options: Partial<ConsumerOptions<unknown, string | null>> = {}) {
    this.consumer = kafka.consumer({
      topics: 'orders',
      groupId: 'g',
      autoOffsetReset: 'earliest',
      valueDeserializer: utf8,
      ...options,
    } as ConsumerOptions<unknown, string | null>);
    this.#subscription = this.consumer.records$.subscribe((record) => {
      this.values.push(`${record.partition}:${record.offset}`);
      record.lease.ack();
    });
  }

  get held(): number[] {
    return this.consumer.assignment.map(({ partition }) => partition).sort();
  }

  leave(): void {
    this.#subscription.unsubscribe();
  }
}

function world(): { world: VirtualWorld; kafka: Kafka; produce: (count: number) => void } {
  const made = new VirtualWorld({ properties: { 'group.consumer.heartbeat.interval.ms': 1000 } });
  made.cluster.createTopic('orders', { partitions: 4 });
  const kafka = made.kafka();
  const producer = kafka.producer({ valueSerializer: utf8 });
  const produce = (count: number): void => {
    let acknowledged = 0;
    for (let n = 0; n < count; n++) {
      producer.send({ topic: 'orders', partition: n % 4, value: `${n}` }).subscribe(() => acknowledged++);
    }
    made.until('records written', () => acknowledged === count);
  };
  return { world: made, kafka, produce };
}

describe.each(['classic', 'consumer'] as const)('groups of the %s protocol', (groupProtocol) => {
  it('share the partitions, follow members that come and go, and go on from what was committed', () => {
    const { world: w, kafka, produce } = world();
    produce(8);
    const a = new Member(kafka, { groupProtocol });
    w.until('a reads everything', () => a.values.length === 8);
    const b = new Member(kafka, { groupProtocol });
    w.until('both have two', () => a.held.length === 2 && b.held.length === 2);
    expect([...a.held, ...b.held].sort()).toEqual([0, 1, 2, 3]);
    produce(4);
    w.until('all is read', () => a.values.length + b.values.length === 12);
    a.leave();
    w.until('b has everything', () => b.held.length === 4);
    produce(4);
    w.until('b reads it', () => a.values.length + b.values.length === 16);
    expect(new Set([...a.values, ...b.values]).size).toBe(16);
  });

  it('give the partitions of a member whose session ended to the others', () => {
    const { world: w, kafka } = world();
    const a = new Member(kafka, { groupProtocol });
    const silent = new Member(w.kafka(), { groupProtocol });
    w.until('both have two', () => a.held.length === 2 && silent.held.length === 2);
    const expelled = w.cluster.groupMembers('g').at(-1)!;
    const events: string[] = [];
    for (const { consumer } of [a, silent]) consumer.events$.subscribe(({ type }) => events.push(type));
    w.cluster.expireMember('g', expelled);
    expect(w.cluster.groupMembers('g')).toHaveLength(1);
    w.until('the expelled one has lost its partitions', () => events.includes('lost'));
    w.until('it is back', () => a.held.length === 2 && silent.held.length === 2);
    expect(w.cluster.groupMembers('g')).toHaveLength(2);
  });

  it('go on when their coordinator is killed', () => {
    const { world: w, kafka, produce } = world();
    produce(4);
    const a = new Member(kafka, { groupProtocol });
    w.until('a reads', () => a.values.length === 4);
    w.cluster.killBroker(w.cluster.coordinatorOf('group', 'g'));
    w.advance(5000);
    produce(4);
    w.until('a reads on', () => a.values.length === 8);
    w.advance(10_000);
    expect(w.cluster.committed('g', 'orders', 0)).toBe(2);
  });
});
