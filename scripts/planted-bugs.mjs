// Bugs that the simulation has to find: spec/simulation/planted/*.patch, each put into a copy of the project.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Where the bugs are. */
export const plantedFolder = join(root, 'spec/simulation/planted');
/** What the simulation needs to run, beside the packages. */
const copied = ['src', 'operators', 'scripts', 'spec/simulation', 'package.json'];

/**
 * All planted bugs; `caughtBy` are the invariants that must find it.
 *
 * @returns {{ name: string, file: string, bug: string, rule: string, caughtBy: string[] }[]}
 */
export function plantedBugs(folder = plantedFolder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.patch'))
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const header = text.slice(0, text.indexOf('diff --git '));
      const read = (title) => {
        const [, said] = header.split(new RegExp(`^${title}: `, 'm'));
        if (said === undefined) throw new Error(`${file} has no line "${title}: ..." above its diff`);
        return said.split(/\n(?:[A-Z][a-z ]+: |\n|$)/)[0].replaceAll('\n', ' ');
      };
      return {
        name: file.replace(/\.patch$/, ''),
        file: join(folder, file),
        bug: read('Bug'),
        rule: read('Rule'),
        caughtBy: read('Caught by').split(/\s*;\s*/),
      };
    });
}

/** @returns {Promise<string | null>} why the bug cannot be planted into the sources as they are, null when it can */
export function complaint({ name, file }) {
  return apply(name, file, root, '--check');
}

async function apply(name, file, target, ...options) {
  const { code, output } = await run('git', ['apply', ...options, file], target);
  if (code === 0) return null;
  return `the patch does not apply to the sources any more, plant the bug "${name}" anew:\n${output.trim()}`;
}

/** A copy of the project to plant one bug after the other in. */
export class PlantBed {
  #folder = mkdtempSync(join(tmpdir(), 'rx-kafka-planted-'));

  constructor() {
    for (const path of copied) cpSync(join(root, path), join(this.#folder, path), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'), 'dir');
  }

  /**
   * Runs the seeds until one fails by an invariant that must find the bug.
   *
   * @returns {Promise<{ found: boolean, text: string }>}
   */
  async search({ name, file, caughtBy }, { seed, runs }) {
    const refusal = await apply(name, file, this.#folder);
    if (refusal !== null) return { found: false, text: refusal };
    try {
      return await this.#search(caughtBy, seed, seed + runs);
    } finally {
      await apply(name, file, this.#folder, '--reverse');
    }
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #search(caughtBy, first, end) {
    const others = new Set();
    const wanted = caughtBy.map((name) => `"${name}"`).join(' or ');
    for (let seed = first; seed < end;) {
      const args = ['scripts/simulate.mjs', '--seed', seed, '--runs', end - seed, '--workers', '1', '--bail'];
      const { code, output } = await run(process.execPath, args.map(String), this.#folder);
      if (code === 0) break;
      const violations = [...output.matchAll(/^violation: seed (\d+): ([^:]+): (.*)$/gm)];
      if (violations.length === 0) return { found: false, text: `the simulation ended with ${code}:\n${output}` };
      const hit = violations.find(([, , invariant]) => caughtBy.includes(invariant));
      if (hit !== undefined) return { found: true, text: `seed ${hit[1]}: ${hit[2]}: ${hit[3]}` };
      for (const [, at, invariant] of violations) others.add(`"${invariant}" in seed ${at}`);
      seed = Number(violations.at(-1)[1]) + 1;
    }
    const instead = others.size === 0 ? 'no violation at all' : `only ${[...others].slice(0, 5).join(', ')}`;
    return { found: false, text: `seeds ${first} to ${end - 1} violate nothing by ${wanted}, ${instead}` };
  }
}

function run(command, args, cwd) {
  return new Promise((resolve) => {
    // a folder for temporary files may lie inside of another repository, whose root the paths would be taken from; traces of
    // failed seeds go with the copy
    const env = { ...process.env, GIT_CEILING_DIRECTORIES: dirname(cwd), TMPDIR: cwd };
    execFile(command, args, { cwd, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? 1), output: stdout + stderr });
    });
  });
}
