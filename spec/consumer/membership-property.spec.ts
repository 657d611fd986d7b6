import fc from 'fast-check';
import { cooperativeSticky } from '../../src/consumer/group/assignors/cooperative-sticky.js';
import { range } from '../../src/consumer/group/assignors/range.js';
import { FlowModel } from './support/flow-model.js';

/** 500 with FC_RUNS=167; fewer by default, because other specs want their turn. */
const numRuns = Number(process.env['FC_RUNS'] ?? 40);

const kinds: readonly [string, object][] = [
  ['cooperative', { assignors: [cooperativeSticky] }],
  ['eager', { assignors: [range] }],
  ['cooperative, in a hurry', { assignors: [cooperativeSticky], commit: { everyRecords: 1 }, window: { records: 2 } }],
];

function live(seed: number, options: object): FlowModel {
  const model = new FlowModel(seed, 4, () => options);
  model.join();
  for (let step = 0; step < 30; step++) {
    model.run(100 * (1 + model.pick(25)));
    model.disturb();
  }
  model.settle();
  return model;
}

describe.each(kinds)('a group of %s consumers, with membership, commits and leases together', (_name, options) => {
  it('[L8] [L15] keeps its books over joins, deaths, moves, pauses, seeks, slow work and late answers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (seed) => {
        live(seed, options);
      }),
      { numRuns },
    );
  });

  it('does the same for the same seed', () => {
    for (const seed of [3, 1234567]) {
      const [once, again] = [live(seed, options), live(seed, options)];
      expect(once.trace.length).toBeGreaterThan(30);
      expect(again.trace).toEqual(once.trace);
    }
  });
});
