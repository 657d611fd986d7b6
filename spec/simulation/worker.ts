import { runSeed, type RunOptions } from './run-seed.js';

interface Asked extends Required<RunOptions> {
  readonly seed: number;
  readonly twice: boolean;
}

/** Seeds as the runner sends them; a result for each. Every so often one is run twice, and must come out the same. */
process.on('message', (message: Asked) => {
  void answer(message);
});
process.on('disconnect', () => process.exit(0));

/** What nobody caught, of clients that run on in later turns. */
const uncaught: string[] = [];
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    uncaught.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  });
}

async function answer({ seed, twice, keepTrace, isPatient }: Asked): Promise<void> {
  uncaught.length = 0;
  // most errors here are expected, and nobody reads where they came from
  Error.stackTraceLimit = keepTrace ? 20 : 0;
  try {
    const result = await runSeed(seed, { keepTrace, isPatient });
    const violations = [...result.violations];
    // rxjs reports what an observer throws in a turn of its own
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (const text of uncaught) violations.push({ invariant: 'no error escapes', text, at: result.virtualMs });
    if (twice) {
      const again = await runSeed(seed, { isPatient });
      if (again.hash !== result.hash)
        violations.push({
          invariant: 'a seed comes again the same way',
          text: `${result.hash}, then ${again.hash}`,
          at: 0,
        });
    }
    process.send!({ ...result, violations });
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const violations = [{ invariant: 'no error escapes', text, at: 0 }];
    process.send!({ seed, violations, hash: '', events: 0, virtualMs: 0, counts: {}, trace: null });
  }
}
