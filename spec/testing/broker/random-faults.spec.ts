import { createHash } from 'node:crypto';
import { utf8 } from '../../../src/index.js';
import { seededRandom } from '../../../src/testing/broker/seeded-random.js';
import { VirtualWorld } from './support/virtual-world.js';

const partitions = 4;
const records = 200;

/** Producers and a group of two through 15 s of random faults; what is left when the faults have ended, and a hash of the trace. */
function run(seed: number, groupProtocol: 'classic' | 'consumer') {
  const chance = seededRandom(seed * 7919);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(chance() * from.length)]!;
  const world = new VirtualWorld({
    seed,
    wire: { latencyMs: 1, jitterMs: 5 },
    properties: { 'group.consumer.heartbeat.interval.ms': 1000, 'group.consumer.session.timeout.ms': 6000 },
  });
  const { cluster } = world;
  cluster.createTopic('t', { partitions });
  const trace = createHash('sha256');
  cluster.onRequest(({ api, broker, clientId }) =>
    trace.update(`${world.scheduler.frame} ${broker} ${api} ${clientId}\n`),
  );
  const producer = world.kafka({ clientId: 'p' }).producer({ valueSerializer: utf8, deliveryTimeoutMs: 120_000 });
  const acknowledged: string[] = [];
  const read = new Map<string, number>();
  for (const clientId of ['a', 'b']) {
    const consumer = world.kafka({ clientId }).consumer({
      topics: 't',
      groupId: 'g',
      groupProtocol,
      autoOffsetReset: 'earliest',
      valueDeserializer: utf8,
      ...(groupProtocol === 'classic' ? { sessionTimeoutMs: 6000, heartbeatIntervalMs: 1000 } : {}),
    });
    consumer.records$.subscribe((record) => {
      read.set(record.value, (read.get(record.value) ?? 0) + 1);
      record.lease.ack();
    });
  }
  let down: number | null = null;
  const heal = (): void => {
    if (down === null) return;
    cluster.startBroker(down);
    cluster.rejoinBroker(down);
    down = null;
  };
  const strike = (make: (id: number) => void): void => {
    heal();
    down = pick(cluster.brokerIds);
    make(down);
  };
  const faults: (() => void)[] = [
    heal,
    () => {
      strike((id) => {
        cluster.killBroker(id);
      });
    },
    () => {
      strike((id) => {
        cluster.stopBroker(id);
      });
    },
    () => {
      strike((id) => {
        cluster.pauseBroker(id);
      });
    },
    () => {
      strike((id) => {
        cluster.isolateBroker(id);
      });
    },
    () => {
      cluster.cutConnections(pick(cluster.brokerIds));
    },
    () => {
      const index = Math.floor(chance() * partitions);
      const alive = cluster.brokerIds.filter((id) => id !== down);
      if (cluster.partition('t', index).isr.length > 1) cluster.moveLeader('t', index, pick(alive));
    },
    () => {
      cluster.moveCoordinator('group', 'g', pick(cluster.brokerIds.filter((id) => id !== down)));
    },
    () => {
      const member = cluster.groupMembers('g')[0];
      if (member !== undefined) cluster.expireMember('g', member);
    },
    () => {
      const when = pick(['before', 'after'] as const);
      const type = pick(['cut', 'drop'] as const);
      cluster.intercept(
        pick(['Produce', 'Fetch', 'OffsetCommit', 'Metadata', 'JoinGroup']),
        { type, when },
        { times: 2 },
      );
    },
    () => {
      cluster.intercept('Produce', { type: 'delay', ms: 2000, when: 'after' }, { times: 2 });
    },
  ];
  for (let n = 0; n < records; n++) {
    producer.send({ topic: 't', partition: n % partitions, value: `${n}` }).subscribe({
      next: () => acknowledged.push(`${n}`),
      error: () => undefined,
    });
    world.advance(75);
    if (n % 10 === 9) pick(faults)();
  }
  heal();
  world.until('everything is acknowledged', () => acknowledged.length === records, 150_000);
  // a JoinGroup that is lost with its connection open is given up after 65 s, and two may be
  world.until('everything is read', () => acknowledged.every((value) => read.has(value)), 200_000);
  const written = Array.from({ length: partitions }, (_, index) => cluster.partition('t', index).endOffset);
  return { written: written.reduce((sum, end) => sum + end, 0), hash: trace.digest('hex') };
}

describe.each(['classic', 'consumer'] as const)('faults at random, groups of the %s protocol', (groupProtocol) => {
  it.each([1, 2, 3, 4])('lose and double nothing, seed %d', (seed) => {
    expect(run(seed, groupProtocol).written).toBe(records);
  });

  it('come again the same way', () => {
    expect(run(4, groupProtocol)).toEqual(run(4, groupProtocol));
    expect(run(4, groupProtocol).hash).not.toBe(run(5, groupProtocol).hash);
  });
});
