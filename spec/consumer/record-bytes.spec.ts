import fc from 'fast-check';
import { behindNumber, behindPart, numberAt, RecordBytes } from '../../src/consumer/record-bytes.js';

/** The zigzag varint of a 32-bit number, by the book. */
function zigzag(value: number): number[] {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  const out: number[] = [];
  for (; rest > 127; rest >>>= 7) out.push((rest & 127) | 128);
  return [...out, rest];
}

describe('RecordBytes', () => {
  it('makes views of the bytes it was given, wherever they lie in their buffer', () => {
    const whole = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]);
    const source = new RecordBytes(whole.subarray(2));
    const view = source.view(1, 3)!;
    expect([...view]).toEqual([3, 4, 5]);
    expect(view.buffer).toBe(whole.buffer);
  });

  it('tells null from empty', () => {
    const source = new RecordBytes(new Uint8Array(4));
    expect(source.view(1, -1)).toBeNull();
    expect(source.view(1, 0)).toEqual(new Uint8Array(0));
  });

  it('reads lengths of one to five bytes and finds what stands behind them', () => {
    const numbers = fc.oneof(
      fc.constantFrom(-1, 0, 63, 64, 8191, 8192, 1048575, 1048576, 134217727, 134217728, 2147483647, -2147483648),
      fc.integer(),
    );
    fc.assert(
      fc.property(numbers, fc.nat(3), (value, before) => {
        const encoded = zigzag(value);
        const bytes = Uint8Array.from([...new Array<number>(before).fill(255), ...encoded, 255]);
        expect(numberAt(bytes, before)).toBe(value);
        expect(behindNumber(bytes, before)).toBe(before + encoded.length);
      }),
    );
  });

  it('passes over a part of any length, and over null', () => {
    for (const length of [0, 1, 63, 64, 300, 9000]) {
      const prefix = zigzag(length);
      const bytes = Uint8Array.from([...prefix, ...new Array<number>(length).fill(7)]);
      expect(behindPart(bytes, 0)).toBe(prefix.length + length);
    }
    expect(behindPart(Uint8Array.from(zigzag(-1)), 0)).toBe(1);
  });
});
