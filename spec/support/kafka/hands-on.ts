// npm run kafka: a cluster to play with. Prints the bootstrap servers on stdout, everything else on stderr.
// `npm run kafka -- --brokers 1 --heap 1g --property num.partitions=6`
import { parseArgs } from 'node:util';
import { startCluster } from './cluster.js';

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', default: '3' },
    heap: { type: 'string' },
    directory: { type: 'string' },
    property: { type: 'string', multiple: true, default: [] },
  },
});
const properties = Object.fromEntries(
  values.property.map((line) => {
    const at = line.indexOf('=');
    if (at < 1) throw new Error(`--property takes name=value, not "${line}"`);
    return [line.slice(0, at), line.slice(at + 1)];
  }),
);
const started = performance.now();
const cluster = await startCluster({
  brokers: Number(values.brokers),
  properties,
  // a heap of its own also means the JVM's full compilers: for measurements
  ...(values.heap === undefined ? {} : { jvmFlags: [`-Xmx${values.heap}`] }),
  ...(values.directory === undefined ? {} : { directory: values.directory }),
});
console.log(cluster.bootstrapServers);
const list = cluster.brokers.map((broker) => `${broker.id}=${broker.pid ?? 'down'}`).join(' ');
console.error(`Ready in ${((performance.now() - started) / 1000).toFixed(1)} s, process ids ${list}. Ctrl-C stops it.`);
const alive = setInterval(() => undefined, 1 << 30);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    clearInterval(alive);
    void cluster.stop();
  });
}
