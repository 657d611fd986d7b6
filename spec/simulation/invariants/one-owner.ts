import { type ConsumerEvent } from '../../../src/index.js';
import { type Delivered, type Invariant } from '../invariant.js';
import { type GroupMember } from '../workload/group-member.js';
import { type World } from '../world.js';

interface Overlap {
  readonly between: readonly GroupMember[];
  readonly key: string;
  readonly text: string;
}

/**
 * While a member has open leases of a partition, nobody else of its group gets records of it, unless one of the two has lost the
 * partition: then it is told, or it dies.
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
      this.#overlaps.push({ between: [holder, member], key, text });
    }
  }

  told(member: GroupMember, event: ConsumerEvent): void {
    if (event.type !== 'lost') return;
    const keys = new Set(event.partitions.map(({ topic, partition }) => `${topic}/${partition}`));
    this.#overlaps = this.#overlaps.filter(({ between, key }) => !between.includes(member) || !keys.has(key));
  }

  finish(): void {
    for (const { between, text } of this.#overlaps)
      if (between.every(({ process }) => process.isAlive))
        this.#world.violate(this.name, `${text}, and neither was told that it has lost it`);
  }
}
