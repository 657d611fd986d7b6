import { ZERO_UUID } from '../../src/bytes/uuid.js';
import { type FieldTable } from '../../src/protocol/api.js';
import { inRange, isDefault } from '../../src/protocol/field-table.js';

describe('a version range', () => {
  it.each([
    ['3+', [3, 4, 99], [0, 2]],
    ['2-4', [2, 3, 4], [1, 5]],
    ['5', [5], [4, 6]],
    ['10-12', [10, 12], [1, 9, 13]],
  ])('%s', (range, inside, outside) => {
    expect(inside.every((version) => inRange(range, version))).toBe(true);
    expect(outside.some((version) => inRange(range, version))).toBe(false);
  });

  it('that is missing holds nothing', () => {
    expect(inRange(undefined, 0)).toBe(false);
  });
});

describe('a value counts as the default', () => {
  const empty = new Uint8Array(0);
  const inner: FieldTable[] = [
    ['a', 'int32', '0+', { default: -1 }],
    ['b', 'string', '0+'],
  ];
  const cases: [string, FieldTable, unknown[], unknown[]][] = [
    ['number', ['f', 'int32', '0+'], [0, undefined], [1, null]],
    ['number with default', ['f', 'int64', '0+', { default: -1 }], [-1, undefined], [0]],
    ['number with a default we cannot hold', ['f', 'int64', '0+', { default: undefined }], [undefined], [0, -1]],
    ['bool', ['f', 'bool', '0+', { default: true }], [true], [false]],
    ['string', ['f', 'string', '0+'], ['', undefined], ['x', null]],
    ['string, null by default', ['f', 'string', '0+', { nullable: '0+', default: null }], [null, undefined], ['', 'x']],
    ['uuid', ['f', 'uuid', '0+'], [ZERO_UUID], ['AAECAwQFBgcICQoLDA0ODw']],
    ['bytes', ['f', 'bytes', '0+'], [empty, [], [empty]], [Uint8Array.of(1), [Uint8Array.of(1)], null]],
    ['bytes, null by default', ['f', 'bytes', '0+', { nullable: '0+', default: null }], [null], [empty, [empty]]],
    ['records', ['f', 'records', '0+'], [null, undefined], [empty, [], Uint8Array.of(1)]],
    ['array', ['f', '[]int32', '0+'], [[], undefined], [[0], null]],
    ['array, null by default', ['f', '[]int32', '0+', { nullable: '0+', default: null }], [null, undefined], [[], [1]]],
    ['array of bytes', ['f', '[]bytes', '0+'], [[]], [[empty]]],
    ['struct', ['f', 'struct', '0+', {}, inner], [{}, { a: -1 }, { a: -1, b: '' }], [{ a: 0 }, { b: 'x' }, null]],
    ['struct, null by default', ['f', 'struct', '0+', { default: null }, inner], [null, undefined], [{}, { a: -1 }]],
  ];
  it.each(cases)('%s', (_, table, defaults, others) => {
    expect(defaults.filter((value) => !isDefault(table, value))).toEqual([]);
    expect(others.filter((value) => isDefault(table, value))).toEqual([]);
  });
});
