/** What both projects share. `real` owns the specs that need brokers: its global setup runs only when one is among the run. */
const shared = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': ['@swc/jest', { swcrc: false, jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }],
  },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^rx-kafka$': '<rootDir>/src/index.ts',
    '^rx-kafka/operators$': '<rootDir>/operators/index.ts',
    '^rx-kafka/testing$': '<rootDir>/src/testing/index.ts',
    '^rx-kafka/testing/broker$': '<rootDir>/src/testing/broker/index.ts',
  },
};

/** @type {import('jest').Config} */
export default {
  // most of the time of the specs on real brokers is waiting: two cores take three of them
  maxWorkers: 3,
  projects: [
    {
      ...shared,
      displayName: 'virtual',
      roots: ['<rootDir>/spec'],
      testMatch: ['**/*.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/spec/real/'],
    },
    {
      ...shared,
      displayName: 'real',
      roots: ['<rootDir>/spec/real'],
      testMatch: ['**/*.spec.ts'],
      globalSetup: '<rootDir>/spec/support/kafka/global-setup.mjs',
      globalTeardown: '<rootDir>/spec/support/kafka/global-teardown.mjs',
      setupFilesAfterEnv: ['<rootDir>/spec/support/kafka/require-brokers.ts'],
    },
  ],
};
