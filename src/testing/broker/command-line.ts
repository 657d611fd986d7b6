#!/usr/bin/env node
import { EmbeddedCluster } from './embedded-cluster.js';

const usage = `Usage: rx-kafka broker [options]

Starts a Kafka cluster in memory on ports of 127.0.0.1; it ends with Ctrl-C, and nothing is kept.

  --brokers N        how many brokers (1)
  --port N           port of the first broker, the others follow it; 0 for free ones (9092)
  --version V        release whose API versions are listed, 0.11 to 4.3 (4.3)
  --topic NAME[:N]   creates a topic with N partitions (1); may be given several times
  --property K=V     a broker property; may be given several times`;

interface Wanted {
  brokers: number;
  port: number;
  brokerVersion: string;
  readonly topics: { readonly name: string; readonly partitions: number }[];
  readonly properties: Record<string, string>;
}

/** What the arguments ask for. @throws TypeError for one that is unknown or has no value */
function parse(args: readonly string[]): Wanted {
  const wanted: Wanted = { brokers: 1, port: 9092, brokerVersion: '4.3', topics: [], properties: {} };
  for (let at = 0; at < args.length; at += 2) {
    const [flag = '', value] = args.slice(at, at + 2);
    if (value === undefined) throw new TypeError(`${flag} needs a value`);
    const [name = '', rest] = value.split(flag === '--topic' ? ':' : '=');
    switch (flag) {
      case '--brokers':
        wanted.brokers = Number(value);
        break;
      case '--port':
        wanted.port = Number(value);
        break;
      case '--version':
        wanted.brokerVersion = value;
        break;
      case '--topic':
        wanted.topics.push({ name, partitions: Number(rest ?? 1) });
        break;
      case '--property':
        wanted.properties[name] = rest ?? '';
        break;
      default:
        throw new TypeError(`${flag} is no option`);
    }
  }
  return wanted;
}

async function main([command, ...args]: readonly string[]): Promise<void> {
  if (command !== 'broker' || args.includes('--help')) {
    process.stdout.write(`${usage}\n`);
    process.exitCode = command === 'broker' || command === '--help' ? 0 : 2;
    return;
  }
  const { topics, ...options } = parse(args);
  const cluster = await EmbeddedCluster.start(options);
  for (const { name, partitions } of topics) cluster.createTopic(name, { partitions });
  process.stdout.write(`bootstrap.servers=${cluster.bootstrapServers}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void cluster.close();
    });
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
