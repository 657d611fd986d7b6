import { type Delivered, type Invariant } from '../invariant.js';
import { type World } from '../world.js';

/** Delivered and unsettled records of a partition are never more than the window, and what the client counts is what was given out. */
export class WindowBound implements Invariant {
  readonly name = 'credit';
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  delivered({ member, topic, partition }: Delivered): void {
    const { windowRecords, source } = member.plan;
    const open = member.openIn(topic, partition).length;
    if (open > windowRecords)
      this.#world.violate(
        this.name,
        `${member.name} has ${open} open records of ${topic}/${partition}, its window has ${windowRecords}`,
      );
    if ((source !== 'records' && source !== 'partitions') || open % 4 !== 0) return;
    const { openLeases } = member.consumer.why({ topic, partition });
    this.#world.counts.add('credit compared');
    if (openLeases !== open)
      this.#world.violate(
        this.name,
        `${member.name} has ${open} open records of ${topic}/${partition}, its client counts ${openLeases}`,
      );
  }
}
