import { checkExactlyOnce, type InputRecord, madeValue, type MadeRecord, parseMade } from './exactly-once-check.js';

/** Keys a and b, six records in two partitions, offsets with gaps as markers leave them. */
const input: readonly InputRecord[] = [
  { partition: 0, offset: 0, key: 'a', id: 0 },
  { partition: 0, offset: 1, key: 'a', id: 2 },
  { partition: 0, offset: 3, key: 'a', id: 4 },
  { partition: 1, offset: 0, key: 'b', id: 1 },
  { partition: 1, offset: 2, key: 'b', id: 3 },
  { partition: 1, offset: 3, key: 'b', id: 5 },
];
function made(record: InputRecord, change: Partial<MadeRecord> = {}): MadeRecord {
  const { key, id, partition, offset } = record;
  return { partition, offset, key, id, fromPartition: partition, fromOffset: offset, member: 'm1', ...change };
}
const all = input.map((record) => made(record));

describe('the check of an output against its input', () => {
  it('finds nothing where each record has its one output', () => {
    expect(checkExactlyOnce(input, all)).toEqual([]);
  });

  it('finds a record without output', () => {
    expect(checkExactlyOnce(input, all.toSpliced(4, 1))).toEqual([
      '1 records of the input have no output: id 3 at 1@2',
    ]);
  });

  it('finds a record with two outputs', () => {
    expect(checkExactlyOnce(input, [...all, made(input[1]!, { offset: 9, member: 'm2' })])).toEqual([
      '1 records of the output are there again: id 2 at 0@9 by m2',
    ]);
  });

  it('finds outputs of a key out of order, and lets keys pass each other', () => {
    const [a0, a2, a4, b1, b3, b5] = all as [MadeRecord, MadeRecord, MadeRecord, MadeRecord, MadeRecord, MadeRecord];
    expect(checkExactlyOnce(input, [b1, a0, b3, a2, b5, a4])).toEqual([]);
    expect(checkExactlyOnce(input, [a0, a4, a2, b1, b3, b5])).toEqual([
      '1 records of the output come behind a later one of their key: id 2 at 0@1 by m1',
    ]);
  });

  it('finds an output that came from nowhere, from another record, or under another key', () => {
    expect(checkExactlyOnce(input, [...all, made(input[0]!, { id: 77 })])).toEqual([
      '1 records of the output come from no committed input: id 77 at 0@0 by m1',
    ]);
    expect(checkExactlyOnce(input, all.with(2, made(input[2]!, { fromOffset: 1 })))).toEqual([
      '1 records of the output name another input record: id 4 at 0@3 by m1, made from 0@1',
    ]);
    expect(checkExactlyOnce(input, all.with(5, made(input[5]!, { key: 'c' })))).toEqual([
      '1 records of the output have another key than their input: id 5 at 1@3 by m1',
    ]);
  });

  it('finds an input that was fed twice', () => {
    expect(checkExactlyOnce([...input, { partition: 1, offset: 4, key: 'b', id: 5 }], all)).toContain(
      '1 records of the input are there twice: id 5',
    );
  });

  it('reads what the pipelines write', () => {
    expect(parseMade(1, 7, 'b', madeValue('3', 1, 2, 'm1'))).toEqual(made(input[4]!, { offset: 7 }));
  });
});
