import { spawn } from 'node:child_process';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import { createTopic, endOffsets, kafkajsProduce } from '../support/peers/kafkajs.js';

interface Ran {
  readonly code: number | null;
  readonly lines: readonly string[];
}

/** Runs an example until it ends by itself, or until its output is enough, when it gets SIGTERM. */
function example(
  name: string,
  env: Readonly<Record<string, string>>,
  enough?: (lines: readonly string[]) => boolean,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', './scripts/ts.mjs', `examples/${name}.ts`], {
      env: { ...process.env, KAFKA_BROKERS: sharedBrokers(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let told = false;
    const lines = (): readonly string[] => out.split('\n').filter((line) => line !== '');
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (told || enough?.(lines()) !== true) return;
      told = true;
      child.kill('SIGTERM');
    });
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${name} did not end, it printed ${out} ${err}`));
    }, 60_000);
    child.once('exit', (code) => {
      clearTimeout(late);
      if (code === 0) resolve({ code, lines: lines() });
      else reject(new Error(`${name} ended with ${String(code)}: ${out} ${err}`));
    });
  });
}

describe('examples', () => {
  it('produce.ts writes ten greetings, consume.ts reads them and commits', async () => {
    const topic = uniqueName('greetings');
    await createTopic(sharedBrokers(), topic, { partitions: 3 });
    const produced = await example('produce', { TOPIC: topic });
    expect(produced.lines).toHaveLength(10);
    expect(produced.lines[0]).toMatch(/^hello 1 is record \d+ of partition \d$/u);
    const group = uniqueName('readers');
    const consumed = await example('consume', { TOPIC: topic, GROUP: group, COUNT: '10' });
    expect(consumed.lines.map((line) => line.split(': ')[1]).sort()).toEqual(
      Array.from({ length: 10 }, (_, n) => `hello ${n + 1}`).sort(),
    );
    expect((await endOffsets(sharedBrokers(), topic)).reduce((sum, end) => sum + end, 0)).toBe(10);
  }, 120_000);

  it('[L26] topic-to-topic.ts prices orders and drains on SIGTERM', async () => {
    const from = uniqueName('orders');
    const to = uniqueName('invoices');
    for (const topic of [from, to]) await createTopic(sharedBrokers(), topic, { partitions: 3 });
    const orders = Array.from({ length: 50 }, (_, n) => ({
      key: `customer-${n % 7}`,
      value: JSON.stringify({ id: `order-${n}`, qty: n }),
      headers: [],
    }));
    await kafkajsProduce(sharedBrokers(), from, 0, orders, 'none');
    const committed = (lines: readonly string[]): boolean => lines.some((line) => line.includes('0:50'));
    const ran = await example('topic-to-topic', { FROM: from, TO: to, GROUP: uniqueName('billing') }, committed);
    expect(ran.lines.at(-1)).toBe('closed');
    expect((await endOffsets(sharedBrokers(), to)).reduce((sum, end) => sum + end, 0)).toBe(50);
  }, 120_000);

  it('[C17] priorities.ts reads a partition that lags behind first, and then all again', async () => {
    const topic = uniqueName('jobs');
    await createTopic(sharedBrokers(), topic, { partitions: 2 });
    const jobs = (name: string, count: number): { key: string; value: string; headers: [] }[] =>
      Array.from({ length: count }, (_, n) => ({ key: 'k', value: `${name} ${n}`, headers: [] }));
    await kafkajsProduce(sharedBrokers(), topic, 0, jobs('early', 5), 'none');
    await kafkajsProduce(sharedBrokers(), topic, 1, jobs('backlog', 1000), 'none');
    const late: Promise<unknown>[] = [];
    const env = { TOPIC: topic, GROUP: uniqueName('workers'), BEHIND: '50' };
    const ran = await example('priorities', env, (lines) => {
      // comes while partition 1 is worked off
      if (late.length === 0 && lines.includes('first 1'))
        late.push(kafkajsProduce(sharedBrokers(), topic, 0, jobs('late', 5), 'none'));
      return lines.includes('0: late 4');
    });
    await Promise.all(late);
    const at = (line: string): number => ran.lines.indexOf(line);
    const again = ran.lines.findIndex((line, n) => line === 'first all' && n > at('first 1'));
    expect(at('first 1')).toBeGreaterThanOrEqual(0);
    expect(again).toBeGreaterThan(at('1: backlog 800'));
    expect(at('0: late 0')).toBeGreaterThan(again);
    expect(ran.lines.filter((line) => line.startsWith('0: '))).toHaveLength(10);
  }, 120_000);
});
