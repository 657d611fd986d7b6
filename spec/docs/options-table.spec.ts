import { resolveConsumerOptions } from '../../src/observables/consumer-options.js';
import { resolveProducerOptions } from '../../src/observables/producer-options.js';
import { pages } from './support/code-blocks.js';
import { rowsOf } from './support/name-tables.js';

const { text } = pages().find(({ path }) => path === 'docs/consuming.md')!;
const options = rowsOf(text).filter(({ section }) => section === 'Options');
const plain = new Map(options.map(({ theirs, ours }) => [theirs[0]!, ours[0]]));

/** Every option there is, as the refusal of an unknown one lists them. */
function known(resolve: (options: object) => unknown = resolveConsumerOptions): string[] {
  try {
    resolve({ qqqqqqqqqqqqqqqqqqqqqq: 1 });
  } catch (error) {
    return /known options are (.*)$/u.exec((error as Error).message)![1]!.split(', ');
  }
  throw new Error('accepted');
}

describe('[CO1, CO4, CO5, CO6, CO7, CO8, CO9, CO10, CO11, CO14, CO15, CO16, CO17, CO19, CO20, CO21, CO22, CO23, CO28, CO30] the options of a consumer', () => {
  it('are all in the table, and nothing else is', () => {
    expect([...plain.keys()].sort()).toEqual(known().sort());
  });

  it('have the defaults that the table says', () => {
    const resolved = resolveConsumerOptions({ topics: 'a' }) as unknown as Record<string, unknown>;
    const literal = [...plain].flatMap(([name, code]) => {
      if (code === undefined || !/^(?:-?\d+|true|false|'[^']*')$/u.test(code)) return [];
      return [[name, code.startsWith("'") ? code.slice(1, -1) : (JSON.parse(code) as unknown)] as const];
    });
    expect(literal.length).toBeGreaterThan(14);
    for (const [name, value] of literal) {
      // kept as the number of the protocol
      const ours =
        name === 'isolationLevel' ? ['read_uncommitted', 'read_committed'][resolved[name] as 0 | 1] : resolved[name];
      expect([name, ours]).toEqual([name, value]);
    }
    expect(resolved).toMatchObject({
      groupId: null,
      groupInstanceId: null,
      keyDeserializer: null,
      valueDeserializer: null,
      commit: { everyMs: 5000, everyRecords: null },
      windowRecords: 1000,
      windowBytes: 4 * 1024 * 1024,
      acknowledge: 'onNext',
      drainTimeoutMs: 30000,
    });
    expect((resolved['assignors'] as readonly { name: string }[]).map(({ name }) => name)).toEqual([
      'cooperative-sticky',
    ]);
    expect(resolveConsumerOptions({ topics: 'a', groupId: 'g' }).acknowledge).toBe('explicit');
    expect(resolveConsumerOptions({ topics: 'a', rebalanceTimeoutMs: 20000 }).drainTimeoutMs).toBe(10000);
  });

  it('name the property of Kafka where it has another spelling only by dots', () => {
    for (const { theirs, line } of options) {
      const property = /\|\s*([a-z]+(?:\.[a-z]+)+)\s*\|/u.exec(text.split('\n')[line - 1]!)?.[1];
      if (property === undefined) continue;
      const camel = property.replace(/\.([a-z])/gu, (_, letter: string) => letter.toUpperCase());
      // renamed here, for the reason the remark gives
      if (['assignors', 'commit', 'rebalanceTimeoutMs', 'serverAssignor'].includes(theirs[0]!)) continue;
      expect(theirs[0]).toBe(camel);
    }
  });
});

describe('[PO3, PO4, PO5, PO6, PO7, PO8, PO9, PO10, PO19] the options of a producer', () => {
  const producing = pages().find(({ path }) => path === 'docs/producing.md')!.text;
  const listed = rowsOf(producing).filter(({ section }) => section === 'Options');

  it('are all in the table, and nothing else is', () => {
    expect(listed.map(({ theirs }) => theirs[0]!).sort()).toEqual(known(resolveProducerOptions).sort());
  });

  it('have the defaults that the table says', () => {
    const resolved = resolveProducerOptions() as unknown as Record<string, unknown>;
    for (const { line, theirs } of listed) {
      const name = theirs[0]!;
      const said = producing.split('\n')[line - 1]!.split('|')[2]!.trim().replaceAll(/[`']/gu, '');
      const ours = resolved[name];
      const shown = JSON.stringify(name === 'compression' ? (ours as { type: string }).type : ours);
      const text = ours === null ? ['none', 'bytes'] : [shown.replaceAll('"', '')];
      expect([name, text]).toEqual([name, expect.arrayContaining([said])]);
    }
  });

  it('[D#923] the page says that computing without a pause sends nothing', () => {
    expect(producing).toMatch(/Computing without a pause sends nothing/u);
  });
});
