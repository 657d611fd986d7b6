import { type World } from '../world.js';
import { GroupMember } from './group-member.js';
import { type GroupPlan } from './group-plan.js';

/** A group whose members come, leave, die and stand still. */
export class GroupWork {
  readonly plan: GroupPlan;
  readonly members: GroupMember[] = [];
  readonly #world: World;
  readonly #chance;
  #made = 0;
  #joinedAt = 0;
  #isEnding = false;

  constructor(world: World, plan: GroupPlan) {
    this.#world = world;
    this.plan = plan;
    this.#chance = world.chance.fork(`group ${plan.id}`);
    for (let n = this.#chance.between(1, plan.mostMembers); n > 0; n--)
      world.after(this.#chance.between(0, 1500), () => {
        this.#join();
      });
    this.#next();
  }

  get active(): GroupMember[] {
    return this.members.filter((member) => member.isActive);
  }

  /** Faults have ended: who stands still runs on, and somebody is there. */
  calm(): void {
    for (const { process } of this.active) process.resume();
    this.keep();
  }

  /** A member that was replaced ends when it hears of it, and the other one may have left. */
  keep(): void {
    if (this.active.length === 0) this.#join();
    // Kafka: a static member that is gone between the two rebalances of a cooperative move comes back without one, and what it gave
    // up belongs to nobody until the next rebalance. Somebody new brings that about
    const { isStatic, protocol, rebalanceTimeoutMs } = this.plan;
    const due = this.#joinedAt + rebalanceTimeoutMs;
    if (isStatic && protocol === 'cooperative' && this.#world.clock.now > due && this.behind().length > 0) this.#join();
  }

  /** Partitions whose commits have not come up with what there is to read. */
  behind(): string[] {
    const { id, topics, isolationLevel } = this.plan;
    return topics.flatMap((topic) =>
      this.#world.logs(topic).flatMap(({ partition, records }) => {
        const committed = this.#world.committed(id, topic, partition) ?? 0;
        const last = records.findLast(({ fate }) => isolationLevel === 'read_uncommitted' || fate !== 'aborted');
        if (last === undefined || last.offset < committed) return [];
        return [`${id} ${topic}/${partition} committed ${committed}, last record ${last.offset}`];
      }),
    );
  }

  end(): void {
    this.#isEnding = true;
    for (const member of this.active) member.leave();
  }

  #next(): void {
    this.#world.after(this.#chance.between(800, 4000), () => {
      if (this.#world.isCalm || this.#isEnding) return;
      this.#turn();
      this.#next();
    });
  }

  #turn(): void {
    const { active } = this;
    const draw = this.#chance.random();
    if (active.length === 0 || (draw < 0.3 && active.length < this.plan.mostMembers)) {
      this.#join();
      return;
    }
    const member = this.#chance.pick(active);
    if (draw < 0.5) {
      this.#world.counts.add('left');
      member.leave();
    } else if (draw < 0.65) {
      this.#world.counts.add('fault: kill member');
      member.process.kill();
    } else if (draw < 0.8 && member.process.isRunning) {
      this.#world.counts.add('fault: stop member');
      this.#stop(member);
    }
  }

  /** Some that stand still are taken for dead, and somebody gets their place. */
  #stop(member: GroupMember): void {
    const ms = this.#chance.pick([300, 3000, 9000, 12_000]);
    const hasIdentity = this.plan.isStatic || this.plan.source === 'transaction';
    member.process.stop();
    if (ms > 300 && hasIdentity && this.#chance.happens(40))
      this.#world.after(ms / 2, () => {
        if (!member.isActive || member.process.isRunning) return;
        this.#world.counts.add('fault: replace member');
        member.isReplaced = true;
        this.#join(member.place);
      });
    this.#world.after(ms, () => {
      member.process.resume();
    });
  }

  #join(place = this.#freePlace()): void {
    if (this.#isEnding) return;
    const number = this.#made++;
    const name = `${this.plan.id}.${number}`;
    const housemate = this.plan.together ? this.active.find(({ process }) => process.isRunning) : undefined;
    const member = new GroupMember(this.#world, this.plan, name, place, housemate ?? null);
    // also one that is gone: what it sent last may arrive late, and then the successor is the one that is fenced
    if (this.plan.isStatic || this.plan.source === 'transaction')
      for (const other of this.members.filter((each) => each.place === place))
        other.isContested = member.isContested = true;
    this.members.push(member);
    this.#world.counts.add('joined');
    this.#joinedAt = this.#world.clock.now;
    member.join();
  }

  /** A place that nobody has who may still use it. */
  #freePlace(): number {
    const taken = new Set(
      this.members
        .filter(({ hasLeft, isReplaced, process }) => process.isAlive && !hasLeft && !isReplaced)
        .map(({ place }) => place),
    );
    for (let place = 0; ; place++) if (!taken.has(place)) return place;
  }
}
