import fc from 'fast-check';
import { FrameCutter, maxRequestBytes } from '../../../../src/testing/broker/wire/frame-cutter.js';
import { framed, lengthPrefix } from '../../../network/framed.js';

const frames: Uint8Array[] = [];
let damaged = 0;
let cutter: FrameCutter;

beforeEach(() => {
  frames.length = 0;
  damaged = 0;
  cutter = new FrameCutter(
    (frame) => frames.push(frame),
    () => damaged++,
  );
});

it('cuts any frames out of any pieces', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 10 }),
      (bodies, sizes) => {
        frames.length = 0;
        const bytes = framed(...bodies);
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const end = at + sizes[turn % sizes.length]!;
          cutter.push(bytes.subarray(at, end));
          at = end;
        }
        expect(frames.map((frame) => [...frame])).toEqual(bodies.map((body) => [...body]));
        expect(damaged).toBe(0);
      },
    ),
  );
});

it('gives every frame memory of its own', () => {
  const bytes = framed(new Uint8Array(10).fill(1));
  cutter.push(bytes);
  bytes.fill(2);
  expect([...frames[0]!]).toEqual(new Array(10).fill(1));
});

it.each([-1, -2147483648, maxRequestBytes + 1])('takes nothing more after a length of %i', (size) => {
  cutter.push(framed(new Uint8Array(3)));
  cutter.push(lengthPrefix(size).subarray(0, 2));
  expect(damaged).toBe(0);
  cutter.push(lengthPrefix(size).subarray(2));
  cutter.push(framed(new Uint8Array(3)));
  expect(frames).toHaveLength(1);
  expect(damaged).toBe(1);
});

it('gives nothing after it was stopped in the middle of a piece', () => {
  const seen: number[] = [];
  const stopping: FrameCutter = new FrameCutter(
    (frame) => {
      seen.push(frame.length);
      stopping.stop();
    },
    () => damaged++,
  );
  stopping.push(framed(new Uint8Array(1), new Uint8Array(2)));
  stopping.push(framed(new Uint8Array(3)));
  expect(seen).toEqual([1]);
});
