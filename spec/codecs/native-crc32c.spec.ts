import { crc32c, crc32cPortable } from '../../src/bytes/crc32c.js';
import { accelerateCrc32c, crc32Package } from '../../src/codecs/native-crc32c.js';

it('JavaScript computes until the package is there, the package afterwards, with the same result', async () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);
  let calls = 0;
  const restore = crc32Package.replaceLoader(async () => {
    const loaded = await import('@node-rs/crc32');
    return {
      crc32c: (input: Uint8Array, seed?: number) => {
        calls++;
        return loaded.crc32c(input, seed);
      },
    };
  });
  accelerateCrc32c();
  accelerateCrc32c();
  const before = crc32c(bytes);
  expect(calls).toBe(0);
  await new Promise<void>((resolve) => {
    crc32Package.load(resolve);
  });
  expect(crc32c(bytes)).toBe(before);
  expect(calls).toBe(1);
  expect(before).toBe(crc32cPortable(bytes));
  restore();
});
