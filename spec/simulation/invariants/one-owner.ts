import { type ConsumerEvent } from '../../../src/index.js';
import { type Delivered, type Invariant } from '../invariant.js';
import { type GroupMember } from '../workload/group-member.js';
import { type World } from '../world.js';

interface Overlap {
  readonly holder: GroupMember;
  readonly key: string;
  readonly text: string;
}

/**
 * While a member has open leases of a partition, nobody else of its group gets records of it, unless the member has lost the
 * partition: then it is told, or it is dead.
 */
export class OneOwner implements Invariant {
  readonly name = 'one owner with open leases';
  readonly #world: World;
  readonly #members: () => readonly GroupMember[];
  /** Seen while the holder did not know yet that it has lost the partition, if it has. */
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
      if (this.#overlaps.some((known) => known.holder === holder && known.key === key)) continue;
      this.#world.counts.add('overlaps excused');
      const text = `${member.name} got ${key}@${offset} at ${this.#world.clock.now}, ${holder.name} has ${open.offset} open`;
      this.#overlaps.push({ holder, key, text });
    }
  }

  told(member: GroupMember, event: ConsumerEvent): void {
    if (event.type !== 'lost' && event.type !== 'revoked') return;
    for (const { topic, partition } of event.partitions) {
      const key = `${topic}/${partition}`;
      const found = this.#overlaps.find(({ holder, key: other }) => holder === member && other === key);
      if (found === undefined) continue;
      this.#overlaps = this.#overlaps.filter((overlap) => overlap !== found);
      if (event.type === 'revoked') this.#world.violate(this.name, `${found.text}, and gave it up later`);
    }
  }

  finish(): void {
    for (const { holder, text } of this.#overlaps)
      if (holder.process.isAlive) this.#world.violate(this.name, `${text}, and was never told`);
  }
}
