import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as operators from '../../operators/index.js';

describe('the list of blocks that wait', () => {
  const rows = readFileSync(join(__dirname, 'waiting.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ('));

  it('names only operators that do not exist yet', () => {
    const names = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map((match) => match[1]!));
    expect(names.filter((name) => name in operators)).toEqual([]);
  });
});
