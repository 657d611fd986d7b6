import { backoffMs } from '../../src/runtime/backoff.js';
import { hop, Timer } from '../../src/runtime/timer.js';
import { VirtualRuntime } from '../support/virtual-runtime.js';

let runtime: VirtualRuntime;
let fired: number[];
let timer: Timer;

beforeEach(() => {
  runtime = new VirtualRuntime();
  fired = [];
  timer = new Timer(runtime, () => fired.push(runtime.now()));
});

it('fires once, at its time', () => {
  timer.set(100);
  expect(timer.armed).toBe(true);
  runtime.advance(99);
  expect(fired).toEqual([]);
  runtime.advance(500);
  expect(fired).toEqual([100]);
  expect(timer.armed).toBe(false);
});

it('moves when it is set again, to earlier and to later', () => {
  timer.set(100);
  timer.set(300);
  runtime.advance(200);
  timer.set(50);
  runtime.advance(1000);
  expect(fired).toEqual([250]);
  expect(runtime.pending).toBe(0);
});

it('can be set again while it fires', () => {
  const again: Timer = new Timer(runtime, () => {
    fired.push(runtime.now());
    if (fired.length < 3) again.set(10);
  });
  again.set(0);
  runtime.advance(100);
  expect(fired).toEqual([0, 10, 20]);
});

it('does nothing after clear', () => {
  timer.set(10);
  timer.clear();
  timer.clear();
  runtime.advance(100);
  expect(fired).toEqual([]);
  expect(runtime.pending).toBe(0);
});

it('hops into a later turn of the same time, unless cancelled', () => {
  const order: string[] = [];
  hop(runtime, () => order.push('hop'));
  hop(runtime, () => order.push('cancelled'))();
  order.push('here');
  runtime.advance(0);
  expect(order).toEqual(['here', 'hop']);
});

it('backs off twice as long each time, to a limit, spread by a fifth to both sides', () => {
  const waits = (random: number): number[] => [0, 1, 2, 3, 4, 60].map((n) => backoffMs(n, 100, 1000, () => random));
  expect(waits(0.5)).toEqual([100, 200, 400, 800, 1000, 1000]);
  expect(waits(0)).toEqual([80, 160, 320, 640, 800, 800]);
  expect(waits(0.999999)).toEqual([120, 240, 480, 960, 1200, 1200]);
});
