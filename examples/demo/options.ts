import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** Null: an embedded cluster. */
  readonly bootstrapServers: string | null;
  readonly orders: number;
  readonly perSecond: number;
  readonly atLeastOnce: boolean;
}

export const usage = `Usage: npm run demo -- [options]

Three billing processes turn orders into invoices, exactly once, while a broker and one of them are killed.
It needs nothing but Node: the Kafka cluster is the embedded one of rx-kafka/testing/broker. It takes about ten seconds.

  --bootstrap-servers HOST:PORT,...  run it on this Kafka cluster; brokers are left alone, unless you kill one yourself
  --orders N                         how many orders (10000)
  --rate N                           orders per second (2000)
  --at-least-once                    without transactions, to see what they are for: nothing is lost, some comes twice
  --help                             this text

Exit code: 0 nothing lost and nothing twice, 1 otherwise, 2 wrong options, 130 Ctrl-C.`;

/** @returns null when help is asked for. @throws TypeError for an option that is unknown or makes no sense */
export function demoOptions(args: readonly string[]): DemoOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'bootstrap-servers': { type: 'string' },
      orders: { type: 'string', default: '10000' },
      rate: { type: 'string', default: '2000' },
      'at-least-once': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  return {
    bootstrapServers: servers(values['bootstrap-servers']),
    orders: count('--orders', values.orders, 1000, 1_000_000),
    perSecond: count('--rate', values.rate, 100, 20_000),
    atLeastOnce: values['at-least-once'],
  };
}

function count(option: string, value: string, least: number, most: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new TypeError(`${option} takes a number from ${least} to ${most}, not '${value}'`);
}

function servers(value: string | undefined): string | null {
  if (value === undefined) return null;
  if (value.split(',').every((server) => /^[^\s:]+:\d+$|^\[[\da-f:]+\]:\d+$/iu.test(server))) return value;
  throw new TypeError(`--bootstrap-servers takes host:port,host:port, not '${value}'`);
}
