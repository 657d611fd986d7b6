import fc from 'fast-check';
import type { Assignor } from '../../../src/model/assignor.js';
import { Committer, type Committable } from '../../../src/consumer/committer.js';
import { ClassicMembership } from '../../../src/consumer/group/classic-membership.js';
import { cooperativeSticky } from '../../../src/consumer/group/assignors/cooperative-sticky.js';
import { range } from '../../../src/consumer/group/assignors/range.js';
import { sticky } from '../../../src/consumer/group/assignors/sticky.js';
import { FakeRuntime } from '../../producer/support/fake-runtime.js';
import { CheckingHost, text } from './support/checking-host.js';
import { GroupBroker } from './support/group-broker.js';
import { groupOptions } from './support/member.js';
import { ScriptedCluster, type Call } from './support/scripted-cluster.js';

interface Chances {
  /** Requests and answers that get lost. */
  readonly lose: number;
  /** Answers that come seconds late. */
  readonly late: number;
}

const numRuns = Number(process.env['FC_RUNS'] ?? 3);

class SimulatedMember {
  readonly host: CheckingHost = new CheckingHost();
  readonly cluster: ScriptedCluster;
  readonly membership: ClassicMembership;
  readonly committer: Committer;
  readonly values: Map<
    string,
    { topic: string; partition: number; epoch: number; commitValue: { offset: number; leaderEpoch: number } }
  > = new Map();
  alive = true;

  constructor(world: World, assignors: readonly Assignor[]) {
    this.cluster = new ScriptedCluster(world.runtime);
    this.cluster.broker = (call) => {
      world.receive(this, call);
    };
    for (const [topic, count] of world.topics) this.cluster.topic(topic, count);
    this.membership = new ClassicMembership(
      this.cluster.cluster,
      { ...groupOptions, sessionTimeoutMs: 12_000, assignors },
      this.host,
    );
    this.committer = new Committer(this.membership, { requestTimeoutMs: 30_000 });
    this.host.schedule = (work, ms) => world.runtime.scheduler.schedule(work, ms);
    this.host.drainMs = () => world.pick(10_000);
    this.host.onAssigned = (added) => {
      for (const tp of added) {
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
  readonly broker: GroupBroker;
  readonly members: SimulatedMember[] = [];
  readonly topics: Map<string, number> = new Map([['t', 7]]);
  epochs = 0;
  overlaps = 0;
  chances: Chances;

  constructor(seed: number, chances: Chances) {
    this.runtime = new FakeRuntime(seed);
    this.broker = new GroupBroker(this.runtime);
    this.chances = chances;
  }

  pick(bound: number): number {
    return Math.floor(this.runtime.random() * bound);
  }

  receive(member: SimulatedMember, call: Call): void {
    if (call.api === 'JoinGroup' && member.cluster.open('JoinGroup').length > 1) throw new Error('two joins at once');
    if (call.api === 'OffsetCommit') this.#checkCommit(member, call);
    const { lose, late } = this.chances;
    const delay = this.runtime.random() < late ? 4000 : 1 + this.pick(40);
    const lost = this.runtime.random();
    this.runtime.scheduler.schedule(() => {
      if (lost < lose / 2) call.fail();
      else if (!member.alive) return;
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
      const held = this.members.filter(({ alive }) => alive).flatMap(({ host }) => host.held().map((tp) => text([tp])));
      if (new Set(held).size < held.length) this.overlaps++;
    }
  }

  /** Something happens to somebody. */
  disturb(assignors: () => readonly Assignor[]): void {
    const alive = this.members.filter((member) => member.alive);
    const some = alive[this.pick(alive.length)];
    const dice = this.pick(10);
    if (dice < 3 && alive.length < 5) this.join(assignors());
    else if (dice === 3 && alive.length > 1) some!.crash();
    else if (dice === 4 && alive.length > 1) {
      some!.membership.leave({ leaveGroup: undefined }, () => {
        some!.crash();
      });
    } else if (dice === 5) this.#grow();
    else if (dice === 6) some?.membership.rejoin('disturbed');
    else if (dice === 7) this.broker.move();
    else for (const member of alive) member.work(this.pick(1000));
  }

  join(assignors: readonly Assignor[]): SimulatedMember {
    const member = new SimulatedMember(this, assignors);
    this.members.push(member);
    member.membership.subscribe(['t']);
    return member;
  }

  #grow(): void {
    const count = this.topics.get('t')! + 1;
    if (count > 20) return;
    this.topics.set('t', count);
    for (const { cluster } of this.members) cluster.topic('t', count);
  }

  /** Calm at the end: everything is held by exactly one of the members that live, and everybody knows where they stand. */
  expectSettled(): void {
    this.chances = { lose: 0, late: 0 };
    this.run(180_000);
    const alive = this.members.filter((member) => member.alive);
    const held = alive.flatMap(({ host }) => host.held().map((tp) => text([tp])));
    const all = Array.from({ length: this.topics.get('t')! }, (_, partition) => `t-${partition}`);
    expect(held.sort()).toEqual(all.sort());
    expect(alive.map(({ membership }) => membership.state)).toEqual(alive.map(() => 'stable'));
    const { rebalances } = this.broker;
    this.run(60_000);
    expect(this.broker.rebalances).toBe(rebalances);
  }
}

const mixes: readonly [string, (world: World) => readonly Assignor[]][] = [
  ['eager', () => [range]],
  ['eager sticky', () => [sticky]],
  ['cooperative', () => [cooperativeSticky]],
  // the upgrade path: both in one group
  ['eager by its assignors, mixed', (world) => (world.pick(2) === 0 ? [range] : [range, cooperativeSticky])],
];

describe.each(mixes)('a group of %s members', (_name, choose) => {
  it('[L2, L8, PL#370] never holds a partition twice while the wire is good, and settles', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (seed) => {
        const world = new World(seed, { lose: 0, late: 0 });
        world.join(choose(world));
        for (let step = 0; step < 30; step++) {
          world.run(100 * (1 + world.pick(100)));
          world.disturb(() => choose(world));
        }
        world.expectSettled();
        expect(world.overlaps).toBe(0);
        for (const { host } of world.members) expect(host.error).toBeNull();
      }),
      { numRuns },
    );
  });

  it('[L8, PL#370] settles after answers were lost and late', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (seed) => {
        const world = new World(seed, { lose: 0.1, late: 0.1 });
        world.join(choose(world));
        for (let step = 0; step < 30; step++) {
          world.run(100 * (1 + world.pick(100)));
          world.disturb(() => choose(world));
        }
        world.expectSettled();
        for (const { host } of world.members) expect(host.error).toBeNull();
      }),
      { numRuns },
    );
  });
});
