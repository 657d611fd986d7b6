import { type ConsumerEvent } from '../../../src/index.js';
import { type Delivered, type Invariant } from '../invariant.js';
import { type GroupMember } from '../workload/group-member.js';
import { type World } from '../world.js';

/**
 * A member gets the records of a partition in the order of the log and without a gap: from where the group stood when it was
 * assigned, or from where a discontinuity event said that reading goes on. Nothing comes of a partition that it does not hold.
 */
export class DeliveryOrder implements Invariant {
  readonly name = 'order of delivery';
  readonly #world: World;
  /** The next offset that may come, by member and partition. */
  readonly #restarted = new Set<string>();
  readonly #expected = new Map<GroupMember, Map<string, number>>();

  constructor(world: World) {
    this.#world = world;
  }

  told(member: GroupMember, event: ConsumerEvent): void {
    const expected = this.#of(member);
    if (event.type === 'discontinuity') {
      const key = `${event.topic}/${event.partition}`;
      if (expected.has(key)) expected.set(key, event.to);
    } else if (event.type === 'assigned') {
      for (const { topic, partition } of event.partitions) {
        expected.set(`${topic}/${partition}`, this.#world.committed(member.plan.id, topic, partition) ?? 0);
        // it asked some time ago
        this.restarted(member, topic, partition);
      }
    } else if (event.type === 'revoked' || event.type === 'lost') {
      for (const { topic, partition } of event.partitions) expected.delete(`${topic}/${partition}`);
    }
  }

  /** It goes back: to the first record that was not settled, or to where the user wants before it has a position. */
  restarted(member: GroupMember, topic: string, partition: number): void {
    this.#restarted.add(`${member.name} ${topic}/${partition}`);
  }

  delivered({ member, topic, partition, offset }: Delivered): void {
    const key = `${topic}/${partition}`;
    const expected = this.#of(member);
    const next = expected.get(key);
    if (next === undefined) {
      this.#world.violate(this.name, `${member.name} got ${key}@${offset} and does not hold it`);
      return;
    }
    if (this.#restarted.delete(`${member.name} ${key}`) && offset < next) {
      expected.set(key, offset + 1);
      return;
    }
    if (offset < next) this.#world.violate(this.name, `${member.name} got ${key}@${offset}, it was at ${next}`);
    else if (offset > next) {
      const view = this.#world.log(topic, partition);
      for (let at = view.indexOf(next); at < view.records.length; at++) {
        const record = view.records[at]!;
        if (record.offset >= offset) break;
        if (member.plan.isolationLevel === 'read_committed' && record.fate === 'aborted') continue;
        this.#world.violate(
          this.name,
          `${member.name} got ${key}@${offset}, not ${record.value} at ${record.offset}, it was at ${next}`,
        );
        return;
      }
    }
    expected.set(key, offset + 1);
  }

  #of(member: GroupMember): Map<string, number> {
    let expected = this.#expected.get(member);
    if (expected === undefined) this.#expected.set(member, (expected = new Map<string, number>()));
    return expected;
  }
}
