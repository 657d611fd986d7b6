// npm run demo: orders in, invoices out, exactly once, while a broker and a billing process are killed.
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka } from 'rx-kafka';
import { audit, grouped, isKept, verdict } from './audit.js';
import { type Brokers, embeddedBrokers } from './brokers.js';
import { readAll } from './feed.js';
import { type DemoOptions, demoOptions, usage } from './options.js';
import { Screen } from './screen.js';
import { story, type Until } from './story.js';
import { World } from './world.js';

/** Milliseconds without a new invoice after which the demo gives up. */
const patienceMs = 60_000;
const stopMs = 10_000;

function introduction({ bootstrapServers, atLeastOnce }: DemoOptions): string {
  const embedded = bootstrapServers === null;
  return [
    `${atLeastOnce ? 'At least once' : 'Exactly once'}: three billing processes turn orders into invoices, on ` +
      `${embedded ? 'a Kafka cluster of three brokers inside this process' : `the Kafka cluster at ${bootstrapServers}`}.`,
    atLeastOnce
      ? 'Each reads orders, writes one invoice per order, and commits twice per second how far it has come.'
      : 'Each reads orders, writes one invoice per order, and commits both together in one Kafka transaction.',
    `On the way ${embedded ? 'a broker is killed, then a billing process' : 'a billing process is killed'}. In the end both topics are read and compared.`,
    '',
  ].join('\n');
}

/** Answers when `is` holds; rejects on Ctrl-C, when a process ended by itself, or when nothing moves any more. */
function waiting(world: World, signal: AbortSignal): Until {
  return async (what, is) => {
    let last = -1;
    let since = performance.now();
    while (!is()) {
      await sleep(20, undefined, { signal });
      const failed = world.members.find(({ state }) => state === 'failed');
      if (failed !== undefined) throw new Error(`${failed.name} ended by itself`);
      if (world.visible !== last) since = performance.now();
      last = world.visible;
      if (performance.now() - since > patienceMs) throw new Error(`Gave up waiting until ${what}`);
    }
  };
}

/** @returns whether the promise was kept */
async function check(kafka: Kafka, brokers: Brokers, options: DemoOptions, screen: Screen): Promise<boolean> {
  const read = await readAll(kafka, brokers);
  const findings = audit(read.orders, read.invoices);
  const rolledBack =
    read.rolledBack === 0
      ? ''
      : `\n${grouped(read.rolledBack)} more invoices are in the log, of transactions that were rolled back: no such reader sees them.`;
  screen.say(`A new reader reads both topics from the beginning (read_committed) and compares them.${rolledBack}`);
  const kept = isKept(findings, options.atLeastOnce) && findings.orders === options.orders;
  if (options.atLeastOnce && findings.duplicated > 0)
    screen.say('What was written after the last commit of the killed process was written again: at least once.');
  screen.print();
  screen.print(verdict(findings));
  return kept;
}

async function demo(options: DemoOptions, screen: Screen, signal: AbortSignal): Promise<boolean> {
  const say = (line: string): void => {
    screen.say(line);
  };
  screen.print(introduction(options));
  const { bootstrapServers } = options;
  const brokers =
    bootstrapServers === null
      ? await embeddedBrokers()
      : await (await import('./given-brokers.js')).givenBrokers(bootstrapServers);
  const world = new World(brokers, options, say);
  const stopped = (): void => {
    world.kill();
  };
  process.once('exit', stopped);
  const drawing = setInterval(() => {
    screen.show(world.shown());
  }, 100);
  try {
    say(
      brokers.controls === null
        ? `Topics ${brokers.orders} and ${brokers.invoices} are made, to be deleted in the end.`
        : `Brokers 1, 2 and 3 listen on ${brokers.bootstrapServers.replaceAll(',', ', ')}.`,
    );
    await story(world, say, waiting(world, signal));
    await world.close(stopMs);
    clearInterval(drawing);
    screen.hide();
    const kafka = new Kafka({ bootstrapServers: brokers.bootstrapServers, clientId: 'auditor' });
    const kept = await check(kafka, brokers, options, screen);
    await kafka.close();
    return kept;
  } finally {
    clearInterval(drawing);
    screen.hide();
    await world.close(stopMs);
    await brokers.close().catch((error: unknown) => {
      say(`Could not clean up: ${String(error)}`);
    });
    process.off('exit', stopped);
  }
}

async function main(): Promise<number> {
  let options: DemoOptions | null;
  try {
    options = demoOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}\n`);
    return 2;
  }
  if (options === null) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const interrupted = new AbortController();
  const screen = new Screen();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // the second one does not wait
      if (interrupted.signal.aborted) process.exit(130);
      screen.say('Stopping.');
      interrupted.abort();
    });
  }
  // nobody reads any more: `| head`
  process.stdout.on('error', () => {
    interrupted.abort();
  });
  process.once('exit', () => {
    screen.close();
  });
  try {
    return (await demo(options, screen, interrupted.signal)) ? 0 : 1;
  } catch (error) {
    if (interrupted.signal.aborted) {
      screen.print('Stopped before the end, nothing was compared.');
      return 130;
    }
    screen.say((error as Error).message);
    return 1;
  }
}

// what is left open would be a mistake, and shall be seen: nothing forces the end
process.exitCode = await main();
