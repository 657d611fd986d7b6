import fc from 'fast-check';
import { Committer, type Committable } from '../../../src/consumer/committer.js';
import { ConsumerMembership } from '../../../src/consumer/group/consumer-membership.js';
import { FakeRuntime } from '../../producer/support/fake-runtime.js';
import { CheckingHost, text } from './support/checking-host.js';
import { ConsumerGroupBroker } from './support/consumer-group-broker.js';
import { consumerGroupOptions } from './support/consumer-script.js';
import { ScriptedCluster, type Call } from './support/scripted-cluster.js';

interface Chances {
  /** Requests and answers that get lost. */
  readonly lose: number;
  /** Answers that come seconds late. */
  readonly late: number;
}

const numRuns = Number(process.env['FC_RUNS'] ?? 3);

class SimulatedMember {
  readonly id: string;
  readonly host: CheckingHost = new CheckingHost();
  readonly cluster: ScriptedCluster;
  readonly membership: ConsumerMembership;
  readonly committer: Committer;
  readonly values: Map<
    string,
    { topic: string; partition: number; epoch: number; commitValue: { offset: number; leaderEpoch: number } }
  > = new Map();
  alive = true;
  lost = 0;

  constructor(world: World, id: string) {
    this.id = id;
    this.cluster = new ScriptedCluster(world.runtime);
    this.cluster.broker = (call) => {
      world.receive(this, call);
    };
    for (const [topic, count] of world.broker.topics) this.cluster.topic(topic, count);
    this.membership = new ConsumerMembership(
      this.cluster.cluster,
      { ...consumerGroupOptions, memberId: id, drainTimeoutMs: 12_000, rebalanceTimeoutMs: 20_000 },
      this.host,
    );
    this.committer = new Committer(this.membership, { requestTimeoutMs: 30_000 });
    this.host.schedule = (work, ms) => world.runtime.scheduler.schedule(work, ms);
    this.host.drainMs = () => world.pick(12_000);
    this.host.onAssigned = (added) => {
      for (const tp of added) {
        if (this.cluster.metadata.topic(tp.topic) === undefined) throw new Error(`${tp.topic} is not known yet`);
        const entry = { ...tp, epoch: world.epochs++, commitValue: { offset: 0, leaderEpoch: 1 } };
        this.values.set(text([tp]), entry);
        this.committer.add(entry, null);
      }
    };
    this.host.onGone = (gone) => {
      for (const tp of gone) {
        this.committer.remove(this.values.get(text([tp]))!);
        this.values.delete(text([tp]));
      }
    };
  }

  work(offset: number): void {
    for (const entry of this.values.values()) entry.commitValue.offset = offset;
    this.committer.commitNow([...this.values.values()] as Committable[], () => undefined);
  }

  crash(): void {
    this.alive = false;
    this.committer.close();
    this.membership.close();
  }
}

/** Members and a coordinator with a wire between them that is slow, and unreliable if wanted. */
class World {
  readonly runtime: FakeRuntime;
  readonly broker: ConsumerGroupBroker;
  readonly members: SimulatedMember[] = [];
  epochs = 0;
  /** Two that the coordinator both counts as members held the same. */
  overlaps = 0;
  chances: Chances;

  constructor(seed: number, chances: Chances) {
    this.runtime = new FakeRuntime(seed);
    this.broker = new ConsumerGroupBroker(this.runtime);
    this.broker.grow('t', 7);
    this.chances = chances;
  }

  pick(bound: number): number {
    return Math.floor(this.runtime.random() * bound);
  }

  receive(member: SimulatedMember, call: Call): void {
    // only a leave may follow a heartbeat that is not answered
    if (
      member.cluster.open('ConsumerGroupHeartbeat').length > 1 &&
      (call.body as { memberEpoch: number }).memberEpoch >= 0
    )
      throw new Error('two heartbeats at once');
    if (call.api === 'OffsetCommit') this.#checkCommit(member, call);
    const { lose, late } = this.chances;
    const delay = this.runtime.random() < late ? 4000 : 1 + this.pick(40);
    const lost = this.runtime.random();
    this.runtime.scheduler.schedule(() => {
      if (lost < lose / 2) call.fail();
      else if (!member.alive || !call.open) return;
      else {
        this.broker.handle(call);
        // the answer, not the request, got lost
        if (lost < lose) call.fail();
      }
    }, delay);
  }

