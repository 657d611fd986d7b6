import { blocksOf, mistakesIn, pages } from './support/code-blocks.js';
import { cellsOf } from './support/name-tables.js';

const planted = ['# Page', '', '```ts', 'orders.records$.subscribe((order) => save(order.key));', '```', ''].join('\n');
let mistakes: readonly string[];

// one program for all: it reads the sources of the package, that is what the time is for
beforeAll(() => {
  const blocks = pages().flatMap(({ path, text }) => blocksOf(path, text));
  expect(blocks.length).toBeGreaterThan(20);
  const cells = cellsOf(pages().find(({ path }) => path === 'docs/coming-from.md')!.text);
  expect(cells.length).toBeGreaterThan(60);
  mistakes = mistakesIn([...blocks, ...cells, ...blocksOf('planted.md', planted)]);
}, 120_000);

it('every ts block of README and docs, and every name in the tables for newcomers, compiles against the package', () => {
  expect(mistakes.filter((line) => !line.startsWith('planted'))).toEqual([]);
});

it('a mistake in a block is found, with its page and line', () => {
  expect(mistakes.filter((line) => line.startsWith('planted'))).toEqual([
    expect.stringMatching(/^planted\.md:3 \+1: Argument of type 'string' is not assignable/u),
  ]);
});
