import { type ConsumerEvent, type TopicPartition } from '../../../src/index.js';
import { type Delivered, type Invariant } from '../invariant.js';
import { type GroupMember } from '../workload/group-member.js';
import { type World } from '../world.js';

interface Overlap {
  readonly between: readonly GroupMember[];
  readonly key: string;
  readonly text: string;
  /** Those of the two that did not run at that time, or were no members any more: they may never be told before they give up. */
  readonly apart: readonly GroupMember[];
}

/**
 * While a member has open leases of a partition, nobody else of its group gets records of it, unless one of the two has lost the
 * partition, or was not done at the deadline of its drain: then it is told, or it dies.
 */
export class OneOwner implements Invariant {
  readonly name = 'one owner with open leases';
  readonly #world: World;
  readonly #members: () => readonly GroupMember[];
  /** Seen while the one who lost the partition did not know it yet. */
  #overlaps: Overlap[] = [];

  constructor(world: World, members: () => readonly GroupMember[]) {
    this.#world = world;
    this.#members = members;
  }

  delivered({ member, topic, partition, offset }: Delivered): void {
    for (const holder of this.#members()) {
      if (holder === member || holder.plan !== member.plan || !holder.process.isAlive) continue;
      const [open] = holder.openIn(topic, partition);
      if (open === undefined) continue;
      const key = `${topic}/${partition}`;
      if (this.#overlaps.some((known) => known.key === key && known.between.includes(holder))) continue;
      this.#world.counts.add('overlaps seen');
      const text = `${member.name} got ${key}@${offset} at ${this.#world.clock.now}, ${holder.name} has ${open.offset} open`;
      const between = [holder, member];
      this.#overlaps.push({ between, key, text, apart: between.filter((one) => this.#isApart(one)) });
    }
  }

  told(member: GroupMember, event: ConsumerEvent): void {
    if (event.type === 'lost') this.#gone(member, event.partitions);
    else if (event.type === 'handedOff') {
      // a drain that was not done at its deadline gives up what is open; one that did not know better may have settled since
      this.#gone(member, event.abandoned);
      if (this.#overlaps.some(({ apart }) => apart.includes(member))) this.#gone(member, event.partitions);
    }
  }

  #isApart({ process, consumer, plan }: GroupMember): boolean {
    return !process.isRunning || !this.#world.cluster.groupMembers(plan.id).includes(consumer.groupMetadata().memberId);
  }

  #gone(member: GroupMember, partitions: readonly TopicPartition[]): void {
    const keys = new Set(partitions.map(({ topic, partition }) => `${topic}/${partition}`));
    this.#overlaps = this.#overlaps.filter(({ between, key }) => !between.includes(member) || !keys.has(key));
  }

  /** Whoever has lost the partition hears of it with its next heartbeat. */
  waitsFor(): readonly string[] {
    return this.#overlaps
      .filter(({ between }) => between.every(({ process }) => process.isAlive))
      .map(({ text }) => `${text}, and neither was told that it has lost it`);
  }
}
