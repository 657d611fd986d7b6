import { type Observable } from 'rxjs';
import { type Consumer, cooperativeSticky, type ManualTransaction, utf8 } from '../../../src/index.js';
import { VirtualWorld } from './support/virtual-world.js';

const newer = { groupProtocol: 'consumer' } as const;
const classic = { assignors: [cooperativeSticky], sessionTimeoutMs: 6000, heartbeatIntervalMs: 500 };

function start(properties: object = {}): VirtualWorld {
  const world = new VirtualWorld({ properties: { 'group.consumer.heartbeat.interval.ms': 500, ...properties } });
  world.cluster.createTopic('t', { partitions: 4 });
  return world;
}

function joins(world: VirtualWorld, options: object): Consumer<Uint8Array | null, Uint8Array | null> {
  const consumer = world.kafka().consumer({ topics: 't', groupId: 'g', ...options });
  consumer.records$.subscribe({ error: () => undefined });
  return consumer;
}

/** Partitions held by each, when together they hold all. */
function shares(world: VirtualWorld, ...members: Consumer<Uint8Array | null, Uint8Array | null>[]): number[] {
  const sizes = (): number[] => members.map(({ assignment }) => assignment.length);
  world.until('all are held', () => sizes().reduce((sum, size) => sum + size, 0) === 4 && !sizes().includes(0));
  return sizes();
}

it('members of both protocols share, whoever comes first, and the group follows the last of the newer one', () => {
  const world = start();
  const old = joins(world, classic);
  expect(shares(world, old)).toEqual([4]);
  expect(world.cluster.groupState('g')).toBe('Stable');
  const next = joins(world, newer);
  expect(shares(world, old, next)).toEqual([2, 2]);
  const third = joins(world, classic);
  shares(world, old, next, third);
  void next.close();
  shares(world, old, third);
  // a group without a leader's assignment would be in no such state
  world.until('the classic group is stable', () => world.cluster.groupState('g') === 'Stable');
  const lost: unknown[] = [];
  for (const { events$ } of [old, third]) events$.subscribe((event) => event.type === 'lost' && lost.push(event));
  world.advance(20_000);
  expect([shares(world, old, third), lost]).toEqual([[2, 2], []]);
});

it.each(['disabled', 'downgrade'])('by the migration policy %s a classic group is not taken over', (policy) => {
  const world = start({ 'group.consumer.migration.policy': policy });
  const old = joins(world, classic);
  shares(world, old);
  joins(world, newer);
  world.advance(10_000);
  expect([old.assignment.length, world.cluster.groupMembers('g').length]).toEqual([4, 1]);
});

it.each(['disabled', 'upgrade'])('by the migration policy %s a group of both does not become classic', (policy) => {
  const world = start({ 'group.consumer.migration.policy': policy });
  const next = joins(world, newer);
  shares(world, next);
  const old = joins(world, classic);
  shares(world, next, old);
  void next.close();
  world.until('one is left', () => world.cluster.groupMembers('g').length === 1);
  // nobody computes a target any more, but the member stays, and what it has
  world.advance(20_000);
  expect(world.cluster.groupMembers('g')).toHaveLength(1);
  expect(world.cluster.groupState('g')).not.toBe('PreparingRebalance');
});

it('offsets of an open transaction stay with a group that changes its protocol meanwhile', () => {
  const world = start();
  const first = <T>(source$: Observable<T>): T => {
    const got: T[] = [];
    source$.subscribe((value) => got.push(value));
    world.until('answered', () => got.length > 0);
    return got[0]!;
  };
  const producer = world.kafka().transactionalProducer({ transactionalId: 'x', valueSerializer: utf8 });
  const tx: ManualTransaction<null, string> = first(producer.beginTransaction());
  const group = { groupId: 'g', generation: -1, memberId: '', groupInstanceId: null };
  first(tx.sendOffsets([{ topic: 't', partition: 0, offset: 7 }], group));
  joins(world, newer);
  world.until('the group is another one', () => world.cluster.groupMembers('g').length === 1);
  first(tx.commit());
  world.advance(100);
  expect(world.cluster.committed('g', 't', 0)).toBe(7);
});
