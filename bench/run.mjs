// The benchmark: `npm run bench -- --cases P1,C1 --rounds 3 --clients rx-kafka,kafkajs --out results.jsonl`; see docs/performance.md.
// Every measurement is a fresh process; clients are interleaved within a round and the order rotates. KAFKA_BROKERS uses an
// existing cluster, otherwise three brokers are started for the time of the run.
import '../scripts/ts.mjs';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { cases, clients as allClients, taskOf, ways } from './lib/cases.mjs';
import { openAdmin } from './lib/cluster.mjs';
import { absence, measure, prepareJava } from './lib/launch.mjs';
import { table } from './lib/table.mjs';

const { values: options } = parseArgs({
  options: {
    cases: { type: 'string', default: Object.keys(cases).join(',') },
    clients: { type: 'string', default: allClients.join(',') },
    rounds: { type: 'string', default: '3' },
    replication: { type: 'string', default: '1' },
    out: { type: 'string', default: '' },
    profile: { type: 'string', default: '' },
    table: { type: 'string', default: '' },
  },
});
const list = (text) => text.split(',').filter((part) => part !== '');
const say = (text) => process.stderr.write(`${text}\n`);
const read = (file) =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];

if (options.table !== '') {
  console.log(table(read(options.table)));
} else {
  await main();
}

async function main() {
  const own = process.env.KAFKA_BROKERS === undefined ? await ownCluster() : null;
  const brokers = own?.bootstrapServers ?? process.env.KAFKA_BROKERS;
  const admin = await openAdmin(brokers);
  const runs = [];
  try {
    const java = await prepareJava();
    const present = list(options.clients).filter((client) => {
      const reason = absence(client, java);
      if (reason !== null) say(`without ${client}: ${reason}`);
      return reason === null;
    });
    for (const name of list(options.cases)) runs.push(...(await runCase({ name, brokers, admin, java, present })));
  } finally {
    await admin.close();
    await own?.stop();
  }
  console.log(table(runs));
  if (runs.some((run) => !run.ok)) process.exitCode = 1;
}

async function ownCluster() {
  const { startCluster } = await import('../spec/support/kafka/cluster.ts');
  // the full JVM: the rig's own flags trade speed for a quick start
  return startCluster({ jvmFlags: ['-Xms1g', '-Xmx1g'] });
}

async function runCase({ name, brokers, admin, java, present }) {
  const taking = present.filter((client) => cases[name].only?.includes(client) ?? true);
  const entries = taking.flatMap((client) =>
    ((client === 'rx-kafka' && ways[name]) || [name]).map((way) => ({ client, way })),
  );
  const runs = [];
  const shape = cases[name];
  const replication = shape.replication ?? Number(options.replication);
  let input = null;
  if (shape.input) {
    input = await admin.create('input', shape.partitions, replication);
    const count = Math.max(...entries.map(({ client }) => allOf(taskOf(name, client))));
    await measure('java', 'fill', { brokers, topic: input, size: shape.size, count, warmUp: 0 }, java);
    const held = await admin.records(input);
    if (held !== count) throw new Error(`${held} of ${count} records in the input topic`);
  }
  for (let round = 0; round < Number(options.rounds); round++) {
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[(index + round) % entries.length];
      const run = await runOnce({ name, ...entry, brokers, admin, java, input, replication });
      runs.push({ round, ...run });
      if (options.out !== '') appendFileSync(options.out, `${JSON.stringify(runs.at(-1))}\n`);
    }
  }
  if (input !== null) await admin.remove(input);
  return runs;
}

async function runOnce({ name, client, way, brokers, admin, java, input, replication }) {
  const { input: reads, pipe, partitions, replication: _, ...task } = taskOf(name, client);
  const writes = !reads || pipe;
  const written = writes ? await admin.create(name.toLowerCase(), partitions, replication) : null;
  const group = `bench-${name}-${client}-${process.hrtime.bigint()}`;
  Object.assign(task, { brokers, group, topic: input ?? written, output: written ?? '' });
  const about = { case: name, way, client };
  try {
    const profile = options.profile === '' || client !== 'rx-kafka' ? null : options.profile;
    const figures = await measure(client, way, task, java, { profile });
    const wrong = await mistakes({ name, pipe, reads, task, written, group, input, figures, admin });
    const cpu = ((figures.cpuSeconds / figures.records) * 1e6).toFixed(2);
    const speed = (figures.records / figures.seconds / 1000).toFixed(0);
    const extra = 'p50Ms' in figures ? ` p50 ${figures.p50Ms.toFixed(2)} p99 ${figures.p99Ms.toFixed(2)} ms` : '';
    const growth = 'growthMb' in figures ? ` growth ${figures.growthMb.toFixed(1)} MB` : '';
    say(
      `${way} ${client}: ${cpu} CPU s/M, ${speed} k/s, ${figures.peakRssMb.toFixed(0)} MB${extra}${growth}${wrong.map((one) => ` VOID: ${one}`).join('')}`,
    );
    return { ...about, ok: wrong.length === 0, wrong, ...figures };
  } catch (error) {
    say(`${way} ${client}: failed: ${error.message}`);
    return { ...about, ok: false, wrong: [error.message] };
  } finally {
    if (written !== null) await admin.remove(written);
  }
}

/** Records of one run, the unmeasured ones included. */
function allOf({ count, warmUp }) {
  return count + warmUp;
}

/** What a run lost; a run with losses does not count. */
async function mistakes({ name, pipe, reads, task, written, group, input, figures, admin }) {
  const wrong = [];
  if (name === 'M1' || name === 'S1') return wrong;
  if (figures.records < task.count) wrong.push(`${figures.records} of ${task.count} records`);
  if (written !== null) {
    const held = await admin.records(written);
    const least = allOf(task);
    // a pipe may have taken more than it was asked for before it could be stopped
    if (pipe ? held < least : held !== least) wrong.push(`${held} of ${least} records in the topic`);
  }
  if (pipe) {
    const committed = await admin.committed(group, input);
    if (committed < allOf(task)) wrong.push(`${committed} of ${allOf(task)} committed`);
  } else if (reads && figures.volume < task.count * task.size) {
    wrong.push(`${figures.volume} bytes of ${task.count * task.size}`);
  }
  return wrong;
}
