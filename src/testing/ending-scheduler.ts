import { TestScheduler } from 'rxjs/testing';
import { UsageError } from '../errors/usage-error.js';

/** Things that may happen in one test; ours need a few thousand at most. */
const mostActions = 100_000;

/**
 * A scheduler that does not run for ever. A retry without a bound begins again in virtual time as long as anybody lets it, and
 * a runner's time limit cannot interrupt it: the loop has no turn in between.
 */
export class EndingScheduler extends TestScheduler {
  constructor(assertDeepEqual: (actual: unknown, expected: unknown) => void, most: number = mostActions) {
    super(assertDeepEqual);
    let frame = 0;
    let actions = 0;
    // `flush` sets the frame before each action, outside of any try: what is thrown here reaches the caller of `run`
    Object.defineProperty(this, 'frame', {
      get: () => frame,
      set: (at: number) => {
        if (++actions > most) throw endless(most, frame);
        frame = at;
      },
    });
  }
}

function endless(most: number, frame: number): UsageError {
  return new UsageError(
    `runMarbles: after ${most} actions, at ${frame}ms, the test still goes on: something begins again for ever, such as ` +
      "commit: '5ms #' where ['5ms #', '5ms (a|)'] refuses one commit, or a restart without attempts; bound it, or unsubscribe",
  );
}
