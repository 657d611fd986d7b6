#!/usr/bin/env node
import { type BrokerCommand, brokerCommand, usage } from './command-options.js';
import { EmbeddedCluster } from './embedded-cluster.js';

/** A line that tells what is wrong and what to do about it. */
function explained(error: unknown, { port, brokers }: BrokerCommand): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const ports = brokers === 1 ? `port ${port}` : `one of the ports ${port} to ${port + brokers - 1}`;
  if (code === 'EADDRINUSE')
    return `Something listens on ${ports} of 127.0.0.1 already: choose another one with --port, or 0 for any`;
  if (code === 'EACCES') return `This user may not listen on ${ports}: choose another one with --port`;
  return message;
}

function greeting(cluster: EmbeddedCluster, { brokers, brokerVersion, topics }: BrokerCommand): string {
  const lines = topics.map(({ name, partitions }) => `topic ${name}: ${counted(partitions, 'partition')}`);
  return [
    // first, and alone in its line: for programs that read it
    `bootstrap.servers=${cluster.bootstrapServers}`,
    ...lines,
    `Kafka ${brokerVersion} in memory, ${counted(brokers, 'broker')}. Nothing is kept; Ctrl-C ends it.`,
    '',
  ].join('\n');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

async function run(command: BrokerCommand): Promise<void> {
  const { topics, ...options } = command;
  const cluster = await EmbeddedCluster.start(options);
  try {
    for (const { name, partitions } of topics) cluster.createTopic(name, { partitions });
  } catch (error) {
    // what listens would keep the process
    await cluster.close();
    throw error;
  }
  // who read the first line may be gone
  process.stdout.on('error', () => undefined);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void cluster.close();
    });
  }
  process.stdout.write(greeting(cluster, command));
}

async function main(args: readonly string[]): Promise<number> {
  let command: BrokerCommand | null;
  try {
    command = brokerCommand(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}\n`);
    return 2;
  }
  if (command === null) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  try {
    await run(command);
    return 0;
  } catch (error) {
    process.stderr.write(`${explained(error, command)}\n`);
    return 1;
  }
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
