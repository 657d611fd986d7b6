import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { noHeaders } from '../../src/codecs/lazy-headers.js';
import { type Serde, type SerdeContext } from '../../src/model/serde.js';
import { bytes } from '../../src/serde/bytes.js';
import { json } from '../../src/serde/json.js';
import { float64, int32, int64 } from '../../src/serde/numbers.js';
import { nullable, serde } from '../../src/serde/serde.js';
import { utf8 } from '../../src/serde/utf8.js';
import { uuid } from '../../src/serde/uuid.js';

const ctx: SerdeContext = { topic: 't', headers: noHeaders, part: 'value' };
const write = <T>(subject: Serde<T>, value: T): string | null => {
  const written = subject.serialize(value, ctx);
  return written === null ? null : Buffer.from(written).toString('hex');
};
const read = <T>(subject: Serde<T>, hex: string | null): T =>
  subject.deserialize(hex === null ? null : new Uint8Array(Buffer.from(`00${hex}`, 'hex')).subarray(1), ctx);

describe("Java's serializers", () => {
  const rows = JSON.parse(readFileSync(join(__dirname, '..', 'goldens', 'codecs', 'java-serdes.json'), 'utf8')) as [
    string,
    never,
    string,
  ][];
  const subjects: Record<string, Serde<never>> = { int32, int64, float64, uuid, utf8 } as never;

  it.each(rows)('%s of %j is %s, both ways', (name, value, hex) => {
    const subject = subjects[name]!;
    expect(subject.name).toBe(name);
    expect(write(subject, value)).toBe(hex);
    expect(read(subject, hex)).toBe(value);
  });
});

describe('null', () => {
  it.each([utf8, int32, int64, float64, uuid, json()] as Serde<unknown>[])(
    'is an error for $name, read or written',
    (subject) => {
      expect(() => read(subject, null)).toThrow(`nullable(${subject.name})`);
      if (subject.name !== 'json') expect(() => subject.serialize(null, ctx)).toThrow();
    },
  );

  it('passes through nullable, everything else through the inner serde', () => {
    for (const subject of [nullable(utf8), nullable(json<string>())]) {
      expect(read(subject, null)).toBeNull();
      expect(write(subject, null)).toBeNull();
      expect(read(subject, write(subject, 'x'))).toBe('x');
    }
  });

  it('nullable of a deserializer is one', () => {
    const subject = nullable({ name: 'length', deserialize: (given: Uint8Array | null) => given!.length });
    expect(subject.deserialize(null, ctx)).toBeNull();
    expect(subject.deserialize(new Uint8Array(3), ctx)).toBe(3);
    expect('serialize' in subject).toBe(false);
  });
});

describe('wrong values', () => {
  it.each<[string, () => unknown]>([
    ['int32 of 3 bytes', () => read(int32, '000000')],
    ['int64 of 4 bytes', () => read(int64, '00000000')],
    ['float64 of 9 bytes', () => read(float64, '000000000000000000')],
    ['int64 beyond 2^53', () => read(int64, '0020000000000000')],
    ['int32 of a fraction', () => write(int32, 1.5)],
    ['int32 beyond 32 bits', () => write(int32, 2 ** 31)],
    ['int64 beyond 2^53', () => write(int64, 2 ** 53)],
    ['float64 of text', () => write(float64, '1' as never)],
    ['utf8 of a number', () => write(utf8, 1 as never)],
    ['bytes of text', () => write(bytes, 'x' as never)],
    ['uuid of another text', () => write(uuid, 'not a uuid')],
    ['uuid read from another text', () => read(uuid, '00')],
    ['json of undefined', () => write(json(), undefined)],
    ['json of malformed text', () => read(json(), '7b')],
  ])('%s throws a plain Error', (_, work) => {
    expect(work).toThrow(Error);
  });
});

describe('json', () => {
  it('round trip, with null as a value of its own', () => {
    const subject = json();
    for (const value of [{ a: [1, 'ü', null] }, null, 0, ''])
      expect(read(subject, write(subject, value))).toEqual(value);
  });

  it('passes what it read through parse', () => {
    const subject = json((raw) => ({ parsed: raw }));
    expect(read(subject, Buffer.from('[1]').toString('hex'))).toEqual({ parsed: [1] });
  });
});

describe('bytes', () => {
  it('gives back what it got, null included', () => {
    const given = new Uint8Array([1, 2]);
    expect(bytes.serialize(given, ctx)).toBe(given);
    expect(bytes.deserialize(given, ctx)).toBe(given);
    expect([bytes.serialize(null, ctx), bytes.deserialize(null, ctx)]).toEqual([null, null]);
  });
});

describe('utf8', () => {
  it('replaces malformed bytes, as Java does, and keeps a byte order mark', () => {
    expect(read(utf8, '61ff62')).toBe('a\ufffdb');
    expect(read(utf8, 'efbbbf61')).toBe('\ufeffa');
  });
});

describe('serde', () => {
  it('is made from two functions', () => {
    const upper = serde<string>(
      'upper',
      (value) => Buffer.from(value.toUpperCase()),
      (given) => Buffer.from(given!).toString().toLowerCase(),
    );
    expect(upper.name).toBe('upper');
    expect(write(upper, 'a')).toBe('41');
    expect(read(upper, '41')).toBe('a');
  });
});
