import { asyncScheduler, interval, take, timer, toArray, lastValueFrom } from 'rxjs';
import { nodeRuntime } from '../../../src/runtime/node/node-runtime.js';

const runtime = nodeRuntime();
const resources = (): string[] => process.getActiveResourcesInfo().filter((name) => !name.endsWith('Wrap'));

it('runs zero delays as macrotasks, in order', async () => {
  const order: string[] = [];
  const hops = new Promise<void>((resolve) => {
    runtime.scheduler.schedule(() => order.push('first'));
    runtime.scheduler.schedule(() => {
      order.push('second');
      resolve();
    });
  });
  void Promise.resolve().then(() => order.push('microtask'));
  await hops;
  expect(order).toEqual(['microtask', 'first', 'second']);
});

it('is a scheduler that RxJS operators can use', async () => {
  const started = runtime.now();
  await expect(lastValueFrom(interval(2, runtime.scheduler).pipe(take(3), toArray()))).resolves.toEqual([0, 1, 2]);
  await expect(lastValueFrom(timer(5, runtime.scheduler))).resolves.toBe(0);
  expect(runtime.now() - started).toBeGreaterThanOrEqual(9);
});

it('does not run what was unsubscribed', async () => {
  let ran = 0;
  const soon = runtime.scheduler.schedule(() => ran++);
  const later = runtime.scheduler.schedule(() => ran++, 1);
  soon.unsubscribe();
  later.unsubscribe();
  await lastValueFrom(timer(10, asyncScheduler));
  expect(ran).toBe(0);
});

it('keeps the process by its own handle only, while at least one needs it', () => {
  const before = resources();
  const action = runtime.scheduler.schedule(() => undefined, 60_000);
  expect(resources()).toEqual(before);
  const release = [runtime.keepAlive!(), runtime.keepAlive!()];
  expect(resources().length).toBe(before.length + 1);
  release[0]!();
  release[0]!();
  expect(resources().length).toBe(before.length + 1);
  release[1]!();
  expect(resources()).toEqual(before);
  action.unsubscribe();
});

it('has a clock that goes on and one that tells the time', () => {
  const first = runtime.now();
  expect(runtime.now()).toBeGreaterThanOrEqual(first);
  expect(Math.abs(runtime.wallClock() - Date.now())).toBeLessThan(1000);
  expect(runtime.random()).not.toBe(runtime.random());
});
