import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharedBrokers, uniqueName } from '../support/kafka/shared-brokers.js';
import {
  committedOffsets,
  createTopic,
  endOffsets,
  kafkajsConsume,
  kafkajsProduce,
  withAdmin,
} from '../support/peers/kafkajs.js';

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

  it('[X1] first-record.ts prints the one record with all its fields', async () => {
    const topic = uniqueName('greetings');
    await createTopic(sharedBrokers(), topic, { partitions: 1 });
    const { lines } = await example('first-record', { TOPIC: topic, GROUP: uniqueName('readers') });
    expect(lines[0]).toBe('written 0 0');
    expect(lines[1]).toMatch(new RegExp(`^read ${topic} 0 0 null Super message \\d{13}$`, 'u'));
    expect(lines).toHaveLength(2);
  }, 120_000);

  it('[X3] json-gzip.ts prints an object and a list', async () => {
    const topic = uniqueName('documents');
    await createTopic(sharedBrokers(), topic, { partitions: 1 });
    const { lines } = await example('json-gzip', { TOPIC: topic });
    expect(lines).toEqual(['object {"a":123.4,"b":"some string"}', 'list [1,2,3,4]']);
  }, 120_000);

  it('[X4] manual-commit.ts goes on in its second run where the first one committed', async () => {
    const topic = uniqueName('numbers');
    await createTopic(sharedBrokers(), topic, { partitions: 1 });
    const numbers = Array.from({ length: 25 }, (_, n) => ({ key: null, value: `number ${n}`, headers: [] }));
    await kafkajsProduce(sharedBrokers(), topic, 0, numbers, 'none');
    const env = { TOPIC: topic, GROUP: uniqueName('tens') };
    for (const from of [0, 10]) {
      const { lines } = await example('manual-commit', env);
      const ten = Array.from({ length: 10 }, (_, n) => `${from + n}: number ${from + n}`);
      expect(lines).toEqual([...ten, `committed ${from + 10}`]);
    }
  }, 120_000);

  it('[X5] group.ts shares two partitions between two members, the other group reads all', async () => {
    const topic = uniqueName('shared');
    await createTopic(sharedBrokers(), topic, { partitions: 2 });
    const { lines } = await example('group', { TOPIC: topic, GROUP: uniqueName('team') });
    const of = (name: string): string[] => lines.filter((line) => line.startsWith(`${name} reads`)).sort();
    const reads = (name: string, from: number, partition: number): string[] =>
      [from, from + 1].map((n) => `${name} reads #${n} of partition ${partition}`);
    expect(of('other')).toEqual([...reads('other', 1, 0), ...reads('other', 3, 1)]);
    const first = of('one')[0]?.endsWith('0') === true ? 'one' : 'two';
    expect(of(first)).toEqual(reads(first, 1, 0));
    const second = first === 'one' ? 'two' : 'one';
    expect(of(second)).toEqual(reads(second, 3, 1));
  }, 120_000);

  it('[X6] partitioner.ts sends last to 9, first to 0, and some anywhere', async () => {
    const topic = uniqueName('ten');
    await createTopic(sharedBrokers(), topic, { partitions: 10 });
    const { lines } = await example('partitioner', { TOPIC: topic });
    expect(lines).toEqual([
      'last-message is in partition 9',
      expect.stringMatching(/^some-message is in partition \d$/u),
      'first-message is in partition 0',
    ]);
  }, 120_000);

  it('[X8] send-errors.ts tells apart what was written, what never can be, and what may be tried again', async () => {
    const topic = uniqueName('small');
    await createTopic(sharedBrokers(), topic, { partitions: 1 });
    const { lines } = await example('send-errors', { TOPIC: topic });
    expect(lines).toEqual([
      'a small record is written',
      'a large record can never be written',
      'a record behind close failed with ERR_KAFKA_CLIENT_CLOSED',
      'a record without a broker is late, try again',
    ]);
  }, 120_000);

  it('[X10] batches.ts packs a thousand records into 687 and 313', async () => {
    const topic = uniqueName('packed');
    await createTopic(sharedBrokers(), topic, { partitions: 3 });
    const { lines } = await example('batches', { TOPIC: topic });
    const masked = lines.map((line) => line.replace(/offset (0|687) of partition [012]$/u, 'offset n of partition n'));
    expect(masked.sort()).toEqual(['313', '687'].map((count) => `${count} messages from offset n of partition n`));
    expect((await endOffsets(sharedBrokers(), topic)).reduce((sum, end) => sum + end, 0)).toBe(1000);
  }, 120_000);

  it('[X2] positions.ts reads by position, commits per hundred and per batch, seeks back, and prints lag', async () => {
    const topic = uniqueName('guide');
    await createTopic(sharedBrokers(), topic, { partitions: 2 });
    const { lines } = await example('positions', { TOPIC: topic, GROUP: uniqueName('guide') });
    expect(lines).toEqual([
      'written 250',
      'offset 0 position behind it committed 1',
      'committed 200',
      'batches 50,50,50,50,50',
      'reread equal',
      'lag 0 unstable 0',
    ]);
  }, 120_000);

  it('[X2, C12] stored-offsets.ts counts everything once over two runs', async () => {
    const topic = uniqueName('visits');
    await createTopic(sharedBrokers(), topic, { partitions: 2 });
    const folder = mkdtempSync(join(tmpdir(), 'visits-'));
    const env = { TOPIC: topic, GROUP: uniqueName('counts'), STORE: join(folder, 'visits.json'), RUN_MS: '6000' };
    try {
      for (const total of [10, 20]) {
        for (const partition of [0, 1]) {
          const visits = Array.from({ length: 15 }, (_, n) => ({ key: `k${n % 3}`, value: 'v', headers: [] }));
          await kafkajsProduce(sharedBrokers(), topic, partition, visits, 'none');
        }
        const { lines } = await example('stored-offsets', env);
        expect(JSON.parse(lines.at(-1)!)).toEqual({ k0: total, k1: total, k2: total });
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 120_000);

  it('[X9] local-state.ts saves on revoke, loads with a seek, and discards state whose offset is out of range', async () => {
    const topic = uniqueName('words');
    await createTopic(sharedBrokers(), topic, { partitions: 3 });
    const words = Array.from({ length: 5 }, (_, n) => ({ key: `w${n % 2}`, value: 'v', headers: [] }));
    for (const partition of [0, 1, 2]) await kafkajsProduce(sharedBrokers(), topic, partition, words, 'none');
    const folder = mkdtempSync(join(tmpdir(), 'words-'));
    const env = { TOPIC: topic, GROUP: uniqueName('counters'), STATE: folder };
    const moves = (lines: readonly string[]): string[] => lines.filter((line) => !line.includes(' counts '));
    try {
      let second: Promise<Ran> | null = null;
      const first = await example('local-state', { ...env, MEMBER: 'a' }, (lines) => {
        if (lines.filter((line) => line.includes(' counts ')).length === 15) {
          second ??= example('local-state', { ...env, MEMBER: 'b' }, (out) => out.includes('b assigned 0,1,2'));
        }
        return lines.includes('a assigned 0,2');
      });
      expect(moves(first.lines)).toEqual(['a assigned 0,1,2', 'a revoked 0,1,2', 'a assigned 0,2', 'a revoked 0,2']);
      const ran = await second!;
      expect(moves(ran.lines)).toEqual(['b assigned 1', 'b revoked 1', 'b assigned 0,1,2', 'b revoked 0,1,2']);
      expect(ran.lines).toHaveLength(4);
      const state = JSON.parse(readFileSync(join(folder, 'partition-0.json'), 'utf8')) as object;
      expect(state).toEqual({ last_offset: 4, counts: { w0: 3, w1: 2 } });

      await kafkajsProduce(sharedBrokers(), topic, 1, words, 'none');
      await withAdmin(sharedBrokers(), async (admin) => {
        // loads what kafkajs needs to know of the topic
        await admin.fetchTopicOffsets(topic);
        await admin.deleteTopicRecords({ topic, partitions: [{ partition: 1, offset: '8' }] });
      });
      const third = await example('local-state', { ...env, MEMBER: 'c' }, (lines) =>
        lines.includes('c counts w0 of 1@9'),
      );
      expect(third.lines).toContain('c discards the state of 1');
      expect(third.lines.filter((line) => line.includes(' counts '))).toEqual([
        'c counts w1 of 1@8',
        'c counts w0 of 1@9',
      ]);
      const anew = JSON.parse(readFileSync(join(folder, 'partition-1.json'), 'utf8')) as object;
      expect(anew).toEqual({ last_offset: 9, counts: { w0: 1, w1: 1 } });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 120_000);

  it('[X11, T2] exactly-once.ts invoices every order once, puts a bad one aside, and drains on SIGTERM', async () => {
    const [from, to] = [uniqueName('orders'), uniqueName('invoices')];
    for (const topic of [from, to, `${to}.dlq`]) await createTopic(sharedBrokers(), topic, { partitions: 1 });
    const orders = Array.from({ length: 30 }, (_, n) => ({
      key: `customer-${n % 7}`,
      value: JSON.stringify({ id: `order-${n}`, qty: n === 11 ? -1 : n }),
      headers: [],
    }));
    await kafkajsProduce(sharedBrokers(), from, 0, orders, 'none');
    const env = { FROM: from, TO: to, GROUP: uniqueName('billing'), TRANSACTIONAL_ID: uniqueName('billing') };
    const ran = await example('exactly-once', env, (lines) => lines.length === 29);
    const good = orders.map((_, n) => n).filter((n) => n !== 11);
    expect(ran.lines).toEqual([...good.map((n) => `invoiced order-${n} for ${n * 12}`), 'closed']);
    expect(await committedOffsets(sharedBrokers(), env.GROUP, from)).toEqual([30]);
    // committed records alone are read
    const invoices = await kafkajsConsume(sharedBrokers(), to, 29);
    const ids = invoices.map(({ value }) => (JSON.parse(value!) as { id: string }).id);
    expect(ids).toEqual(good.map((n) => `order-${n}`));
    const dead = await kafkajsConsume(sharedBrokers(), `${to}.dlq`, 1);
    expect(dead.map(({ value }) => value)).toEqual([orders[11]!.value]);
  }, 120_000);
});
