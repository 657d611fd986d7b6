import { randomFrom } from './seeded-random.js';

/** One step of a storm. `pick` chooses among the living, from 0 to below 1. */
export interface StormStep {
  readonly do: 'join' | 'leave' | 'kill';
  readonly pick: number;
}

export interface StormShape {
  readonly steps: number;
  readonly members: { readonly first: number; readonly least: number; readonly most: number };
}

/** At most one of so many steps in a row is a kill. */
export const killOneIn = 5;

/** The steps of a storm, by the seed alone: the same seed, the same storm. */
export function planStorm(seed: number, { steps, members }: StormShape): readonly StormStep[] {
  const random = randomFrom(seed);
  let living = members.first;
  const plan: StormStep[] = [];
  for (let step = 0; step < steps; step++) {
    const joins = living <= members.least || (living < members.most && random() < 0.5);
    living += joins ? 1 : -1;
    plan.push({ do: joins ? 'join' : 'leave', pick: random() });
  }
  for (let first = 0; first < steps; first += killOneIn) {
    const leaves = plan
      .slice(first, first + killOneIn)
      .flatMap((step, at) => (step.do === 'leave' ? [first + at] : []));
    const victim = leaves[Math.floor(random() * leaves.length)];
    if (victim !== undefined) plan[victim] = { do: 'kill', pick: plan[victim]!.pick };
  }
  return plan;
}
