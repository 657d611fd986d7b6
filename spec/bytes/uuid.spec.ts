import fc from 'fast-check';
import { readUuid, writeUuid, ZERO_UUID } from '../../src/bytes/uuid.js';

describe('uuid', () => {
  it('is base64url without padding, both ways', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64url');
        expect(readUuid(bytes, 0)).toBe(text);
        const back = new Uint8Array(18);
        writeUuid(text, back, 1);
        expect([...back]).toEqual([0, ...bytes, 0]);
      }),
    );
  });

  it('is ZERO_UUID for sixteen zeros', () => {
    expect(readUuid(new Uint8Array(16), 0)).toBe(ZERO_UUID);
  });
});
