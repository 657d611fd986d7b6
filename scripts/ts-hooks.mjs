// Module hooks behind ts.mjs: `./x.js` finds `./x.ts`, the package's own name finds its sources, types are stripped by swc.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform, version } from '@swc/core';

const root = new URL('../', import.meta.url);
const cache = fileURLToPath(new URL(`node_modules/.cache/stripped-${version}`, root));
/** They are a third of what is loaded: for those who look at them. */
const sourceMaps = /--inspect|--enable-source-maps/.test(`${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS}`);
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
  return { format: 'module', source: await stripped(filename, readFileSync(filename, 'utf8')), shortCircuit: true };
}

/** Stripping was half of the start of a process: what was stripped once is kept beside the packages, marked with what it was made of. */
async function stripped(filename, text) {
  const kept = join(cache, `${sha1(filename)}${sourceMaps ? '.map' : ''}.mjs`);
  const mark = `\n// made of ${sha1(text)}\n`;
  try {
    const code = readFileSync(kept, 'utf8');
    if (code.endsWith(mark)) return code;
  } catch {
    // not stripped before
  }
  const { code } = await transform(text, {
    filename,
    swcrc: false,
    sourceMaps: sourceMaps ? 'inline' : false,
    module: { type: 'es6' },
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  });
  try {
    mkdirSync(cache, { recursive: true });
    // renamed when whole: another process may read it at this moment
    writeFileSync(`${kept}.${process.pid}`, code + mark);
    renameSync(`${kept}.${process.pid}`, kept);
  } catch {
    // nowhere to write: it is stripped each time
  }
  return code;
}

function sha1(text) {
  return createHash('sha1').update(text).digest('hex');
}
