import { type Code } from './code-blocks.js';

/** One line of a table of names: what it is called elsewhere, what it is called here, a remark. */
export interface NameRow {
  readonly line: number;
  readonly section: string;
  /** Each name of the first cell that stands in backticks. */
  readonly theirs: readonly string[];
  /** Code of the second cell that stands in backticks. */
  readonly ours: readonly string[];
  readonly remark: string;
}

/** The rows of all tables of a page, with the heading they stand under. */
export function rowsOf(page: string): readonly NameRow[] {
  let section = '';
  const codes = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/gu)].map(([, code = '']) => code);
  return page.split('\n').flatMap((text, index) => {
    const heading = /^#+ (.*)$/u.exec(text);
    if (heading !== null) section = heading[1]!;
    if (!text.startsWith('| `')) return [];
    // a bar inside of code is written as \\|
    const cells = text
      .split(/(?<!\\)\|/u)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|'));
    const [theirs = '', ours = '', remark = ''] = cells;
    return [{ line: index + 1, section, theirs: codes(theirs), ours: codes(ours), remark }];
  });
}

/** What the code of a section is a piece of. */
const frames: readonly (readonly [section: RegExp, frame: (code: string) => string])[] = [
  [/consumer options/iu, (code) => `kafka.consumer({ topics: 'a', ${code} });`],
  [/producer options/iu, (code) => `kafka.producer({ ${code} });`],
  [/client options/iu, (code) => `new Kafka({ ${code} });`],
];

/** The second cells as TypeScript that must compile. */
export function cellsOf(page: string): readonly Code[] {
  return rowsOf(page).flatMap(({ line, section, ours }) => {
    const frame = frames.find(([pattern]) => pattern.test(section))?.[1] ?? ((code) => `void (${code});`);
    return ours.map((code) => ({ where: `docs/coming-from.md:${line}`, text: frame(code) }));
  });
}
