// Self time by function of .cpuprofile files: `node profile.mjs FILE... [--top 30]`. `node run.mjs --profile DIR` makes them.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { top: { type: 'string', default: '30' } },
});
const self = new Map();
let busy = 0;
for (const file of positionals) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  samples.forEach((id, index) => {
    const { functionName, url, lineNumber } = byId.get(id);
    if (functionName === '(idle)' || functionName === '(program)') return;
    const where = url.startsWith('node:') ? url : url.split('/').slice(-3).join('/');
    const name = `${functionName || '(anonymous)'} ${where === '' ? '' : `${where}:${lineNumber + 1}`}`;
    const micros = timeDeltas[index] ?? 0;
    busy += micros;
    self.set(name, (self.get(name) ?? 0) + micros);
  });
}
const rows = [...self].sort(([, a], [, b]) => b - a).slice(0, Number(values.top));
for (const [name, micros] of rows) console.log(`${((100 * micros) / busy).toFixed(1).padStart(5)} %  ${name}`);
console.log(`${(busy / 1e6).toFixed(2)} s busy`);
