import type { Observable } from 'rxjs';
import { type Consumer, type ConsumerOptions, type Kafka, utf8 } from '../../src/index.js';
import { VirtualWorld } from '../testing/broker/support/virtual-world.js';

// What a consumer must not carry on into what comes next: found missing by the planted bugs of spec/simulation/planted.

function written(world: VirtualWorld, source$: Observable<unknown>): void {
  let done = false;
  source$.subscribe(() => {
    done = true;
  });
  world.until('written', () => done);
}

function fill(world: VirtualWorld, kafka: Kafka, count: number): void {
  const producer = kafka.producer({ valueSerializer: utf8 });
  for (let n = 0; n < count; n++) written(world, producer.send({ topic: 't', value: `${n}` }));
}

/** Reads and acknowledges; what it got in `offsets`. */
function reader(
  kafka: Kafka,
  options: Partial<ConsumerOptions<unknown, string | null>>,
): { readonly consumer: Consumer<unknown, string | null>; readonly offsets: number[] } {
  const consumer = kafka.consumer({
    topics: 't',
    autoOffsetReset: 'earliest',
    valueDeserializer: utf8,
    ...options,
  } as ConsumerOptions<unknown, string | null>);
  const offsets: number[] = [];
  consumer.records$.subscribe((record) => {
    offsets.push(record.offset);
    record.lease.ack();
  });
  return { consumer, offsets };
}

it('what was settled of a partition that was lost is not committed any more, when its tick comes', () => {
  const world = new VirtualWorld({ properties: { 'group.consumer.heartbeat.interval.ms': 1000 } });
  world.cluster.createTopic('t', { partitions: 1 });
  fill(world, world.kafka(), 3);
  const member = { groupId: 'g', groupProtocol: 'consumer' } as const;
  const first = reader(world.kafka(), { ...member, commit: { everyMs: 60_000 } });
  world.until('the first has read', () => first.offsets.length === 3);
  const [expelled] = world.cluster.groupMembers('g');
  const second = reader(world.kafka(), { ...member, commit: { everyMs: 100 } });
  world.until('both are members', () => world.cluster.groupMembers('g').length === 2);
  world.cluster.expireMember('g', expelled!);
  world.until('the second has read', () => second.offsets.length === 3);
  world.until('the first is back', () => world.cluster.groupMembers('g').length === 2);
  expect([first.consumer.assignment.length, second.consumer.assignment.length]).toEqual([0, 1]);
  fill(world, world.kafka(), 2);
  world.until('it is committed', () => world.cluster.committed('g', 't', 0) === 5);
  world.advance(70_000);
  expect(world.cluster.committed('g', 't', 0)).toBe(5);
});

it('a transaction whose abort was not read to its end hides nothing of its producer after a seek', () => {
  const world = new VirtualWorld();
  const { cluster } = world;
  cluster.createTopic('t', { partitions: 1 });
  const producer = world.kafka().transactionalProducer({ transactionalId: 'x', valueSerializer: utf8 });
  for (const [values, end] of [
    [['kept'], 'commit'],
    [['gone', 'gone too'], 'abort'],
  ] as const) {
    let over = false;
    producer.beginTransaction().subscribe((tx) => {
      // one after the other, so that each is a batch of its own
      const next = (at: number): void => {
        if (at === values.length) tx[end]().subscribe(() => (over = true));
        else
          tx.send({ topic: 't', value: values[at]! }).subscribe(() => {
            next(at + 1);
          });
      };
      next(0);
    });
    world.until(end, () => over);
  }
  world.advance(100);
  expect(cluster.partition('t', 0).lastStableOffset).toBe(5);
  // an answer holds one batch: offset 0, the marker at 1, offset 2, 3, the marker at 4
  const { consumer, offsets } = reader(world.kafka(), { isolationLevel: 'read_committed', maxPartitionFetchBytes: 1 });
  const release = cluster.intercept('Fetch', ({ body }) => {
    const { topics } = body as { topics: { partitions: { fetchOffset: number }[] }[] };
    return topics[0]?.partitions[0]?.fetchOffset === 3 ? { type: 'delay', ms: 5000 } : null;
  });
  const position = (): number => {
    let found = -1;
    consumer
      .position({ topic: 't', partition: 0 })
      .subscribe({ next: (offset) => (found = offset), error: () => undefined });
    world.advance(5);
    return found;
  };
  world.until('the first record of the aborted transaction was passed over', () => position() === 3);
  release();
  consumer.seek({ topic: 't', partition: 0 }, 'beginning').subscribe();
  world.until('everything was passed', () => position() === 5);
  expect(offsets).toEqual([0, 0]);
});