  #checkCommit(member: SimulatedMember, call: Call): void {
    const { topics } = call.body as { topics: { name: string; partitions: { partitionIndex: number }[] }[] };
    for (const { name, partitions } of topics) {
      for (const { partitionIndex } of partitions) {
        const tp = { topic: name, partition: partitionIndex };
        if (!member.host.holds.has(tp) && !member.host.drains.has(tp))
          throw new Error(`commit of ${text([tp])}, not held`);
      }
    }
  }

  run(ms: number): void {
    for (let step = 0; step < ms; step += 100) {
      this.runtime.advance(100);
      this.broker.tick();
      const counted = this.members.filter(({ alive, id }) => alive && !this.broker.expelled.has(id));
      const held = counted.flatMap(({ host }) => host.held().map((tp) => text([tp])));
      if (new Set(held).size < held.length) this.overlaps++;
    }
  }

  /** Something happens to somebody. */
  disturb(): void {
    const alive = this.members.filter((member) => member.alive);
    const some = alive[this.pick(alive.length)];
    const dice = this.pick(12);
    if (dice < 3 && alive.length < 5) this.join();
    else if (dice === 3 && alive.length > 1) some!.crash();
    else if (dice === 4 && alive.length > 1) {
      some!.membership.leave({ leaveGroup: undefined }, () => {
        some!.crash();
      });
    } else if (dice === 5) this.#grow('t', (this.broker.topics.get('t') ?? 0) + 1);
    else if (dice === 6) this.#grow('u', (this.broker.topics.get('u') ?? 0) + 1);
    else if (dice === 7) this.broker.move();
    else if (dice === 8) some?.membership.subscribe(this.pick(2) === 0 ? ['t'] : ['t', 'u']);
    else for (const member of alive) member.work(this.pick(1000));
  }

  join(): SimulatedMember {
    const member = new SimulatedMember(this, `member-${this.members.length}`);
    this.members.push(member);
    member.membership.subscribe(['t', 'u']);
    return member;
  }

  /** The coordinator knows at once, the brokers that members ask tell them seconds later. */
  #grow(topic: string, count: number): void {
    if (count > 12) return;
    this.broker.grow(topic, count);
    for (const { cluster } of this.members)
      this.runtime.scheduler.schedule(() => {
        cluster.topic(topic, count);
      }, this.pick(4000));
  }

  /** Calm at the end: everything is held by exactly one of the members that live, and everybody knows where they stand. */
  expectSettled(): void {
    this.chances = { lose: 0, late: 0 };
    // who is about to leave is gone after that
    this.run(35_000);
    const alive = this.members.filter((member) => member.alive);
    for (const { membership } of alive) membership.subscribe(['t', 'u']);
    this.run(120_000);
    const held = alive.flatMap(({ host }) => host.held().map((tp) => text([tp])));
    const all = [...this.broker.topics].flatMap(([topic, count]) =>
      Array.from({ length: count }, (_, partition) => `${topic}-${partition}`),
    );
    expect(held.sort()).toEqual(all.sort());
    expect(this.broker.settled).toBe(true);
    for (const { id, host, membership } of alive) {
      expect([...this.broker.members.get(id)!.assigned].sort().join(' ')).toBe(text(host.held()));
      expect(membership.identity().generation).toBe(this.broker.epoch);
      expect(host.said.filter((line) => /^(stable|joining|rebalancing)$/.test(line)).at(-1)).toBe('stable');
    }
    const { epoch } = this.broker;
    this.run(30_000);
    expect(this.broker.epoch).toBe(epoch);
  }
}

function simulate(seed: number, chances: Chances): World {
  const world = new World(seed, chances);
  world.join();
  for (let step = 0; step < 30; step++) {
    world.run(100 * (1 + world.pick(60)));
    world.disturb();
  }
  world.expectSettled();
  expect(world.overlaps).toBe(0);
  for (const { host } of world.members) expect(host.error).toBeNull();
  return world;
}

describe('a group of KIP-848 members', () => {
  it('never holds a partition twice, loses nothing and settles while the wire is good', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (seed) => {
        const world = simulate(seed, { lose: 0, late: 0 });
        for (const { host } of world.members) expect(host.said.filter((line) => line.startsWith('lost'))).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('never holds a partition twice and settles when requests and answers get lost and late', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (seed) => {
        simulate(seed, { lose: 0.1, late: 0.1 });
      }),
      { numRuns },
    );
  });
});
