import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../support/project-root.js';

const bugs = [
  'aborted-set-kept-across-answers',
  'commit-after-revoke',
  'commit-past-an-open-lease',
  'drain-order-inverted',
  'old-epoch-txn-offset-commit',
  'release-counted-as-ack',
  'second-aborted-range-ignored',
  'sequence-renumbered-after-a-retry',
  'shared-group-connection',
];

function check(...more: readonly string[]): { readonly status: number | null; readonly stdout: string } {
  const args = ['scripts/planted.mjs', '--check', ...more];
  return spawnSync(process.execPath, args, { cwd: projectRoot(), encoding: 'utf8' });
}

it('every planted bug can be planted into the sources as they are, and says what has to catch it', () => {
  const { status, stdout } = check();
  expect(stdout.split('\n').filter((line) => / can be planted, has to be caught by [a-z]/.test(line))).toHaveLength(9);
  expect([...stdout.matchAll(/^([a-z-]+): can/gm)].map(([, name]) => name)).toEqual(bugs);
  expect(status).toBe(0);
});

it('a planted bug whose lines have changed is named, with what does not fit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rx-kafka-planted-'));
  try {
    const patch = [
      'Bug: A line that is not there is changed.',
      'Rule: none.',
      'Caught by: nothing',
      '',
      'diff --git a/src/kafka.ts b/src/kafka.ts',
      '--- a/src/kafka.ts',
      '+++ b/src/kafka.ts',
      '@@ -1,1 +1,1 @@',
      '-const never = 1;',
      '+const never = 2;',
      '',
    ];
    writeFileSync(join(folder, 'stale.patch'), patch.join('\n'));
    const { status, stdout } = check('--from', folder);
    expect(stdout).toContain('stale: the patch does not apply to the sources any more, plant the bug "stale" anew');
    expect(stdout).toContain('src/kafka.ts');
    expect(status).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
