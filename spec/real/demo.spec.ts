import { usage } from '../../examples/demo/options.js';
import { sharedBrokers } from '../support/kafka/shared-brokers.js';
import { withAdmin } from '../support/peers/kafkajs.js';
import { runDemo } from '../support/demo.js';

const short = ['--orders', '3000', '--rate', '1500'];

/** The event in the middle of the line, whatever its time. */
const told = (lines: readonly string[], text: string): boolean => lines.some((line) => line.slice(9).startsWith(text));

it('ends with 0 lost, 0 duplicated after a broker and a member were killed, with nothing but Node', async () => {
  const { code, lines, errors } = await runDemo(short);
  expect([lines.at(-1), code, errors]).toEqual(['3,000 orders, 3,000 invoices, 0 lost, 0 duplicated', 0, '']);
  expect(told(lines, 'KILLED broker')).toBe(true);
  expect(told(lines, 'KILLED billing-2')).toBe(true);
  expect(told(lines, 'The dead process is out of the group')).toBe(true);
  // a file or a pipe gets no escape codes
  expect(lines.join('')).not.toContain('\u001b');
}, 130_000);

it('the same faults without transactions lose nothing and write some twice: the check can fail', async () => {
  const { code, lines } = await runDemo([...short, '--at-least-once']);
  const [, duplicated] = /^3,000 orders, [\d,]+ invoices, 0 lost, ([\d,]+) duplicated$/u.exec(lines.at(-1)!) ?? [];
  expect(Number(duplicated?.replaceAll(',', ''))).toBeGreaterThan(0);
  expect(code).toBe(0);
}, 130_000);

it('Ctrl-C ends it and its processes', async () => {
  const { code, lines, errors } = await runDemo([], (line, child) => {
    if (line.includes('Orders come in.')) child.kill('SIGINT');
  });
  expect([code, lines.at(-1), errors]).toEqual([130, 'Stopped before the end, nothing was compared.', '']);
  const [, pids] = /processes start \(([\d, ]+)\)/u.exec(lines.join('\n'))!;
  for (const pid of pids!.split(', ')) expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
}, 130_000);

it('the demo on a cluster that is there: exactly once while a member is killed, and nothing stays behind', async () => {
  const args = ['--bootstrap-servers', sharedBrokers(), '--orders', '3000', '--rate', '1500'];
  const { code, lines } = await runDemo(args);
  expect([lines.at(-1), code]).toEqual(['3,000 orders, 3,000 invoices, 0 lost, 0 duplicated', 0]);
  const text = lines.join('\n');
  expect(text).toContain('KILLED billing-2');
  expect(text).not.toContain('KILLED broker');
  const [, orders] = /Topics (\S+-orders) and/u.exec(text)!;
  expect(await withAdmin(sharedBrokers(), (admin) => admin.listTopics())).not.toContain(orders);
}, 130_000);

it('says how it is used', async () => {
  expect(await runDemo(['--help'])).toMatchObject({ code: 0, lines: usage.split('\n'), errors: '' });
  const { code, lines, errors } = await runDemo(['--fast']);
  expect([code, lines]).toEqual([2, []]);
  expect(errors).toBe(`Unknown option '--fast'\n\n${usage}\n`);
}, 130_000);
