// `npm run contract`: the rows of docs/contract.md against the titles of the specs. Fails on a required row without a spec at
// its level, on a row name in a title that docs/contract.md does not have, and on a damaged table; `--report` never fails.
// `--missing` prints only what is missing; `--ledger file --specs folder` read other places.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseArgs } from 'node:util';
import './ts.mjs';

const { countOf, judge, statusOf } = await import('../spec/support/contract/judge.ts');
const { readLedger } = await import('../spec/support/contract/ledger.ts');
const { rowsOfSpec } = await import('../spec/support/contract/titles.ts');

const { values: options } = parseArgs({
  options: {
    report: { type: 'boolean', default: false },
    missing: { type: 'boolean', default: false },
    ledger: { type: 'string', default: 'docs/contract.md' },
    specs: { type: 'string', default: 'spec' },
  },
});

const specs = readdirSync(options.specs, { recursive: true })
  .filter((name) => name.endsWith('.spec.ts'))
  .map((name) => {
    const path = join(options.specs, name);
    const source = readFileSync(path, 'utf8');
    const inside = relative(options.specs, path).split(sep).join('/');
    const proxy = /from '[^']*proxy[^']*'/u.test(source);
    return { path: inside, rows: rowsOfSpec(path, source), real: inside.startsWith('real/'), proxy };
  })
  .sort((a, b) => (a.path < b.path ? -1 : 1));

const { rows, mistakes } = readLedger(readFileSync(options.ledger, 'utf8'));
const { judged, unknown } = judge(rows, specs);
for (const each of judged) {
  const status = statusOf(each);
  if (options.missing && !status.startsWith('MISSING')) continue;
  const where = each.specs.length > 2 ? [...each.specs.slice(0, 2), `${each.specs.length - 2} more`] : each.specs;
  const { name, level } = each.row;
  console.log(`${name.padEnd(8)} ${level.padEnd(5)} ${status.padEnd(24)} ${where.join(', ')}`.trimEnd());
}
for (const problem of [...mistakes, ...unknown]) console.error(problem);
const { proven, missing, open, overridden } = countOf(judged);
console.log(`${judged.length} rows: ${proven} proven, ${missing} missing, ${open} open, ${overridden} overridden`);
const failed = missing > 0 || mistakes.length > 0 || unknown.length > 0;
process.exit(failed && !options.report ? 1 : 0);
