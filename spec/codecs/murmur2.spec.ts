import fc from 'fast-check';
import murmurhash from 'murmurhash';
import { murmur2, toPositive } from '../../src/codecs/murmur2.js';
import { bytesOf, golden } from './support.js';

describe('murmur2', () => {
  it('[P19, P20, S8] equals org.apache.kafka.common.utils.Utils.murmur2', () => {
    const rows = golden('java-murmur2') as [string, number][];
    expect(rows.length).toBeGreaterThan(40);
    for (const [hex, expected] of rows) expect([hex, murmur2(bytesOf(hex))]).toEqual([hex, expected]);
  });

  it('[S8] equals the package murmurhash, for parts of arrays too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), fc.nat(100), (bytes, a, b) => {
        const [start, end] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)];
        expect(murmur2(bytes, start, end)).toBe(murmurhash.v2(bytes.subarray(start, end), 0x9747b28c) | 0);
      }),
      { numRuns: 1000 },
    );
  });

  it('toPositive clears the sign bit', () => {
    expect([0, 5, -1, -2147483648, 2147483647].map(toPositive)).toEqual([0, 5, 2147483647, 0, 2147483647]);
  });
});
