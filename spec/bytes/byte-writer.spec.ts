import fc from 'fast-check';
import { ByteReader } from '../../src/bytes/byte-reader.js';
import { ByteWriter } from '../../src/bytes/byte-writer.js';
import { ZERO_UUID } from '../../src/bytes/uuid.js';
import { UsageError } from '../../src/errors/usage-error.js';

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(1);
  write(writer);
  return writer.toBytes();
}
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('primitives', () => {
  const cases: [string, (w: ByteWriter) => void, string][] = [
    [
      'int8',
      (w) => {
        w.int8(-2);
      },
      'fe',
    ],
    [
      'bool',
      (w) => {
        w.bool(true);
      },
      '01',
    ],
    [
      'int16',
      (w) => {
        w.int16(-2);
      },
      'fffe',
    ],
    [
      'uint16',
      (w) => {
        w.uint16(65534);
      },
      'fffe',
    ],
    [
      'int32',
      (w) => {
        w.int32(-2147483648);
      },
      '80000000',
    ],
    [
      'uint32',
      (w) => {
        w.uint32(4294967294);
      },
      'fffffffe',
    ],
    [
      'int64',
      (w) => {
        w.int64(-2);
      },
      'fffffffffffffffe',
    ],
    [
      'the lowest int64',
      (w) => {
        w.int64(-Number.MAX_SAFE_INTEGER);
      },
      'ffe0000000000001',
    ],
    [
      'the highest int64',
      (w) => {
        w.int64(Number.MAX_SAFE_INTEGER);
      },
      '001fffffffffffff',
    ],
    [
      'float64',
      (w) => {
        w.float64(-1.5);
      },
      'bff8000000000000',
    ],
    [
      'string',
      (w) => {
        w.string('é');
      },
      '0002c3a9',
    ],
    [
      'null string',
      (w) => {
        w.nullableString(null);
      },
      'ffff',
    ],
    [
      'bytes',
      (w) => {
        w.bytes(Uint8Array.of(1, 2));
      },
      '000000020102',
    ],
    [
      'null bytes',
      (w) => {
        w.nullableBytes(null);
      },
      'ffffffff',
    ],
    [
      'null array',
      (w) => {
        w.arrayLength(-1);
      },
      'ffffffff',
    ],
    [
      'uuid',
      (w) => {
        w.uuid('AAECAwQFBgcICQoLDA0ODw');
      },
      '000102030405060708090a0b0c0d0e0f',
    ],
    [
      'zero uuid',
      (w) => {
        w.uuid(ZERO_UUID);
      },
      '00'.repeat(16),
    ],
  ];
  it.each(cases)('%s', (_, write, expected) => {
    expect(hex(written(write))).toBe(expected);
  });

  it('[B3] null compact string, array and bytes are 00, empty ones 01', () => {
    expect(
      hex(
        written((w) => {
          w.compactNullableString(null);
          w.compactArrayLength(-1);
          w.compactNullableBytes(null);
        }),
      ),
    ).toBe('000000');
    expect(
      hex(
        written((w) => {
          w.compactString('');
          w.compactArrayLength(0);
          w.compactBytes(new Uint8Array(0));
        }),
      ),
    ).toBe('010101');
  });

  it('[B3] compact string, array and bytes are read as written', () => {
    const names = ['foo', 'bar', 'baz', 'quux'];
    const bytes = written((w) => {
      w.compactString('foobarbaz');
      w.compactArrayLength(names.length);
      for (const name of names) w.compactString(name);
      w.compactBytes(Buffer.from('foo'));
    });
    const reader = new ByteReader(bytes);
    expect(reader.compactString()).toBe('foobarbaz');
    expect(Array.from({ length: reader.compactArrayLength() }, () => reader.compactString())).toEqual(names);
    expect(Buffer.from(reader.compactBytes()).toString()).toBe('foo');
    expect(reader.remaining).toBe(0);
  });

  const refused: [string, (w: ByteWriter) => void][] = [
    [
      'int8 128',
      (w) => {
        w.int8(128);
      },
    ],
    [
      'int16 32768',
      (w) => {
        w.int16(32768);
      },
    ],
    [
      'uint16 -1',
      (w) => {
        w.uint16(-1);
      },
    ],
    [
      'int32 2147483648',
      (w) => {
        w.int32(2147483648);
      },
    ],
    [
      'int32 NaN',
      (w) => {
        w.int32(Number.NaN);
      },
    ],
    [
      'uint32 -1',
      (w) => {
        w.uint32(-1);
      },
    ],
    [
      'int64 2^53',
      (w) => {
        w.int64(2 ** 53);
      },
    ],
    [
      'varlong 0.5',
      (w) => {
        w.varlong(0.5);
      },
    ],
    [
      'a string of 32768 bytes',
      (w) => {
        w.string('x'.repeat(32768));
      },
    ],
    [
      'a short uuid',
      (w) => {
        w.uuid('AAAA');
      },
    ],
    [
      'a uuid with a foreign letter',
      (w) => {
        w.uuid('AAAAAAAAAAAAAAAAAAAA=A');
      },
    ],
    [
      'a uuid with bits beyond its 16 bytes',
      (w) => {
        w.uuid('AAAAAAAAAAAAAAAAAAAAAB');
      },
    ],
  ];
  it.each(refused)('refuses %s instead of writing something else', (_, write) => {
    expect(() => written(write)).toThrow(UsageError);
  });

  it('writes any text as UTF-8, like Node', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const bytes = written((w) => {
          w.compactString(text);
        });
        const reader = new ByteReader(bytes);
        const size = reader.uvarint() - 1;
        expect(hex(reader.raw(size))).toBe(Buffer.from(text, 'utf8').toString('hex'));
        expect(new ByteReader(bytes).compactString()).toBe(Buffer.from(text, 'utf8').toString('utf8'));
      }),
    );
  });

  it('writes a lone surrogate as U+FFFD', () => {
    const textOf = (text: string): string =>
      hex(
        written((w) => {
          w.string(text);
        }),
      );
    expect(textOf('a\ud800b')).toBe('000561efbfbd62');
    expect(textOf('\ud800é')).toBe('0005efbfbdc3a9');
    expect(textOf('\udc00')).toBe('0003efbfbd');
  });

  it('writes any sequence of UTF-16 units like Node', () => {
    const units = fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd700, max: 0xe0ff }), fc.nat(0x7f));
    fc.assert(
      fc.property(fc.array(units, { maxLength: 70 }), (codes) => {
        const text = String.fromCharCode(...codes);
        const bytes = written((w) => {
          w.string(text);
        });
        expect(hex(bytes.subarray(2))).toBe(Buffer.from(text, 'utf8').toString('hex'));
        expect(new ByteReader(bytes).int16()).toBe(bytes.length - 2);
      }),
    );
  });
});

