import fc from 'fast-check';
import { ByteReader } from '../../src/bytes/byte-reader.js';
import { ByteWriter } from '../../src/bytes/byte-writer.js';
import { unzigzag32, uvarintSize, varintSize, varlongSize, zigzag32 } from '../../src/bytes/varint.js';
import { ProtocolDecodeError } from '../../src/errors/protocol-error.js';

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(1);
  write(writer);
  return writer.toBytes();
}
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const reader = (text: string): ByteReader => new ByteReader(Buffer.from(text, 'hex'));

/** Kafka's zigzag varint by the book, in 64-bit arithmetic that the client does not use. */
function zigzagByTheBook(n: number): string {
  let rest = BigInt.asUintN(64, (BigInt(n) << 1n) ^ (BigInt(n) >> 63n));
  const bytes: number[] = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes).toString('hex');
}

describe('unsigned varints', () => {
  const published: [number, string][] = [
    [0, '00'],
    [1, '01'],
    [63, '3f'],
    [64, '40'],
    [8191, 'ff3f'],
    [8192, '8040'],
    [1048575, 'ffff3f'],
    [-1, 'ffffffff0f'],
    [-64, 'c0ffffff0f'],
    [-8192, '80c0ffff0f'],
    [-8193, 'ffbfffff0f'],
  ];
  it.each(published)('[B2] %d is %s', (value, expected) => {
    expect(
      hex(
        written((w) => {
          w.uvarint(value);
        }),
      ),
    ).toBe(expected);
    expect(reader(expected).uvarint()).toBe(value >>> 0);
    expect(uvarintSize(value)).toBe(expected.length / 2);
  });

  it('read back what was written', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (value) => {
        const bytes = written((w) => {
          w.uvarint(value);
        });
        expect(new ByteReader(bytes).uvarint()).toBe(value);
        expect(uvarintSize(value)).toBe(bytes.length);
      }),
    );
  });

  it.each(['80', 'ffffffff', 'ffffffff10', 'ffffffffff00', '80808080801'.padEnd(12, '0')])(
    'refuse %s: unfinished, or longer than 32 bits',
    (text) => {
      expect(() => reader(text).uvarint()).toThrow(ProtocolDecodeError);
    },
  );
});

describe('zigzag varints', () => {
  it.each([0, -1, 1, 63, -64, 64, -65, 2147483647, -2147483648])('write the 32-bit %d as by the book', (value) => {
    const bytes = written((w) => {
      w.varint(value);
    });
    expect(hex(bytes)).toBe(zigzagByTheBook(value));
    expect(new ByteReader(bytes).varint()).toBe(value);
    expect(varintSize(value)).toBe(bytes.length);
    expect(unzigzag32(zigzag32(value))).toBe(value);
  });

  it('write every safe integer as a 64-bit varlong as by the book', () => {
    const edges = Array.from({ length: 53 }, (_, bit) => 2 ** bit).flatMap((n) => [n - 1, n, -n, 1 - n, -n - 1]);
    const values = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(...edges.filter(Number.isSafeInteger)));
    fc.assert(
      fc.property(values, (value) => {
        const bytes = written((w) => {
          w.varlong(value);
        });
        expect(hex(bytes)).toBe(zigzagByTheBook(value));
        expect(new ByteReader(bytes).varlong()).toBe(value === 0 ? 0 : value);
        expect(varlongSize(value)).toBe(bytes.length);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['beyond 2^53 - 1', 'feffffffffffffffff01'],
    ['beyond -(2^53 - 1)', 'ffffffffffffffffff01'],
    ['longer than 64 bits', 'ffffffffffffffffff02'],
    ['with bits above the 64th', '80808080808080808002'],
    ['eleven bytes', 'ffffffffffffffffffff01'],
    ['unfinished', 'ffff'],
  ])('refuse a varlong %s', (_, text) => {
    expect(() => reader(text).varlong()).toThrow(ProtocolDecodeError);
  });
});
