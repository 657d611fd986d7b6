// Module hooks behind ts.mjs: `./x.js` finds `./x.ts`, the package's own name finds its sources, types are stripped by swc.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

const root = new URL('../', import.meta.url);
const entries = {
  'rx-kafka': new URL('src/index.ts', root).href,
  'rx-kafka/operators': new URL('operators/index.ts', root).href,
  'rx-kafka/testing': new URL('src/testing/index.ts', root).href,
  'rx-kafka/testing/broker': new URL('src/testing/broker/index.ts', root).href,
};

export async function resolve(specifier, context, next) {
  const own = entries[specifier];
  if (own !== undefined) return { url: own, shortCircuit: true };
  if (/^\.{1,2}\//.test(specifier) && specifier.endsWith('.js') && context.parentURL !== undefined) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (source.protocol === 'file:' && existsSync(fileURLToPath(source))) {
      return { url: source.href, shortCircuit: true };
    }
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), {
    filename,
    swcrc: false,
    sourceMaps: 'inline',
    module: { type: 'es6' },
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  });
  return { format: 'module', source: code, shortCircuit: true };
}