describe('segments', () => {
  const big = (fill: number): Uint8Array => new Uint8Array(600).fill(fill);

  it('hold chunks by reference between what was written before and after', () => {
    const first = big(1);
    const second = big(2);
    const writer = new ByteWriter(4);
    writer.int16(1);
    writer.chunk(first);
    writer.chunk(second);
    writer.int32(7);
    expect(writer.size).toBe(2 + 600 + 600 + 4);
    const segments = writer.finish();
    expect(segments.map((segment) => segment.length)).toEqual([2, 600, 600, 4]);
    expect(segments[1]).toBe(first);
    expect(segments[2]).toBe(second);
    expect(hex(segments[3]!)).toBe('00000007');
  });

  it('take short chunks as copies', () => {
    const short = Uint8Array.of(1, 2, 3);
    const writer = new ByteWriter();
    writer.int8(0);
    writer.chunk(short);
    short[0] = 9;
    expect(writer.finish().map(hex)).toEqual(['00010203']);
  });

  it('keep what was sealed when the buffer grows', () => {
    const writer = new ByteWriter(8);
    writer.int32(0x01020304);
    writer.chunk(big(0));
    writer.int32(5);
    writer.raw(big(3));
    writer.patchInt32(0, 0x0a0b0c0d);
    writer.patchInt32(604, 6);
    const bytes = writer.toBytes();
    expect(bytes.length).toBe(4 + 600 + 4 + 600);
    expect(hex(bytes.subarray(0, 4))).toBe('0a0b0c0d');
    expect(hex(bytes.subarray(604, 608))).toBe('00000006');
    expect(bytes[1207]).toBe(3);
  });

  it.each([0, 1, 127, 128, 300, 20000])('insert the size of %d bytes before them', (size) => {
    const writer = new ByteWriter(8);
    writer.int8(9);
    const start = writer.size;
    writer.raw(new Uint8Array(size).fill(5));
    writer.insertSize(start);
    writer.int8(8);
    const reader = new ByteReader(writer.toBytes());
    expect(reader.int8()).toBe(9);
    expect(reader.uvarint()).toBe(size);
    expect(Buffer.from(reader.raw(size)).equals(Buffer.alloc(size, 5))).toBe(true);
    expect(reader.int8()).toBe(8);
    expect(reader.remaining).toBe(0);
  });

  it('refuse to insert a size over a chunk', () => {
    const writer = new ByteWriter();
    writer.chunk(big(1));
    expect(() => {
      writer.insertSize(0);
    }).toThrow(UsageError);
  });
});

