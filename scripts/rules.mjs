// Plants one violation of each house rule and fails unless the linter or dependency-cruiser reports it; and plants what is
// allowed, and fails if that is reported. A rule whose pattern no longer matches anything would otherwise pass for ever.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cruise } from 'dependency-cruiser';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const lintCases = [
  // [file, code, rule that must fire, or null for clean]
  ['src/network/planted.ts', 'setTimeout(() => undefined, 1);', 'no-restricted-globals'],
  ['src/network/planted.ts', 'globalThis.setTimeout(() => undefined, 1);', 'no-restricted-properties'],
  ['src/producer/planted.ts', 'setImmediate(() => undefined);', 'no-restricted-globals'],
  ['src/consumer/planted.ts', 'queueMicrotask(() => undefined);', 'no-restricted-globals'],
  ['src/consumer/group/planted.ts', 'export const at: number = Date.now();', 'no-restricted-properties'],
  ['src/consumer/planted.ts', 'export const at: Date = new Date();', 'no-restricted-syntax'],
  ['src/cluster/planted.ts', 'export const at: number = performance.now();', 'no-restricted-properties'],
  ['src/runtime/planted.ts', 'export const dice: number = Math.random();', 'no-restricted-properties'],
  ['src/producer/planted.ts', 'process.nextTick(() => undefined);', 'no-restricted-properties'],
  ['src/protocol/planted.ts', 'export const later: unknown = Promise.resolve();', 'no-restricted-globals'],
  ['src/cluster/planted.ts', 'export async function later(): Promise<void> {}', 'no-restricted-syntax'],
  ['src/cluster/planted.ts', 'declare const p: any; p.then(() => undefined);', 'no-restricted-syntax'],
  ['src/bytes/planted.ts', 'export enum Kind { one }', 'no-restricted-syntax'],
  ['src/bytes/planted.ts', 'export default 1;', 'no-restricted-syntax'],
  ['src/observables/planted.ts', 'setTimeout(() => undefined, 1);', 'no-restricted-globals'],
  ['src/observables/planted.ts', 'export const dice: number = Math.random();', 'no-restricted-properties'],
  ['operators/planted.ts', 'export const at: number = Date.now();', 'no-restricted-properties'],
  ['src/testing/planted.ts', 'setTimeout(() => undefined, 1);', 'no-restricted-globals'],
  ['src/testing/broker/planted.ts', 'export const later: unknown = Promise.resolve();', 'no-restricted-globals'],
  ['src/testing/broker/planted.ts', 'export const at: number = Date.now();', 'no-restricted-properties'],
  ['src/consumer/planted.ts', `${'// line\n'.repeat(401)}export const x = 1;`, 'max-lines'],
  ['operators/planted.ts', "import { map } from 'rxjs/internal/operators/map';\nexport { map };", 'rxjs-x/no-internal'],
  ['src/runtime/node/planted.ts', 'setTimeout(() => undefined, 1);', null],
  ['src/codecs/planted.ts', 'declare const p: any; p.then(() => undefined);', null],
  ['src/observables/planted.ts', 'export function close(): Promise<void> { return Promise.resolve(); }', null],
  ['src/consumer/planted.ts', 'export function at(now: () => number): number { return now(); }', null],
  ['src/consumer/planted.ts', 'export const at = (ms: number): Date => new Date(ms);', null],
];

