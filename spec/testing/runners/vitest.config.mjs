// For the spec that runs a user's test file under vitest.
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

export default {
  root: at('.'),
  resolve: {
    alias: {
      'rx-kafka/operators': at('operators/index.ts'),
      'rx-kafka/testing': at('src/testing/index.ts'),
    },
  },
  test: { include: ['spec/testing/runners/*.test.ts'] },
};
