import * as text from '../../src/bytes/text.js';

const samples = ['', 'abc', 'é漢😀', '\ufeffmark', 'x'.repeat(500)];

describe('decodeText', () => {
  it('gives the same text without the slice that Node has', async () => {
    const prototype = Buffer.prototype as { utf8Slice?: unknown };
    const original = Object.getOwnPropertyDescriptor(prototype, 'utf8Slice')!;
    try {
      delete prototype.utf8Slice;
      await jest.isolateModulesAsync(async () => {
        const elsewhere = await import('../../src/bytes/text.js');
        for (const sample of samples) {
          const bytes = new TextEncoder().encode(`<${sample}>`);
          expect(elsewhere.decodeText(bytes, 1, bytes.length - 1)).toBe(sample);
        }
      });
    } finally {
      Object.defineProperty(prototype, 'utf8Slice', original);
    }
  });

  it('and with it', () => {
    for (const sample of samples) {
      const bytes = new TextEncoder().encode(`<${sample}>`);
      expect(text.decodeText(bytes, 1, bytes.length - 1)).toBe(sample);
      expect(text.textSize(`<${sample}>`)).toBe(bytes.length);
    }
  });
});
