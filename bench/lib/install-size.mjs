// Size on disk of an installed client with everything it depends on: `node lib/install-size.mjs`.
import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const bench = resolve(import.meta.dirname, '..');

function weigh(path, leaveOut = []) {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return { bytes: stat.isFile() ? stat.size : 0, files: stat.isFile() ? 1 : 0 };
  const total = { bytes: 0, files: 0 };
  for (const name of readdirSync(path)) {
    if (leaveOut.includes(name)) continue;
    const part = weigh(join(path, name));
    total.bytes += part.bytes;
    total.files += part.files;
  }
  return total;
}

function find(name, from) {
  for (let at = from; ; at = dirname(at)) {
    const found = join(at, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return found;
    if (at === dirname(at)) return null;
  }
}

/** Folders of a package's dependencies, optional ones only where they are wanted and installed. */
function dependencies(folder, optional, seen = new Set()) {
  const facts = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const names = Object.keys({ ...facts.dependencies, ...(optional ? facts.optionalDependencies : {}) });
  for (const name of names) {
    const found = find(name, folder);
    if (found === null || seen.has(found)) continue;
    seen.add(found);
    dependencies(found, optional, seen);
  }
  return seen;
}

const home = process.env.RX_KAFKA ?? resolve(bench, '..');
const published = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).files;
const own = { bytes: 0, files: 0 };
for (const name of published) {
  if (!existsSync(join(home, name))) continue;
  const part = weigh(join(home, name));
  own.bytes += part.bytes;
  own.files += part.files;
}
const rxjs = find('rxjs', home);
const rows = [
  ['rx-kafka with rxjs', own, [...dependencies(home, false), rxjs, ...dependencies(rxjs, false)]],
  [
    'rx-kafka with rxjs and its optional packages',
    own,
    [...dependencies(home, true), rxjs, ...dependencies(rxjs, false)],
  ],
  ...['kafka-ts', '@platformatic/kafka', 'kafkajs', 'node-rdkafka'].flatMap((name) => {
    const folder = find(name, bench);
    return folder === null ? [] : [[name, weigh(folder, ['node_modules']), [...dependencies(folder, true)]]];
  }),
];
console.log('| client | MB | files | packages |\n| --- | --- | --- | --- |');
for (const [name, self, folders] of rows) {
  const total = { ...self };
  for (const folder of folders) {
    const part = weigh(folder, ['node_modules']);
    total.bytes += part.bytes;
    total.files += part.files;
  }
  console.log(`| ${name} | ${(total.bytes / 1e6).toFixed(1)} | ${total.files} | ${folders.length + 1} |`);
}