describe('the memory of writers', () => {
  const written = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

  it("is nobody else's, however many are open and whatever they grow to", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            writer: fc.nat(5),
            length: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 700 })),
            end: fc.boolean(),
          }),
          {
            maxLength: 60,
          },
        ),
        (steps) => {
          const open = new Map<number, { writer: ByteWriter; expected: Uint8Array[] }>();
          const ended: { bytes: Uint8Array; expected: Uint8Array }[] = [];
          steps.forEach(({ writer: id, length, end }, step) => {
            let entry = open.get(id);
            if (entry === undefined) open.set(id, (entry = { writer: new ByteWriter(), expected: [] }));
            entry.expected.push(written(length, step + 1));
            entry.writer.raw(written(length, step + 1));
            if (!end) return;
            open.delete(id);
            ended.push({ bytes: entry.writer.toBytes(), expected: Buffer.concat(entry.expected) });
          });
          for (const { writer, expected } of open.values()) {
            ended.push({ bytes: writer.toBytes(), expected: Buffer.concat(expected) });
          }
          for (const { bytes, expected } of ended) expect(Buffer.compare(bytes, expected)).toBe(0);
        },
      ),
    );
  });

  it('is common for short ones, each with as much as it has written', () => {
    const pieces = Array.from({ length: 300 }, (_, at) => {
      const writer = new ByteWriter();
      writer.raw(written(50, at));
      return writer.toBytes();
    });
    pieces.forEach((bytes, at) => {
      expect(Buffer.compare(bytes, written(50, at))).toBe(0);
    });
    // 15,000 bytes fit one slab, or the rest of one and the next
    expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBeLessThanOrEqual(2);
  });

  it('stays its own when another writer ends that has grown out of the slab, to where the slab is used by chance', () => {
    // whatever was used: the next one begins a slab
    new ByteWriter(16_384).finish();
    const grown = new ByteWriter(128);
    const open = new ByteWriter(128);
    grown.raw(written(128, 1));
    grown.int8(1);
    open.raw(written(100, 2));
    grown.finish();
    new ByteWriter().raw(written(100, 3));
    expect(Buffer.compare(open.toBytes(), written(100, 2))).toBe(0);
  });

  it('is not touched by a writer that goes on after its end', () => {
    const first = new ByteWriter();
    first.int32(1);
    first.finish();
    const second = new ByteWriter();
    second.int32(2);
    first.int32(3);
    expect(hex(second.toBytes())).toBe('00000002');
  });
});
