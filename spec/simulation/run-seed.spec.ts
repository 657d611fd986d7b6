import { runSeed } from './run-seed.js';

// short worlds; npm run simulate plays the long ones
describe('a simulated world', () => {
  it('holds, and comes again the same way', async () => {
    const first = await runSeed(3);
    expect(first.violations).toEqual([]);
    expect((await runSeed(3)).hash).toBe(first.hash);
  }, 60_000);

  it('is another one with another seed', async () => {
    expect((await runSeed(49)).hash).not.toBe((await runSeed(3)).hash);
  }, 60_000);
});
