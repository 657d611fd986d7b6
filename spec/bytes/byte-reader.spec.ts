import fc from 'fast-check';
import { ByteReader } from '../../src/bytes/byte-reader.js';
import { decodeText } from '../../src/bytes/text.js';
import { ProtocolDecodeError } from '../../src/errors/protocol-error.js';

const reader = (text: string): ByteReader => new ByteReader(Buffer.from(text, 'hex'));

describe('ByteReader', () => {
  const cases: [string, (r: ByteReader) => unknown, string, unknown][] = [
    ['int8', (r) => r.int8(), 'fe', -2],
    ['bool', (r) => r.bool(), '02', true],
    ['int16', (r) => r.int16(), '8000', -32768],
    ['uint16', (r) => r.uint16(), 'fffe', 65534],
    ['int32', (r) => r.int32(), '80000000', -2147483648],
    ['uint32', (r) => r.uint32(), 'fffffffe', 4294967294],
    ['int64', (r) => r.int64(), 'fffffffffffffffe', -2],
    ['the lowest int64', (r) => r.int64(), 'ffe0000000000001', -Number.MAX_SAFE_INTEGER],
    ['the highest int64', (r) => r.int64(), '001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['float64', (r) => r.float64(), 'bff8000000000000', -1.5],
    ['string', (r) => r.string(), '0002c3a9', 'é'],
    ['a byte order mark', (r) => r.string(), '0004efbbbf61', '\ufeffa'],
    ['null string', (r) => r.nullableString(), 'ffff', null],
    ['null compact string', (r) => r.compactNullableString(), '00', null],
    ['null bytes', (r) => r.nullableBytes(), 'ffffffff', null],
    ['null compact bytes', (r) => r.compactNullableBytes(), '00', null],
    ['null array', (r) => r.arrayLength(), 'ffffffff', -1],
    ['null compact array', (r) => r.compactArrayLength(), '00', -1],
    ['uuid', (r) => r.uuid(), '000102030405060708090a0b0c0d0eff', 'AAECAwQFBgcICQoLDA0O_w'],
    ['zero uuid', (r) => r.uuid(), '00'.repeat(16), 'AAAAAAAAAAAAAAAAAAAAAA'],
  ];
  it.each(cases)('reads %s', (_, read, bytes, expected) => {
    const r = reader(bytes);
    expect(read(r)).toBe(expected);
    expect(r.remaining).toBe(0);
  });

  it.each(cases)('refuses %s without its last byte', (_, read, bytes) => {
    expect(() => read(reader(bytes.slice(0, -2)))).toThrow(ProtocolDecodeError);
  });

  const refused: [string, (r: ByteReader) => unknown, string][] = [
    ['int64 of 2^53', (r) => r.int64(), '0020000000000000'],
    ['int64 of 2^53 + 1', (r) => r.int64(), '0020000000000001'],
    ['int64 of -2^53', (r) => r.int64(), 'ffe0000000000000'],
    ['a negative string length', (r) => r.nullableString(), 'fffe'],
    ['null for a string', (r) => r.string(), 'ffff'],
    ['null for a compact string', (r) => r.compactString(), '00'],
    ['null for bytes', (r) => r.bytes(), 'ffffffff'],
    ['null for compact bytes', (r) => r.compactBytes(), '00'],
    ['a negative bytes length', (r) => r.nullableBytes(), 'fffffffe'],
    ['a negative array length', (r) => r.arrayLength(), 'fffffffe'],
    ['an array longer than the bytes', (r) => r.arrayLength(), '7fffffff00'],
    ['an array whose elements do not fit', (r) => r.arrayLength(4), '0000000200000000000000'],
    ['a compact array longer than the bytes', (r) => r.compactArrayLength(), 'ffffffff0f00'],
    ['bytes longer than what is left', (r) => r.compactBytes(), 'ffffffff0f00'],
    [
      'a tagged field longer than what is left',
      (r) => {
        r.skipTags();
      },
      '010005aa',
    ],
    [
      'more tagged fields than there are bytes',
      (r) => {
        r.skipTags();
      },
      'ffffffff0f0000',
    ],
  ];
  it.each(refused)('refuses %s', (_, read, bytes) => {
    expect(() => read(reader(bytes))).toThrow(ProtocolDecodeError);
  });

  it('stays inside its range of the array', () => {
    const bytes = Uint8Array.of(9, 0, 2, 97, 98, 9, 9);
    const r = new ByteReader(bytes, 1, 5);
    expect(r.string()).toBe('ab');
    expect(r.position).toBe(5);
    expect(() => r.int8()).toThrow(ProtocolDecodeError);
  });

  it('[S6] gives byte strings as views, also of a view', () => {
    const bytes = Uint8Array.of(0, 0, 0, 0, 0, 2, 7, 8).subarray(2);
    const value = new ByteReader(bytes).bytes();
    expect([...value]).toEqual([7, 8]);
    expect(value.buffer).toBe(bytes.buffer);
  });

  it('reads bytes that are no UTF-8 as replacement characters, like the standard decoder', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(decodeText(bytes, 0, bytes.length)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
      }),
    );
  });
});
