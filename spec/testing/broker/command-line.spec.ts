import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { EmbeddedCluster } from '../../../src/testing/broker/index.js';
import { brokerCommand, usage } from '../../../src/testing/broker/command-options.js';
import { projectRoot } from '../../support/project-root.js';

const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');

describe('arguments of rx-kafka', () => {
  it('have defaults', () => {
    expect(brokerCommand(['broker'])).toEqual({
      brokers: 1,
      port: 9092,
      brokerVersion: '4.3',
      topics: [],
      properties: {},
    });
  });

  it('name topics, properties and a release, with or without =', () => {
    const line = 'broker --brokers=3 --port 0 --topic a:6 --topic b --broker-version 2.8 --property num.partitions=4';
    expect(brokerCommand(words(line))).toEqual({
      brokers: 3,
      port: 0,
      brokerVersion: '2.8',
      topics: [
        { name: 'a', partitions: 6 },
        { name: 'b', partitions: 1 },
      ],
      properties: { 'num.partitions': '4' },
    });
  });

  it.each(['--help', '-h', 'broker --help'])('%s asks for help', (line) => {
    expect(brokerCommand(words(line))).toBeNull();
  });

  it.each([
    ['', 'A command is missing: broker'],
    ['brokr', "There is no command 'brokr', only broker"],
    ['broker 3', "Unexpected argument '3'"],
    ['broker --foo', "Unknown option '--foo'"],
    ['broker --brokers', "Option '--brokers <value>' argument missing"],
    ['broker --brokers x', "--brokers takes a number from 1 to 100, not 'x'"],
    ['broker --port 65535 --brokers 2', "--port takes a number from 0 to 65534, not '65535'"],
    ['broker --topic a:0', "--topic a takes a number from 1 to 10000, not '0'"],
    ['broker --topic a:1:2', "--topic takes NAME or NAME:PARTITIONS, not 'a:1:2'"],
    ['broker --broker-version 9.9', "not '9.9'"],
    ['broker --property foo=1', 'Broker property foo has no effect on the embedded cluster'],
    ['broker --property num.partitions', "--property takes NAME=VALUE, not 'num.partitions'"],
    [
      'broker --property num.partitions=many',
      "Broker property num.partitions takes a whole number from 0 on, not 'many'",
    ],
  ])("'%s' is refused", (line, message) => {
    expect(() => brokerCommand(words(line))).toThrow(message);
  });
});

async function rxKafka(args: readonly string[]): Promise<readonly [code: unknown, out: string, err: string]> {
  const script = ['--import', './scripts/ts.mjs', 'src/testing/broker/command-line.ts'];
  const child = spawn(process.execPath, [...script, ...args], { cwd: projectRoot(), timeout: 60_000 });
  let out = '';
  let err = '';
  child.stdout.on('data', (text: Buffer) => {
    out += text.toString();
    // it runs until somebody ends it
    if (out.startsWith('bootstrap') && out.includes('Ctrl-C')) child.kill('SIGINT');
  });
  child.stderr.on('data', (text: Buffer) => (err += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return [code, out, err];
}

describe('the process', () => {
  it('says where it listens, and ends with Ctrl-C', async () => {
    const [code, out, err] = await rxKafka(words('broker --port 0 --brokers 2 --topic orders:6 --topic more'));
    expect(out.replaceAll(/:\d{4,5}/gu, ':port').split('\n')).toEqual([
      'bootstrap.servers=127.0.0.1:port,127.0.0.1:port',
      'topic orders: 6 partitions',
      'topic more: 1 partition',
      'Kafka 4.3 in memory, 2 brokers. Nothing is kept; Ctrl-C ends it.',
      '',
    ]);
    expect([code, err]).toEqual([0, '']);
  }, 60_000);

  it('explains what is wrong with its arguments, and how it is used', async () => {
    expect(await rxKafka(['broker', '--foo'])).toEqual([2, '', `Unknown option '--foo'\n\n${usage}\n`]);
  }, 60_000);

  it('ends when a topic cannot be created', async () => {
    const [code, out, err] = await rxKafka(['broker', '--port', '0', '--topic', 'a b']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^Topic a b: /u);
  }, 60_000);

  it('says what to do when the port is taken', async () => {
    await using cluster = await EmbeddedCluster.start({ brokers: 1 });
    const port = cluster.bootstrapServers.split(':')[1]!;
    expect(await rxKafka(['broker', '--port', port])).toEqual([
      1,
      '',
      `Something listens on port ${port} of 127.0.0.1 already: choose another one with --port, or 0 for any\n`,
    ]);
  }, 60_000);
});
