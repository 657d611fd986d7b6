// dist/esm and dist/cjs from one set of sources: tsc twice, then the marker that tells Node how to read each folder.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
for (const [format, type] of [
  ['esm', 'module'],
  ['cjs', 'commonjs'],
]) {
  const args = ['node_modules/typescript/bin/tsc', '-p', `tsconfig.${format}.json`];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(`dist/${format}/package.json`, `{ "type": "${type}", "sideEffects": false }\n`);
}
