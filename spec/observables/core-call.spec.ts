import { UsageError } from '../../src/errors/usage-error.js';
import type { Done } from '../../src/model/done.js';
import { coreCall } from '../../src/observables/core-call.js';
import { hop } from '../../src/runtime/timer.js';
import { VirtualRuntime } from '../support/virtual-runtime.js';

/** Subscribed: what came out of it. */
function watch(
  runtime: VirtualRuntime,
  start: (done: Done<number>) => () => void,
): { heard: unknown[]; stop: () => void } {
  const heard: unknown[] = [];
  const subscription = coreCall<number>(runtime, start).subscribe({
    next: (value) => heard.push(value),
    error: (error: unknown) => heard.push(error),
    complete: () => heard.push('complete'),
  });
  return {
    heard,
    stop: () => {
      subscription.unsubscribe();
    },
  };
}

describe('a call into the core', () => {
  it('holds the process until it is answered', () => {
    const runtime = new VirtualRuntime();
    const { heard } = watch(runtime, (done) =>
      hop(runtime, () => {
        done(null, 7);
      }),
    );
    expect([runtime.alive, heard]).toEqual([1, []]);
    runtime.advance(1);
    expect([runtime.alive, heard]).toEqual([0, [7, 'complete']]);
  });

  it('that is refused in the stack of the subscription lets the process end [B146]', () => {
    const runtime = new VirtualRuntime();
    const refusal = new UsageError('not held');
    const { heard } = watch(runtime, () => {
      throw refusal;
    });
    expect([runtime.alive, heard]).toEqual([0, [refusal]]);
  });

  it('that nobody waits for any more is cancelled and lets the process end', () => {
    const runtime = new VirtualRuntime();
    let cancelled = 0;
    const { heard, stop } = watch(runtime, () => () => cancelled++);
    stop();
    expect([runtime.alive, cancelled, heard]).toEqual([0, 1, []]);
  });
});
