import fc from 'fast-check';
import { ProtocolDecodeError } from '../../src/errors/protocol-error.js';
import { FrameReader, maxFrameBytes } from '../../src/network/frame-reader.js';
import { framed } from './framed.js';

const frames: Uint8Array[] = [];
const damage: Error[] = [];
let reader: FrameReader;

beforeEach(() => {
  frames.length = 0;
  damage.length = 0;
  reader = new FrameReader(
    (frame) => frames.push(frame),
    (error) => damage.push(error),
  );
});

/** As a socket does: fills what it is handed, in reads of at most `size` bytes. */
function read(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length;) {
    const room = reader.next();
    expect(room.length).toBeGreaterThan(0);
    const part = Math.min(room.length, bytes.length - at, size);
    room.set(bytes.subarray(at, at + part));
    reader.filled(part);
    at += part;
  }
}

it('cuts any frames out of any pieces, read directly or pushed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 400 }),
      fc.boolean(),
      (bodies, size, push) => {
        frames.length = 0;
        reader = new FrameReader(
          (frame) => frames.push(frame),
          (error) => damage.push(error),
        );
        const bytes = framed(...bodies);
        if (push) for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
        else read(bytes, size);
        expect(frames.map((frame) => [...frame])).toEqual(bodies.map((body) => [...body]));
        expect(reader.partial).toBe(0);
      },
    ),
  );
});

it('hands out frames that later reads do not overwrite', () => {
  read(framed(new Uint8Array(10).fill(1)), 100);
  read(framed(new Uint8Array(10).fill(2)), 100);
  expect([...frames[0]!]).toEqual(new Array(10).fill(1));
});

it('puts short frames side by side into slabs of 4 KiB, longer ones each into memory of its own', () => {
  const bodies = Array.from({ length: 200 }, (_, at) => new Uint8Array(100 + at * 3).fill(at));
  read(framed(...bodies), 5000);
  expect(frames).toHaveLength(200);
  frames.forEach((frame, at) => {
    expect(Buffer.compare(frame, bodies[at]!)).toBe(0);
    expect(frame.buffer.byteLength).toBe(frame.length < 512 ? 4096 : frame.length);
  });
  const slabs = new Set(frames.filter((frame) => frame.length < 512).map(({ buffer }) => buffer));
  // 41,814 bytes, of which no slab loses more than 511
  expect(slabs.size).toBeLessThanOrEqual(12);
});

it('shares the scratch buffer between readers: each keeps only what it has begun, however their reads alternate', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), { minLength: 2, maxLength: 3 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }),
      (bodies, sizes) => {
        const streams = bodies.map((own) => {
          const cut: Uint8Array[] = [];
          const bytes = framed(...own);
          const one = new FrameReader(
            (frame) => cut.push(frame),
            (error) => damage.push(error),
          );
          return { own, cut, bytes, one, at: 0 };
        });
        for (let turn = 0; streams.some(({ at, bytes }) => at < bytes.length); turn++) {
          const stream = streams[turn % streams.length]!;
          const room = stream.one.next();
          const part = Math.min(room.length, stream.bytes.length - stream.at, sizes[turn % sizes.length]!);
          room.set(stream.bytes.subarray(stream.at, stream.at + part));
          stream.one.filled(part);
          stream.at += part;
        }
        for (const { own, cut, one } of streams) {
          expect(cut.map((frame) => [...frame])).toEqual(own.map((body) => [...body]));
          expect(one.partial).toBe(0);
        }
        expect(streams[0]!.one.next().buffer).toBe(streams[1]!.one.next().buffer);
      },
    ),
  );
});

it.each([1, 2, 3])('keeps %i bytes of a length while another reader reads', (part) => {
  const body = new Uint8Array(0x010203).fill(7);
  const bytes = framed(body);
  const other = new FrameReader(
    () => undefined,
    (error) => damage.push(error),
  );
  read(bytes.subarray(0, part), part);
  other.next().fill(0xff, 0, 64);
  other.filled(2);
  read(bytes.subarray(part), 65536);
  expect(damage).toEqual([]);
  expect(frames).toHaveLength(1);
  expect(Buffer.compare(frames[0]!, body)).toBe(0);
});

it('hands out what a frame holds before another reader reads, also from inside of it', () => {
  const inner: Uint8Array[] = [];
  const other = new FrameReader(
    (frame) => inner.push(frame),
    (error) => damage.push(error),
  );
  const outer: Uint8Array[] = [];
  const one = new FrameReader(
    (frame) => {
      outer.push(frame);
      other.push(framed(new Uint8Array(20).fill(9)));
    },
    (error) => damage.push(error),
  );
  const bytes = framed(new Uint8Array(20).fill(1), new Uint8Array(20).fill(2));
  one.next().set(bytes);
  one.filled(bytes.length);
  expect(outer.map((frame) => [...frame])).toEqual([new Array(20).fill(1), new Array(20).fill(2)]);
  expect(inner.map((frame) => [...frame])).toEqual([new Array(20).fill(9), new Array(20).fill(9)]);
});

it('reads a frame beyond the scratch buffer straight into its own memory', () => {
  const body = new Uint8Array(1_000_000).map((_, i) => i);
  const bytes = framed(body);
  read(bytes.subarray(0, 1000), 1000);
  const room = reader.next();
  expect(room.length).toBe(bytes.length - 1000);
  read(bytes.subarray(1000), 65536);
  expect(frames[0]!.buffer).toBe(room.buffer);
  expect(Buffer.compare(frames[0]!, body)).toBe(0);
});

it.each([-1, -2147483648, maxFrameBytes + 1, 2147483647])('refuses a length of %i before it allocates', (length) => {
  const prefix = Buffer.alloc(8);
  prefix.writeInt32BE(length);
  reader.push(framed(new Uint8Array(3)));
  reader.push(prefix);
  reader.push(framed(new Uint8Array(3)));
  expect(frames).toHaveLength(1);
  expect(damage).toHaveLength(1);
  expect(damage[0]).toBeInstanceOf(ProtocolDecodeError);
  expect(damage[0]!.message).toContain(String(length));
});

it('gives nothing after it was stopped in the middle of a read', () => {
  const seen: number[] = [];
  const stopping: FrameReader = new FrameReader(
    (frame) => {
      seen.push(frame.length);
      stopping.stop();
    },
    (error) => damage.push(error),
  );
  stopping.push(framed(new Uint8Array(1), new Uint8Array(2), new Uint8Array(3)));
  expect(seen).toEqual([1]);
});

it('says how much of a frame is there', () => {
  reader.push(framed(new Uint8Array(100)).subarray(0, 40));
  expect(reader.partial).toBe(40);
});
