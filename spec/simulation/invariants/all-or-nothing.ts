import { type Invariant } from '../invariant.js';
import { type TransactionWork } from '../workload/transaction-work.js';
import { type World } from '../world.js';

/**
 * Of a transaction `read_committed` sees all records or none: all where its process was told so, none where it was aborted. And
 * nothing is undecided in the end: the last stable offset has caught up.
 */
export class AllOrNothing implements Invariant {
  readonly name = 'all or nothing';
  readonly #world: World;
  readonly #works: readonly TransactionWork[];

  constructor(world: World, works: readonly TransactionWork[]) {
    this.#world = world;
    this.#works = works;
  }

  finish(): void {
    const committed = new Map<string, number>();
    for (const { name: topic, internal, partitions } of this.#world.state.topics.values()) {
      if (internal) continue;
      for (const { index, log } of partitions) {
        if (log.lastStableOffset !== log.highWatermark || log.highWatermark !== log.endOffset)
          this.#world.violate(
            this.name,
            `${topic}/${index} ends at ${log.endOffset}, high watermark ${log.highWatermark}, last stable offset ${log.lastStableOffset}`,
          );
        for (const { value, fate } of this.#world.log(topic, index).records)
          if (fate === 'committed') committed.set(value, (committed.get(value) ?? 0) + 1);
      }
    }
    for (const { transactions } of this.#works) {
      for (const { name, values, outcome } of transactions) {
        const seen = values.filter((value) => committed.has(value)).length;
        const double = values.filter((value) => committed.get(value)! > 1);
        if (double.length > 0) this.#world.violate(this.name, `${double.join()} is there twice`);
        const expected =
          outcome === 'committed' ? values.length : outcome === 'aborted' ? 0 : seen === 0 ? 0 : values.length;
        if (seen !== expected)
          this.#world.violate(this.name, `${name} ${outcome}, ${seen} of ${values.length} records are seen`);
        this.#world.counts.add('proved all or nothing');
      }
    }
  }
}
