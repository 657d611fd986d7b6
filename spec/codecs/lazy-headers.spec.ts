import { inspect } from 'node:util';
import { encodeHeaders, LazyHeaders, noHeaders } from '../../src/codecs/lazy-headers.js';
import { ProtocolDecodeError } from '../../src/errors/protocol-error.js';
import { UsageError } from '../../src/errors/usage-error.js';
import { type RecordHeadersInit } from '../../src/model/record-headers.js';
import { bytesOf, hexOf } from './support.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const lazy = (init: RecordHeadersInit): LazyHeaders => {
  const encoded = encodeHeaders(init)!;
  const frame = new Uint8Array(encoded.bytes.length + 6);
  frame.set(encoded.bytes, 3);
  return new LazyHeaders(frame, 3, encoded.count);
};

describe('headers of a record', () => {
  const headers = lazy([
    ['a', '1'],
    ['b', null],
    ['a', utf8('2')],
    ['', ''],
    ['ä', '€'],
  ]);

  it('keep order and repeated names', () => {
    expect([...headers].map(([name, value]) => [name, value && hexOf(value)])).toEqual([
      ['a', '31'],
      ['b', null],
      ['a', '32'],
      ['', ''],
      ['ä', 'e282ac'],
    ]);
    expect(headers.size).toBe(5);
  });

  it('answer with the last value of a name, with all of them, and tell null from none', () => {
    expect(headers.get('a')).toEqual(utf8('2'));
    expect(headers.get('b')).toBeNull();
    expect(headers.get('c')).toBeUndefined();
    expect(headers.getAll('a')).toEqual([utf8('1'), utf8('2')]);
    expect(headers.getAll('c')).toEqual([]);
    expect([headers.text('ä'), headers.text(''), headers.text('b'), headers.text('c')]).toEqual([
      '€',
      '',
      null,
      undefined,
    ]);
    expect([headers.has('b'), headers.has('c')]).toEqual([true, false]);
  });

  it('print and serialize as pairs', () => {
    expect(JSON.stringify(lazy({ x: 'y' }))).toBe('[["x","y"]]');
    expect(inspect(lazy({ x: null }))).toBe("[ [ 'x', null ] ]");
    expect([...noHeaders]).toEqual([]);
  });

  it('pass on as the same bytes', () => {
    const passed = encodeHeaders(headers)!;
    expect(passed.count).toBe(5);
    expect(hexOf(passed.bytes)).toBe(hexOf(encodeHeaders([...headers])!.bytes));
    expect(encodeHeaders(noHeaders)).toBeNull();
  });

  it.each(['04', '0461', 'ffffffffff00', '01', '02611061'])('refuse damaged bytes: %s', (hex) => {
    expect(() => [...new LazyHeaders(bytesOf(hex), 0, 1)]).toThrow(ProtocolDecodeError);
  });
});

describe('encodeHeaders', () => {
  it('takes objects, pairs and Maps; undefined leaves out', () => {
    const expected = hexOf(encodeHeaders([['a', '1']])!.bytes);
    expect(hexOf(encodeHeaders({ a: '1', b: undefined })!.bytes)).toBe(expected);
    expect(hexOf(encodeHeaders(new Map([['a', '1']]))!.bytes)).toBe(expected);
    expect([encodeHeaders(undefined), encodeHeaders({}), encodeHeaders([])]).toEqual([null, null, null]);
  });

  it('writes long names and values', () => {
    const headers = lazy([['n'.repeat(200), 'v'.repeat(20_000)]]);
    expect(headers.text('n'.repeat(200))).toBe('v'.repeat(20_000));
  });

  it('refuses what is neither text, bytes nor null', () => {
    expect(() => encodeHeaders({ a: 1 as never })).toThrow(UsageError);
    const wrong: unknown = 1;
    expect(() => encodeHeaders([[wrong as string, 'x']])).toThrow(UsageError);
    expect(() => encodeHeaders([['a', undefined as never]])).toThrow(UsageError);
  });

  it.each([5, 'a=b', true, null])('[B25] refuses %j instead of headers', (wrong) => {
    expect(() => encodeHeaders(wrong as never)).toThrow('Headers are an object, pairs or a Map');
    expect(() => encodeHeaders(wrong as never)).toThrow(UsageError);
  });
});
