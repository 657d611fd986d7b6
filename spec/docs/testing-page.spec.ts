import { EMPTY } from 'rxjs';
import { blocksOf, pages, runnable } from './support/code-blocks.js';

/** What the page takes for granted. */
const prelude = {
  orders: { partitions$: EMPTY },
  producer: { write: () => true, onReady: () => () => undefined },
  toInvoice: ({ id, qty }: { id: string; qty: number }) => ({ id, total: qty * 10 }),
  expect,
};
const modules: Readonly<Record<string, unknown>> = {
  rxjs: jest.requireActual('rxjs'),
  'rx-kafka': jest.requireActual('../../src/index.js'),
  'rx-kafka/operators': jest.requireActual('../../operators/index.js'),
  'rx-kafka/testing': jest.requireActual('../../src/testing/index.js'),
  './prelude.js': prelude,
};
const { path, text } = pages().find((page) => page.path === 'docs/testing.md')!;
const blocks = blocksOf(path, text);

type Compile = (...parametersAndBody: readonly string[]) => (load: (name: string) => unknown, exports: object) => void;

/** In the realm of the spec, so that `instanceof` holds. */
const compile = (blocksOf as { readonly constructor: unknown }).constructor as Compile;
const run = (code: string): void => {
  const load = (name: string): unknown => modules[name];
  compile('require', 'exports', code)(load, {});
};

describe('docs/testing.md', () => {
  it('has the first example and the five worked tests', () => {
    expect(blocks.filter((block) => block.text.includes('runMarbles(('))).toHaveLength(6);
    expect([...text.matchAll(/^## (.*)$/gmu)].map((match) => match[1])).toEqual([
      'Retry with back-off',
      'Dead letter',
      'Windowed transaction',
      'Rebalance in mid-flight',
      'Back-pressure',
    ]);
  });

  it.each(blocks.map((block) => [block.where, block] as const))('[W5] the test at %s passes', (_where, block) => {
    run(runnable(block));
  });

  it.each(blocks.map((block) => [block.where, block] as const))(
    'the test at %s fails when what it expects is another frame',
    (_where, block) => {
      const late = { ...block, text: block.text.replace(/toBe\('/u, "toBe('9ms ") };
      expect(late.text).not.toBe(block.text);
      expect(() => {
        run(runnable(late));
      }).toThrow('differ');
    },
  );
});
