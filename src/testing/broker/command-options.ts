import { parseArgs } from 'node:util';
import { brokerProperties } from './broker-properties.js';
import { releases } from './version-ranges.js';

/** Text of `rx-kafka --help`. @internal */
export const usage = `Usage: rx-kafka broker [options]

Starts a Kafka cluster in memory on ports of 127.0.0.1, for tests and trials. Nothing is kept; Ctrl-C ends it.

  --brokers N           how many brokers (1)
  --port N              port of the first broker, the others follow it; 0 for free ones (9092)
  --topic NAME[:N]      creates a topic with N partitions (1); may be given several times.
                        Other topics come into being when they are used.
  --broker-version V    Kafka release whose API versions are offered, ${releases[0]!} to ${releases.at(-1)!} (${releases.at(-1)!})
  --property NAME=VALUE a broker property, as in server.properties; may be given several times
  --help                this text

Example: rx-kafka broker --brokers 3 --topic orders:6`;

/** What a command line asks for. @internal */
export interface BrokerCommand {
  readonly brokers: number;
  readonly port: number;
  readonly brokerVersion: string;
  readonly topics: readonly { readonly name: string; readonly partitions: number }[];
  readonly properties: Readonly<Record<string, string>>;
}

/** @returns null when help is asked for. @throws TypeError for what is unknown or makes no sense @internal */
export function brokerCommand(args: readonly string[]): BrokerCommand | null {
  const { values, positionals } = parsed(args);
  if (values.help) return null;
  const [command, ...rest] = positionals;
  if (command === undefined) throw new TypeError('A command is missing: broker');
  if (command !== 'broker') throw new TypeError(`There is no command '${command}', only broker`);
  if (rest.length > 0) throw new TypeError(`Unexpected argument '${rest[0]!}'`);
  const brokers = wholeNumber('--brokers', values.brokers, 1, 100);
  const brokerVersion = values['broker-version'];
  if (!releases.includes(brokerVersion))
    throw new TypeError(`--broker-version is one of ${releases.join(', ')}, not '${brokerVersion}'`);
  const properties = Object.fromEntries(values.property.map(property));
  brokerProperties(properties);
  return {
    brokers,
    port: wholeNumber('--port', values.port, 0, 65_536 - brokers),
    brokerVersion,
    topics: values.topic.map(topic),
    properties,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        brokers: { type: 'string', default: '1' },
        port: { type: 'string', default: '9092' },
        topic: { type: 'string', multiple: true, default: [] },
        'broker-version': { type: 'string', default: releases.at(-1)! },
        property: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    // Node goes on about arguments that begin with a dash
    throw new TypeError((error as Error).message.split('. To specify')[0]);
  }
}

function topic(given: string): { name: string; partitions: number } {
  const [name = '', partitions = '1', ...rest] = given.split(':');
  if (name === '' || rest.length > 0) throw new TypeError(`--topic takes NAME or NAME:PARTITIONS, not '${given}'`);
  return { name, partitions: wholeNumber(`--topic ${name}`, partitions, 1, 10_000) };
}

function property(given: string): [name: string, value: string] {
  const at = given.indexOf('=');
  if (at < 1) throw new TypeError(`--property takes NAME=VALUE, not '${given}'`);
  return [given.slice(0, at), given.slice(at + 1)];
}

function wholeNumber(option: string, given: string, least: number, most: number): number {
  const number = Number(given);
  if (given.trim() !== '' && Number.isInteger(number) && number >= least && number <= most) return number;
  throw new TypeError(`${option} takes a number from ${least} to ${most}, not '${given}'`);
}
