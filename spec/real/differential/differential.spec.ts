import { seededRandom } from '../../../src/testing/broker/seeded-random.js';
import { EmbeddedCluster } from '../../../src/testing/broker/index.js';
import { embeddedAsShared } from '../../support/embedded/embedded-as-shared.js';
import { sharedBrokers, uniqueName } from '../../support/kafka/shared-brokers.js';
import { groupSteps } from './support/group-steps.js';
import { logSteps } from './support/log-steps.js';
import { assignAtOnce, nextSteps } from './support/next-group-steps.js';
import { type Chance, chanceOf, Side, type Step } from './support/side.js';
import { transactionSteps } from './support/transaction-steps.js';

// The same random requests to real brokers and to the embedded cluster, one after the other, with everything a client of ours would
// never ask: what they answer must be the same.

const families: Readonly<Record<string, (chance: Chance) => () => Step>> = {
  'the log': logSteps,
  'transactions of the older protocol': (chance) => transactionSteps(chance, 1),
  'transactions of the newer protocol': (chance) => transactionSteps(chance, 2),
  'a classic group': groupSteps,
  'a KIP-848 group': nextSteps,
};
const seeds = Number(process.env['DIFFERENTIAL_SEEDS'] ?? 3);
const first = Number(process.env['DIFFERENTIAL_SEED'] ?? 1);

let embedded: EmbeddedCluster;
beforeAll(async () => {
  embedded = await EmbeddedCluster.start(embeddedAsShared);
});
afterAll(() => embedded.close());

describe.each(Object.keys(families))('real brokers and the embedded cluster answer alike about %s', (family) => {
  it.each(Array.from({ length: seeds }, (_, n) => first + n))(
    'seed %d',
    async (seed) => {
      const draw = families[family]!(chanceOf(seededRandom(seed * 7919)));
      const name = uniqueName('alike');
      const real = await Side.open(sharedBrokers(), name);
      if (family === 'a KIP-848 group') await assignAtOnce(real);
      const ours = await Side.open(embedded.bootstrapServers, name);
      const story: string[] = [];
      try {
        for (let n = 0; n < 60; n++) {
          const step = draw();
          const expected = await step.run(real);
          const answered = await step.run(ours);
          story.push(`${step.text}: ${expected}`);
          if (answered !== expected) throw new Error(`${story.join('\n')}\nbut the embedded cluster: ${answered}`);
        }
      } finally {
        real.close();
        ours.close();
      }
      expect(story.length).toBe(60);
    },
    60_000,
  );
});
