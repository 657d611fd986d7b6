import { Screen } from '../../../examples/demo/screen.js';

function screenOn(output: { readonly isTTY: boolean; readonly columns?: number }) {
  const writes: string[] = [];
  const clock = { ms: 0 };
  const screen = new Screen({ ...output, write: (text) => writes.push(text) }, () => clock.ms);
  return { screen, writes, clock };
}

/** Rows as a terminal shows them after what was written. */
function rowsOf(writes: readonly string[]): string[] {
  const rows: string[] = [];
  let at = 0;
  // eslint would rather not see control characters in a pattern
  const sequence = new RegExp('\u001b\\[(\\??\\d*)([A-Za-z])|\n|[^\u001b\n]+', 'gu');
  for (const [token, count, command] of writes.join('').matchAll(sequence)) {
    if (token === '\n') at++;
    else if (command === 'A') at -= Number(count);
    else if (command === 'J') rows.length = at;
    else if (command === 'K') rows[at] ??= '';
    else if (command === undefined) rows[at] = token;
  }
  return rows;
}

const block = (...lines: string[]) => ({ block: lines, line: 'unused' });

it('draws the block anew in place, below the lines that stay', () => {
  const { screen, writes, clock } = screenOn({ isTTY: true, columns: 40 });
  screen.show(block('one', 'two'));
  clock.ms = 1500;
  screen.say('happened\nin two lines');
  screen.show(block('1', '2', '3'));
  expect(rowsOf(writes)).toEqual(['  1.5 s  happened', '         in two lines', '1', '2', '3']);
  screen.show(block('1'));
  screen.print('the end');
  screen.close();
  expect(rowsOf(writes)).toEqual(['  1.5 s  happened', '         in two lines', 'the end']);
  expect(writes.at(-1)).toBe('\u001b[?25h');
});

it('does not flicker: each change is one write that clears nothing before it has something to show', () => {
  const { screen, writes } = screenOn({ isTTY: true, columns: 40 });
  screen.show(block('one', 'two'));
  const before = writes.length;
  screen.show(block('one', 'two'));
  expect(writes.length).toBe(before);
  screen.show(block('one', 'TWO'));
  expect(writes.slice(before)).toEqual(['\u001b[2Aone\u001b[K\nTWO\u001b[K\n\u001b[J']);
});

it('cuts what is wider than the terminal, also when that does not tell its width', () => {
  for (const [columns, shown] of [
    [10, 9],
    [0, 79],
  ] as const) {
    const { screen, writes } = screenOn({ isTTY: true, columns });
    screen.show(block('x'.repeat(200)));
    expect(rowsOf(writes)).toEqual(['x'.repeat(shown)]);
  }
});

it('writes plain lines elsewhere, one a second', () => {
  const { screen, writes, clock } = screenOn({ isTTY: false });
  for (; clock.ms <= 2500; clock.ms += 100) screen.show({ block: ['unused'], line: 'how it stands' });
  screen.say('KILLED');
  screen.close();
  expect(writes.join('')).toBe('  1.0 s  how it stands\n  2.0 s  how it stands\n  2.6 s  KILLED\n');
});
