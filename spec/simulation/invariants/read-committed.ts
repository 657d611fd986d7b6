import { type Delivered, type Invariant } from '../invariant.js';
import { type World } from '../world.js';

/** Who reads committed records gets none of a transaction that was aborted, and none of one that is not decided. */
export class ReadCommitted implements Invariant {
  readonly name = 'read committed';
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  delivered({ member, topic, partition, offset }: Delivered): void {
    if (member.plan.isolationLevel !== 'read_committed') return;
    const view = this.#world.log(topic, partition);
    const record = view.records[view.indexOf(offset)];
    if (record?.offset !== offset) return;
    if (record.fate === 'committed') this.#world.counts.add('committed records read');
    if (record.fate === 'plain' || record.fate === 'committed') return;
    const text = `${member.name} got ${record.value} of ${topic}/${partition}@${offset}, whose transaction is ${record.fate}`;
    this.#world.violate(this.name, text);
  }
}
