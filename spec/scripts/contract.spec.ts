import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countOf, judge, statusOf } from '../support/contract/judge.js';
import { readLedger } from '../support/contract/ledger.js';
import { rowsOfSpec } from '../support/contract/titles.js';
import { projectRoot } from '../support/project-root.js';

const page = (...rows: readonly string[]): string =>
  `# Contract\n\n| row | level | state | what holds here |\n| --- | --- | --- | --- |\n${rows.map((row) => `${row}\n`).join('')}\n`;

function judgedBy(rows: readonly string[], files: Readonly<Record<string, string>>) {
  const specs = Object.entries(files).map(([path, source]) => ({
    path,
    rows: rowsOfSpec(path, source),
    real: path.startsWith('real/'),
    proxy: path.includes('proxy'),
  }));
  const { judged, unknown } = judge(readLedger(page(...rows)).rows, specs);
  return { unknown, counts: countOf(judged), status: judged.map((each) => `${each.row.name} ${statusOf(each)}`) };
}

it('judges each level by the place of the spec that names the row', () => {
  const { status, counts, unknown } = judgedBy(
    [
      '| C1 | U G | required | both places |',
      '| C2 | U | required | beside the sources |',
      '| C3 | B | required | on the cluster, there only beside the sources |',
      '| C4 | U G | required | both, only one is there |',
      '| C5 | F | required | a proxy on the cluster |',
      '| C6 | F | required | no proxy |',
      '| C7 | M/F | required | one of two |',
      '| C8 | - | required | anywhere |',
      '| C9 | - | required | nowhere |',
      '| P1 | B | open: producer | proven early |',
      '| P2, P3 | U | open: producer | two rows in one line |',
      '| P4 | U | overridden | other here |',
      '| P5 | U | overridden | other here, and proven |',
      '| P6 | U B | open: producer | half |',
      '| D#11, D#12 | - | required | one complaint, two numbers |',
    ],
    {
      'consumer/a.spec.ts': `
        describe('[C1, C2] names', () => { it('[C3] says', () => {}); });
        it('[C4] one half', () => {}); it('[C7] scripted', () => {}); it('[P2] [P5] [P6] early', () => {});
        it('[D#12] by its second number', () => {});`,
      'real/b.spec.ts': `it('[C1] again', () => {}); it('[C6] slow', () => {}); it('[C8]', () => {}); it('[P1]', () => {});`,
      'real/proxy.spec.ts': `it('[C5]', () => {});`,
    },
  );
  expect(unknown).toEqual([]);
  expect(status).toEqual([
    'C1 proven',
    'C2 proven',
    'C3 MISSING, lacks B',
    'C4 MISSING, lacks G',
    'C5 proven',
    'C6 MISSING, lacks F',
    'C7 proven',
    'C8 proven',
    'C9 MISSING, lacks any',
    'P1 proven',
    'P2 proven',
    'P3 open: producer',
    'P4 overridden',
    'P5 overridden, proven',
    'P6 open: producer, lacks B',
    'D#11 proven',
  ]);
  expect(counts).toEqual({ proven: 8, missing: 4, open: 2, overridden: 2 });
});

it('reads titles of every form, and believes no test that is skipped', () => {
  const spec = `
    const cases = [['[B5] from a constant', 1]] as const;
    it.each([['[B1] from the table', 1]])('%s', () => {});
    it.each(cases)('%s', () => {});
    it.each([['[B9] of no use to the title']])('plain', () => {});
    it.each<[string, number]>([['x', 1]])('[B2] %d', () => {});
    describe.each(['x'])('[B3] %s', () => { it(\`[B4] \${1} template\`, () => {}); it('plain', () => {}); });
    it.skip('[B6]', () => {});
    describe.skip('[B6]', () => { it('[B6]', () => {}); });
    it.todo('[B6]');
    describe('[B7] without a test', () => {});
    describe('[B8] around', () => { describe('more', () => { it.each([1])('%d', () => {}); }); });
    it('brackets of another kind: [0, 1], [range], [t0p0] and [a, B6]', () => {});
    console.log('[B6]');`;
  expect([...rowsOfSpec('a.spec.ts', spec)].sort()).toEqual(['B1', 'B2', 'B3', 'B4', 'B5', 'B8']);
});

it('takes a row that the page does not have for a slip of the pen', () => {
  const { unknown } = judgedBy(['| B1 | U | required | text |'], { 'a.spec.ts': "it('[B1, B99]', () => {});" });
  expect(unknown).toEqual(['a.spec.ts: no row is called B99']);
});

it('finds what is damaged in the page', () => {
  const { mistakes } = readLedger(
    page(
      '| B1 | U | required | text |',
      '| B1 | U | required | twice |',
      '| B2 | X | required | no such level |',
      '| B3 | U | done | no such state |',
      '| B4 | U | required | |',
      '| B5 | U | required | a | b |',
    ),
  );
  expect(mistakes).toEqual([
    'docs/contract.md:6: row B1 is there twice',
    'docs/contract.md:7: row B2 has the level "X"',
    'docs/contract.md:8: row B3 has the state "done"',
    'docs/contract.md:9: row B4 says nothing',
    'docs/contract.md:10: row B5 has 5 cells, not 4',
  ]);
  expect(readLedger('| other | table |\n| --- | --- |\n| a | b |').mistakes).toEqual(['docs/contract.md has no rows']);
});

it('ends with 1 when a row is missing, and with 0 as a report', () => {
  const folder = mkdtempSync(join(tmpdir(), 'contract-'));
  try {
    writeFileSync(join(folder, 'contract.md'), page('| B1 | U | required | text |', '| B2 | U | required | text |'));
    mkdirSync(join(folder, 'spec'));
    writeFileSync(join(folder, 'spec', 'a.spec.ts'), "it('[B1]', () => {});");
    const run = (...args: readonly string[]) =>
      spawnSync(
        process.execPath,
        ['scripts/contract.mjs', '--ledger', join(folder, 'contract.md'), '--specs', join(folder, 'spec'), ...args],
        { cwd: projectRoot(), encoding: 'utf8' },
      );
    const { status, stdout } = run();
    expect(stdout.split(/ *\n */u)).toEqual([
      'B1       U     proven                   a.spec.ts',
      'B2       U     MISSING, lacks U',
      '2 rows: 1 proven, 1 missing, 0 open, 0 overridden',
      '',
    ]);
    expect(status).toBe(1);
    expect(run('--report').status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