const layerCases = [
  // [importing file, import, rule that must fire, or null]
  [
    'src/model/a.ts',
    "import { b } from '../bytes/b.js'; export const a = b;",
    'src/bytes/b.ts',
    'model-imports-left-only',
  ],
  [
    'src/bytes/a.ts',
    "import { b } from '../codecs/b.js'; export const a = b;",
    'src/codecs/b.ts',
    'bytes-imports-left-only',
  ],
  [
    'src/codecs/a.ts',
    "import { b } from '../protocol/b.js'; export const a = b;",
    'src/protocol/b.ts',
    'codecs-imports-left-only',
  ],
  [
    'src/protocol/a.ts',
    "import type { b } from '../network/b.js'; export type A = typeof b;",
    'src/network/b.ts',
    'protocol-imports-left-only',
  ],
  [
    'src/network/a.ts',
    "import { b } from '../cluster/b.js'; export const a = b;",
    'src/cluster/b.ts',
    'network-imports-left-only',
  ],
  [
    'src/cluster/a.ts',
    "import { b } from '../producer/b.js'; export const a = b;",
    'src/producer/b.ts',
    'cluster-imports-left-only',
  ],
  [
    'src/producer/a.ts',
    "import { b } from '../consumer/b.js'; export const a = b;",
    'src/consumer/b.ts',
    'producer-imports-left-only',
  ],
  [
    'src/consumer/a.ts',
    "import { b } from '../producer/b.js'; export const a = b;",
    'src/producer/b.ts',
    'consumer-imports-left-only',
  ],
  [
    'src/consumer/a.ts',
    "import { b } from '../observables/b.js'; export const a = b;",
    'src/observables/b.ts',
    'consumer-imports-left-only',
  ],
  [
    'src/observables/a.ts',
    "import { b } from '../kafka.js'; export const a = b;",
    'src/kafka.ts',
    'observables-imports-left-only',
  ],
  ['src/producer/a.ts', "import { map } from 'rxjs'; export const a = map;", null, 'core-without-rxjs'],
  [
    'src/cluster/a.ts',
    "import { b } from '../../operators/b.js'; export const a = b;",
    'operators/b.ts',
    'src-not-operators',
  ],
  [
    'operators/a.ts',
    "import { b } from '../src/consumer/b.js'; export const a = b;",
    'src/consumer/b.ts',
    'operators-ports-only',
  ],
  [
    'operators/a.ts',
    "import { readFileSync } from 'node:fs'; export const a = readFileSync;",
    null,
    'operators-browser-safe',
  ],
  [
    'src/testing/a.ts',
    "import { EventEmitter } from 'node:events'; export const a = EventEmitter;",
    null,
    'operators-browser-safe',
  ],
  [
    'src/testing/a.ts',
    "import { b } from '../cluster/b.js'; export const a = b;",
    'src/cluster/b.ts',
    'testing-ports-only',
  ],
  [
    'src/testing/broker/a.ts',
    "import { b } from '../../cluster/b.js'; export const a = b;",
    'src/cluster/b.ts',
    'broker-is-the-other-side',
  ],
  [
    'src/testing/broker/a.ts',
    "import { connect } from 'node:net'; export const a = connect;",
    null,
    'broker-sockets-in-one-file',
  ],
  [
    'src/kafka.ts',
    "import { b } from './testing/b.js'; export const a = b;",
    'src/testing/b.ts',
    'testing-imported-by-nobody',
  ],
  [
    'src/consumer/a.ts',
    "import { connect } from 'node:net'; export const a = connect;",
    null,
    'node-builtins-at-the-edge',
  ],
  [
    'src/bytes/a.ts',
    "import { b } from './b.js'; export const a = () => b;",
    ['src/bytes/b.ts', "import { a } from './a.js'; export const b = () => a;"],
    'no-cycles',
  ],
  ['src/producer/a.ts', "import { type SchedulerLike } from 'rxjs'; export type A = SchedulerLike;", null, null],
  ['src/model/a.ts', "import { type Socket } from 'node:net'; export type A = Socket;", null, null],
  ['src/producer/a.ts', "import type { SchedulerLike } from 'rxjs'; export type A = SchedulerLike;", null, null],
  ['src/producer/a.ts', "import { b } from '../cluster/b.js'; export const a = b;", 'src/cluster/b.ts', null],
  [
    'operators/a.ts',
    "import { map } from 'rxjs'; import { b } from '../src/model/b.js'; export const a = [map, b];",
    'src/model/b.ts',
    null,
  ],
  ['src/runtime/node/a.ts', "import { connect } from 'node:net'; export const a = connect;", null, null],
];

let failed = 0;
const expectRule = (where, code, expected, found) => {
  const good = expected === null ? found.length === 0 : found.includes(expected);
  if (good) return;
  failed++;
  const said = found.length === 0 ? 'nothing' : found.join(', ');
  console.error(`${where}: ${code.slice(-90)}\n  expected ${expected ?? 'nothing'}, reported ${said}`);
};

// Planted files exist only in memory, so the rules that need types are off; the house rules need none.
const typed = Object.keys(tseslint.configs.disableTypeChecked.rules);
const eslint = new ESLint();
const needsTypes = (rule) => typed.includes(rule) || rule.startsWith('@typescript-eslint/');
for (const [filePath, code, expected] of lintCases) {
  const config = await eslint.calculateConfigForFile(filePath);
  const off = Object.fromEntries(
    Object.keys(config.rules)
      .filter((rule) => needsTypes(rule) || (rule.startsWith('rxjs-x/') && rule !== expected))
      .map((rule) => [rule, 'off']),
  );
  const untyped = new ESLint({
    overrideConfig: { languageOptions: { parserOptions: { projectService: false } }, rules: off },
  });
  const [result] = await untyped.lintText(code, { filePath });
  const found = result.messages.map((message) => message.ruleId ?? message.message);
  expectRule(filePath, code, expected, found);
}

const require = createRequire(import.meta.url);
const { forbidden, options } = require('../.dependency-cruiser.cjs');
mkdirSync('temp', { recursive: true });
const root = mkdtempSync(join(process.cwd(), 'temp', 'rules-'));
const plant = (path, code) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), code);
};
try {
  for (const [index, [file, code, target, expected]] of layerCases.entries()) {
    const base = `case-${index}`;
    plant(`${base}/${file}`, code);
    if (typeof target === 'string') plant(`${base}/${target}`, 'export const b = 1;');
    else if (target !== null) plant(`${base}/${target[0]}`, target[1]);
    plant(`${base}/node_modules/rxjs/package.json`, '{ "name": "rxjs", "version": "7.8.2", "main": "index.js" }');
    plant(`${base}/node_modules/rxjs/index.js`, 'exports.map = 1;');
    plant(`${base}/package.json`, '{ "peerDependencies": { "rxjs": "7" } }');
    const folders = ['src', 'operators'].filter((folder) => file.startsWith(folder) || `${target}`.startsWith(folder));
    const { tsConfig: _, ...rest } = options;
    const { output } = await cruise(folders, {
      ...rest,
      baseDir: join(root, base),
      validate: true,
      ruleSet: { forbidden },
    });
    const found = output.summary.violations.map((violation) => violation.rule.name);
    expectRule(file, code, expected, found);
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

console.log(
  `${lintCases.length + layerCases.length - failed} of ${lintCases.length + layerCases.length} planted cases judged right`,
);
process.exit(failed === 0 ? 0 : 1);
