import fc from 'fast-check';
import { ByteReader } from '../../src/bytes/byte-reader.js';
import { ProtocolDecodeError } from '../../src/errors/protocol-error.js';
import { type MessageTable } from '../../src/protocol/api.js';
import { decodeResponse } from '../../src/protocol/headers.js';
import { readMessage } from '../../src/protocol/interpreter.js';
import { allApis } from '../../src/protocol/messages/index.js';
import { type Golden, loadGoldens, tables } from './support.js';

const goldens = loadGoldens();
const versions = [...tables.values()].flatMap((table) =>
  Array.from({ length: table.maxVersion - table.minVersion + 1 }, (_, i) => ({ table, version: table.minVersion + i })),
);

/** Array elements in a value: what hostile bytes could make many of. */
function elements(value: unknown): number {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 0;
  const own = Array.isArray(value) ? value.length : 0;
  return Object.values(value).reduce((sum: number, inner) => sum + elements(inner), own);
}

/** Reads; anything but a value no larger than its bytes, or a ProtocolDecodeError, fails the spec. */
function survive(message: string, version: number, bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    value = readMessage(tables.get(message)!, version, new ByteReader(bytes));
  } catch (error) {
    if (error instanceof ProtocolDecodeError) return error;
    throw error;
  }
  expect(elements(value)).toBeLessThanOrEqual(bytes.length);
  return value;
}

describe('hostile bytes', () => {
  it('random: every message in every version gives a value or ProtocolDecodeError', () => {
    for (const { table, version } of versions) {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
          survive(table.name, version, bytes);
        }),
        { numRuns: 10 },
      );
    }
  });

  it('truncated: a golden cut short anywhere is never read as whole', () => {
    for (const golden of goldens.filter((_, index) => index % 12 === 1)) {
      for (let size = 0; size < golden.bytes.length; size += 1 + (size >> 4)) {
        expect(survive(golden.message, golden.version, golden.bytes.subarray(0, size))).toBeInstanceOf(
          ProtocolDecodeError,
        );
      }
    }
  });

  it('mutated: a golden with changed bytes gives a value or ProtocolDecodeError', () => {
    const rich = goldens.filter((golden) => golden.bytes.length > 0);
    const edge = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xfe, 0xff), fc.nat(255));
    fc.assert(
      fc.property(
        fc.constantFrom(...rich),
        fc.array(fc.tuple(fc.nat(), edge), { minLength: 1, maxLength: 6 }),
        (golden: Golden, changes) => {
          const bytes = golden.bytes.slice();
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          survive(golden.message, golden.version, bytes);
        },
      ),
      { numRuns: 8000 },
    );
  });

  it.each([0x00, 0x01, 0x7f, 0x80, 0xff])('64 KiB of byte %d end at once, with no more elements than bytes', (fill) => {
    const bytes = new Uint8Array(65536).fill(fill);
    for (const { table, version } of versions) survive(table.name, version, bytes);
  });

  it('an array that claims more elements than the frame could hold is refused before it is filled', () => {
    // Metadata v1 response: one million brokers of at least 12 bytes each, in a frame of one million bytes
    const bytes = new Uint8Array(1_000_000);
    new DataView(bytes.buffer).setInt32(0, bytes.length - 4);
    const refusal = survive('MetadataResponse', 1, bytes);
    expect(refusal).toBeInstanceOf(ProtocolDecodeError);
    expect(String(refusal)).toContain('array');
  });

  it('elements that take no bytes cannot be asked for without end', () => {
    const table: MessageTable = {
      name: 'Hollow',
      minVersion: 0,
      maxVersion: 0,
      flexibleFrom: Infinity,
      fields: [['hollow', '[]struct', '0+', {}, [['later', 'int32', '1+']]]],
    };
    const bytes = Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0, 0);
    expect(() => readMessage(table, 0, new ByteReader(bytes))).toThrow(ProtocolDecodeError);
  });

  it('a response frame of random bytes gives a body or ProtocolDecodeError that names the API', () => {
    fc.assert(
      fc.property(fc.constantFrom(...allApis), fc.nat(), fc.uint8Array({ maxLength: 60 }), (api, n, frame) => {
        const version = api.minVersion + (n % (api.maxVersion - api.minVersion + 1));
        try {
          decodeResponse(api, version, frame);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolDecodeError);
          expect((error as Error).message).toContain(`${api.name} v${version}`);
          expect((error as ProtocolDecodeError).apiKey).toBe(api.key);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
