import { type Runtime } from '../model/runtime.js';
import { hop } from '../runtime/timer.js';
import { type Refused } from './accumulator.js';
import { endFlushWaiters } from './produce-batch.js';

/** Records that never got into a batch: their receivers are told one hop later, never in the stack of the call. */
export class Refusals {
  readonly #runtime: Runtime;
  readonly #told: () => void;
  readonly #threw: (error: unknown) => void;
  readonly #waiting: { readonly record: Refused; readonly error: unknown }[] = [];

  /** @param told - runs after the receivers of one hop were told */
  constructor(runtime: Runtime, told: () => void, threw: (error: unknown) => void) {
    this.#runtime = runtime;
    this.#told = told;
    this.#threw = threw;
  }

  add(record: Refused, error: unknown): void {
    this.#waiting.push({ record, error });
    if (this.#waiting.length > 1) return;
    hop(this.#runtime, () => {
      this.tell();
      this.#told();
    });
  }

  /** Now, for a caller that is in a hop of its own. */
  tell(): void {
    for (const { record, error } of this.#waiting.splice(0)) {
      try {
        record.receiver.failed(record.token, error);
        record.receiver.flushed();
      } catch (thrown) {
        this.#threw(thrown);
      }
      endFlushWaiters(record);
    }
  }
}
