import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { javaVersion, maven, run } from './java.js';
import { projectRoot } from '../project-root.js';
import { withLock } from './file-lock.js';
import { serverProperties } from './properties.js';
import { trainArchive } from './train-archive.js';

const here = join(projectRoot(), 'spec', 'support', 'kafka');
const cache = join(projectRoot(), 'node_modules', '.cache', 'kafka');

/** The broker software as this machine has it: jars, a class data archive and a formatted metadata log to copy. */
export interface Distribution {
  /** Explicit list: the JVM accepts an archive only for the class path it was trained with. */
  readonly classPath: string;
  readonly clusterId: string;
  readonly bootstrapCheckpoint: string;
  /** Flags every tool and broker shares. */
  readonly flags: readonly string[];
  /** Archive of the loaded broker classes; absent when this JVM cannot write one. */
  readonly archive: string | null;
}

const clusterId = 'cngta2Fma2EtcmlnLTAwMQ';
let prepared: Promise<Distribution> | null = null;

/** Fetches and prepares the broker once per machine, Java and pom; later calls find it in node_modules/.cache. */
export function distribution(): Promise<Distribution> {
  prepared ??= prepare();
  return prepared;
}

async function prepare(): Promise<Distribution> {
  const java = await javaVersion();
  const pom = readFileSync(join(here, 'pom.xml'), 'utf8');
  const key = createHash('sha256').update(pom).update(java).digest('hex').slice(0, 16);
  const home = join(cache, key);
  if (!existsSync(join(home, 'ready'))) {
    mkdirSync(home, { recursive: true });
    await withLock(join(cache, `${key}.lock`), async () => {
      if (existsSync(join(home, 'ready'))) return;
      await fetchJars(home);
      await formatOnce(home);
      await trainArchive(describe(home), join(home, 'broker.jsa'));
      writeFileSync(join(home, 'ready'), '');
    });
  }
  return describe(home);
}

function describe(home: string): Distribution {
  const lib = join(home, 'lib');
  const jars = readdirSync(lib).filter((name) => name.endsWith('.jar'));
  const archive = join(home, 'broker.jsa');
  return {
    classPath: jars
      .sort()
      .map((name) => join(lib, name))
      .join(':'),
    clusterId,
    bootstrapCheckpoint: join(home, 'bootstrap.checkpoint'),
    flags: [`-Dlog4j2.configurationFile=${join(here, 'log4j2.properties')}`],
    archive: existsSync(archive) ? archive : null,
  };
}

async function fetchJars(home: string): Promise<void> {
  const lib = join(home, 'lib');
  if (existsSync(lib)) return;
  const part = `${lib}.part`;
  rmSync(part, { recursive: true, force: true });
  await maven(['-f', join(here, 'pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${part}`]);
  renameSync(part, lib);
}

/** StorageTool writes the bootstrap checkpoint once; brokers get a copy, which saves a JVM start each. */
async function formatOnce(home: string): Promise<void> {
  const target = join(home, 'bootstrap.checkpoint');
  if (existsSync(target)) return;
  const data = join(home, 'format');
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { recursive: true });
  const config = join(home, 'format.properties');
  const facts = { id: 1, port: 19_092, controllerPort: 19_093, dataDirectory: data, voters: ['1@127.0.0.1:19093'] };
  writeFileSync(config, serverProperties(facts));
  const { classPath, flags } = describe(home);
  const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', config];
  const result = await run('java', ['-Xmx128m', '-XX:TieredStopAtLevel=1', ...flags, '-cp', classPath, ...tool]);
  if (result.code !== 0) throw new Error(`StorageTool format failed: ${result.stdout}${result.stderr}`);
  renameSync(join(data, 'bootstrap.checkpoint'), target);
  rmSync(data, { recursive: true, force: true });
}
