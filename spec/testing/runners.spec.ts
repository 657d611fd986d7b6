import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../support/project-root.js';

const root = projectRoot();
const file = 'spec/testing/runners/billing.test.ts';
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
/** Two of the three pass in every runner, and one fails with a drawing. */
const drawing = /Marbles differ[\s\S]*expected {2}--a[\s\S]*actual {4}-a/u;

function run(args: readonly string[], runner: string): string {
  const env = { ...process.env, RX_KAFKA_RUNNER: runner, NODE_TEST_CONTEXT: undefined, NO_COLOR: '1' };
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8', timeout: 60_000 });
  return stdout + stderr;
}

describe('a test file of a user', () => {
  it('[W5] runs under the test runner of Node', () => {
    const said = run(['--import', './scripts/ts.mjs', '--test', '--test-reporter', 'tap', file], 'node:test');
    expect(said).toMatch(/ok 1 - acknowledges what was processed/u);
    expect(said).toMatch(/ok 2 - drains at a rebalance/u);
    expect(said).toMatch(/not ok 3 - this one fails on purpose/u);
    expect(said).toMatch(drawing);
  }, 90_000);

  it('[W5] runs under vitest', () => {
    const said = run([vitest, 'run', '--config', 'spec/testing/runners/vitest.config.mjs'], 'vitest');
    expect(said).toMatch(/1 failed \| 2 passed/u);
    expect(said).toMatch(drawing);
  }, 90_000);
});
