import fc from 'fast-check';
import { crc32c, crc32cPortable, installNativeCrc32c } from '../../src/bytes/crc32c.js';

/** The definition, bit by bit. */
function slow(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('crc32c', () => {
  afterEach(() => {
    installNativeCrc32c(null);
  });

  // RFC 3720, appendix B.4, and the check value of the algorithm's catalogue entry
  it.each<[string, Uint8Array, number]>([
    ['"123456789"', Buffer.from('123456789'), 0xe3069283],
    ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 ascending bytes', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['32 descending bytes', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ['nothing', new Uint8Array(0), 0],
  ])('of %s is the published value', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it('equals the definition for any part of any memory, in one go and continued', () => {
    const memory = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(memory, fc.nat(16), fc.nat(400), fc.nat(400), (bytes, shift, a, b) => {
        const shifted = new Uint8Array(bytes.length + shift).subarray(shift);
        shifted.set(bytes);
        const [start, end] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)];
        const expected = slow(bytes.subarray(start, end));
        expect(crc32c(shifted, start, end)).toBe(expected);
        const middle = (start + end) >> 1;
        expect(crc32c(shifted, middle, end, crc32c(shifted, start, middle))).toBe(expected);
      }),
    );
  });

  it('native code sees exactly the part from 256 bytes on, and nothing below', () => {
    const seen: [number, number, number | undefined][] = [];
    installNativeCrc32c((bytes, seed) => {
      seen.push([bytes.byteOffset, bytes.length, seed]);
      return -1;
    });
    const memory = new Uint8Array(1000).subarray(10);
    expect(crc32c(memory, 5, 261, 7)).toBe(0xffffffff);
    expect(crc32c(memory, 5, 260)).toBe(slow(memory.subarray(5, 260)));
    crc32c(memory);
    expect(seen).toEqual([
      [15, 256, 7],
      [10, 990, 0],
    ]);
  });

  it('the optional package computes the same, continued too', async () => {
    const { crc32c: native } = await import('@node-rs/crc32');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(3000), (bytes, cut) => {
        expect(native(bytes)).toBe(crc32cPortable(bytes));
        expect(native(bytes.subarray(cut), native(bytes.subarray(0, cut)))).toBe(crc32cPortable(bytes));
      }),
    );
  });
});
