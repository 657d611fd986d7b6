import { type Observable } from 'rxjs';
import { type Kafka, type ManualTransaction, utf8 } from '../../../src/index.js';
import { VirtualWorld } from './support/virtual-world.js';

type Tx = ManualTransaction<string, string>;

/** Subscribes and runs until the first value, or until it fails: then the error. */
function first<T>(world: VirtualWorld, what: string, source$: Observable<T>): T {
  let ended = false;
  let value: T | undefined;
  let failure: unknown = null;
  source$.subscribe({
    next: (each) => {
      value = each;
      ended = true;
    },
    error: (error: unknown) => {
      failure = error;
      ended = true;
    },
  });
  world.until(what, () => ended);
  if (failure !== null) throw failure as Error;
  return value as T;
}

function values(world: VirtualWorld, kafka: Kafka, isolationLevel: 'read_committed' | 'read_uncommitted'): string[] {
  const read: string[] = [];
  const reader = kafka.consumer({ topics: 't', autoOffsetReset: 'earliest', isolationLevel, valueDeserializer: utf8 });
  const subscription = reader.records$.subscribe((record) => read.push(record.value));
  world.advance(2000);
  subscription.unsubscribe();
  world.advance(100);
  return read;
}

describe.each([
  ['1', 0],
  ['2', 2],
])('transactions by version %s of their protocol', (_name, version) => {
  const start = (properties = {}): { world: VirtualWorld; kafka: Kafka; begin: () => Tx } => {
    const world = new VirtualWorld({ features: { 'transaction.version': version }, properties });
    world.cluster.createTopic('t');
    const kafka = world.kafka();
    const producer = kafka.transactionalProducer({ transactionalId: 'x', keySerializer: utf8, valueSerializer: utf8 });
    return { world, kafka, begin: () => first(world, 'begun', producer.beginTransaction()) };
  };
  const send = (world: VirtualWorld, tx: Tx, value: string): void => {
    first(world, 'sent', tx.send({ topic: 't', value }));
  };

  it('show committed records only, and the others to those who want them', () => {
    const { world, kafka, begin } = start();
    for (const [value, end] of [
      ['a', 'commit'],
      ['b', 'abort'],
      ['c', 'commit'],
      ['d', 'abort'],
    ] as const) {
      const tx = begin();
      send(world, tx, value);
      first(world, end, tx[end]());
    }
    world.advance(100);
    expect(values(world, kafka, 'read_committed')).toEqual(['a', 'c']);
    expect(values(world, kafka, 'read_uncommitted')).toEqual(['a', 'b', 'c', 'd']);
    const { lastStableOffset, endOffset } = world.cluster.partition('t', 0);
    expect([lastStableOffset, endOffset]).toEqual([8, 8]);
  });

  it('hold the last stable offset until they are decided', () => {
    const { world, begin } = start();
    const tx = begin();
    send(world, tx, 'a');
    world.advance(100);
    expect(world.cluster.partition('t', 0)).toMatchObject({ lastStableOffset: 0, highWatermark: 1 });
    first(world, 'commit', tx.commit());
    world.advance(100);
    expect(world.cluster.partition('t', 0)).toMatchObject({ lastStableOffset: 2, highWatermark: 2 });
  });

  it('commit offsets with the records, which are unstable until then', () => {
    const { world, kafka, begin } = start();
    const tx = begin();
    send(world, tx, 'a');
    const group = { groupId: 'g', generation: -1, memberId: '', groupInstanceId: null };
    first(world, 'offsets sent', tx.sendOffsets([{ topic: 't', partition: 0, offset: 7 }], group));
    expect(world.cluster.committed('g', 't', 0)).toBeNull();
    let stable = false;
    const asking = kafka.consumer({ groupId: 'g', topics: 't' });
    asking.committed([{ topic: 't', partition: 0 }]).subscribe(() => (stable = true));
    world.advance(1000);
    expect(stable).toBe(false);
    first(world, 'commit', tx.commit());
    world.until('offset is stable', () => stable);
    expect(world.cluster.committed('g', 't', 0)).toBe(7);
  });

  it('are aborted by the coordinator when their timeout has passed', () => {
    const { world, kafka, begin } = start();
    const tx = begin();
    send(world, tx, 'late');
    world.until('aborted', () => world.cluster.partition('t', 0).lastStableOffset === 2, 21_000);
    expect(values(world, kafka, 'read_committed')).toEqual([]);
  });

  it('of an instance that was replaced are fenced', () => {
    const { world, kafka, begin } = start();
    const old = begin();
    send(world, old, 'a');
    const next = world
      .kafka()
      .transactionalProducer({ transactionalId: 'x', keySerializer: utf8, valueSerializer: utf8 });
    const tx = first<Tx>(world, 'begun by the next', next.beginTransaction());
    send(world, tx, 'b');
    expect(() => {
      first(world, 'old commit', old.commit());
    }).toThrow();
    first(world, 'commit', tx.commit());
    world.advance(100);
    expect(values(world, kafka, 'read_committed')).toEqual(['b']);
  });

  it('end when the leader that was killed has a successor', () => {
    const { world, kafka, begin } = start();
    const tx = begin();
    send(world, tx, 'a');
    world.cluster.killBroker(world.cluster.partition('t', 0).leader);
    first(world, 'commit', tx.commit());
    world.until('marker written', () => world.cluster.partition('t', 0).lastStableOffset === 2);
    expect(values(world, kafka, 'read_committed')).toEqual(['a']);
  });
});
