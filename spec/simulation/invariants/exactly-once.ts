import { type Invariant } from '../invariant.js';
import { type GroupPlan } from '../workload/group-plan.js';
import { resultsOf } from '../workload/pipes.js';
import { type World } from '../world.js';

/**
 * Everything that a group of pipes has committed has its results in the output: exactly once with transactions, as
 * `read_committed` sees it, and at least once without. What is not committed has none in committed transactions.
 */
export class ExactlyOnce implements Invariant {
  readonly name = 'exactly once';
  readonly #world: World;
  readonly #plans: readonly GroupPlan[];

  constructor(world: World, plans: readonly GroupPlan[]) {
    this.#world = world;
    this.#plans = plans.filter(({ pipe }) => pipe !== null);
  }

  finish(): void {
    for (const plan of this.#plans) this.#judge(plan);
  }

  #judge({ id, topics, isolationLevel, source, pipe }: GroupPlan): void {
    const { output, fans } = pipe!;
    const found = new Map<string, number>();
    for (const { records } of this.#world.logs(output)) {
      for (const { value, fate } of records) {
        if (!value.startsWith(`${id}:`) || fate === 'aborted' || fate === 'open') continue;
        found.set(value, (found.get(value) ?? 0) + 1);
      }
    }
    const isExact = source === 'transaction';
    for (const topic of topics) {
      for (const { partition, records } of this.#world.logs(topic)) {
        const committed = this.#world.committed(id, topic, partition) ?? 0;
        for (const { offset, value, fate } of records) {
          if (isolationLevel === 'read_committed' && (fate === 'aborted' || fate === 'open')) continue;
          const isDone = offset < committed;
          for (const result of resultsOf(id, isExact && fans, { topic, partition, offset, value })) {
            const times = found.get(result) ?? 0;
            found.delete(result);
            const right = isExact ? times === (isDone ? 1 : 0) : !isDone || times > 0;
            if (!right)
              this.#world.violate(
                this.name,
                `${result} is in ${output} ${times} times, ${id} has committed ${topic}/${partition}@${committed}`,
              );
            this.#world.counts.add(isExact ? 'proved exactly once' : 'proved at least once');
          }
        }
      }
    }
    for (const [result, times] of found)
      this.#world.violate(this.name, `${result} is in ${output} ${times} times and nobody wrote what it is made of`);
  }
}
