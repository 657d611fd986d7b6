// Writes spec/goldens/protocol/messages.jsonl.gz; how to run it: spec/goldens/protocol/regenerate.md.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { randomMessage, seededRandom } from './random-messages.mjs';
import { selectMessages } from './selection.mjs';

const [newerFolder, olderFolder] = process.argv.slice(2);
if (olderFolder === undefined)
  throw new Error('usage: make-goldens.mjs <folder with 4.3.0 jars> <folder with 3.9.1 jars>');
const clientsJar = (folder) =>
  join(
    folder,
    readdirSync(folder).find((name) => /^kafka-clients-.*\.jar$/.test(name)),
  );
const maker = fileURLToPath(new URL('GoldenBytes.java', import.meta.url));
const target = fileURLToPath(new URL('../../spec/goldens/protocol/', import.meta.url));
const styles = ['bare', 'rich', 'rich', 'rich', 'rich', 'rich'];

const { apis, data } = selectMessages(clientsJar(newerFolder), clientsJar(olderFolder));
const messages = apis.flatMap((api) => [
  { message: api.request, newer: api.newer },
  { message: api.response, newer: api.newer },
]);
for (const message of data) messages.push({ message, newer: message.versions });

const random = seededRandom(20240607);
const wanted = { newer: [], older: [] };
for (const { message, newer } of messages) {
  for (let version = message.versions[0]; version <= message.versions[1]; version++) {
    for (const style of styles) {
      const json = JSON.stringify(randomMessage(message, version, style, random));
      wanted[version < newer[0] ? 'older' : 'newer'].push([message.name, version, json]);
    }
  }
}

function bytesOf(list, folder) {
  const input = list.map((parts) => parts.join('\t') + '\n').join('');
  const java = spawnSync('java', ['-cp', join(folder, '*'), maker], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (java.status !== 0) throw new Error(java.stderr);
  const lines = java.stdout.trimEnd().split('\n');
  if (lines.length !== list.length) throw new Error(`${lines.length} answers to ${list.length} lines`);
  return list.map(([name, version, json], index) => `["${name}",${version},${json},"${lines[index]}"]\n`);
}

const lines = [...bytesOf(wanted.newer, newerFolder), ...bytesOf(wanted.older, olderFolder)];
mkdirSync(target, { recursive: true });
writeFileSync(`${target}messages.jsonl.gz`, gzipSync(lines.join(''), { level: 9 }));
console.log(`${lines.length} vectors, ${wanted.older.length} of them from the older jar`);
