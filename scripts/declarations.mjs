// Checks the declarations that the package ships as a user with `skipLibCheck: false` reads them: what is stripped as internal must
// not be named by what stays.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';

const entries = ['src/index', 'operators/index', 'src/testing/index', 'src/testing/broker/index'];
const folder = 'node_modules/.cache/declarations';
mkdirSync(folder, { recursive: true });
const files = entries.map((entry, at) => {
  const file = `${folder}/entry-${at}.ts`;
  writeFileSync(file, `export * from '../../../dist/cjs/${entry}.js';\n`);
  return file;
});
const options = '--ignoreConfig --noEmit --strict --module nodenext --target es2023 --skipLibCheck false --types node';
const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', ...options.split(' '), ...files], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
