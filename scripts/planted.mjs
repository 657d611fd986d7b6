// npm run planted [-- name ...] [--seed N] [--runs M]: the simulation has to find each bug of spec/simulation/planted within M seeds.
// --check: only whether the bugs can still be planted; --from: bugs of another folder.
import { parseArgs } from 'node:util';
import { complaint, PlantBed, plantedBugs, plantedFolder } from './planted-bugs.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '200' },
    check: { type: 'boolean', default: false },
    from: { type: 'string', default: plantedFolder },
  },
});
const all = plantedBugs(values.from);
const unknown = positionals.filter((name) => !all.some((bug) => bug.name === name));
if (unknown.length > 0) {
  console.error(`There is no planted bug ${unknown.join(', ')}, there are ${all.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const chosen = all.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const range = { seed: Number(values.seed), runs: Number(values.runs) };
const left = [...chosen];
let missed = 0;

if (values.check) {
  for (const bug of left) {
    const wrong = await complaint(bug);
    if (wrong !== null) missed++;
    console.log(`${bug.name}: ${wrong ?? `can be planted, has to be caught by ${bug.caughtBy.join(' or ')}`}`);
  }
  process.exit(missed === 0 ? 0 : 1);
}

async function work() {
  const bed = new PlantBed();
  try {
    for (let bug = left.shift(); bug !== undefined; bug = left.shift()) {
      const started = performance.now();
      const { found, text } = await bed.search(bug, range);
      if (!found) missed++;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`${found ? 'found' : 'MISSED'} ${bug.name} (${seconds} s): ${text}`);
    }
  } finally {
    bed.remove();
  }
}

await Promise.all([work(), work()]);
console.log(`${chosen.length - missed} of ${chosen.length} bugs found`);
process.exit(missed === 0 ? 0 : 1);
