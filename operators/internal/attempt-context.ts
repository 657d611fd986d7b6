import type { Lease } from '../../src/model/lease.js';

/** What a function of `processEach` is told besides the element. @public */
export interface ProcessContext {
  /**
   * Aborted when the result is no longer wanted: `timeoutMs` is over, the stream was unsubscribed or has failed, or the
   * lease was fenced because its partition went away.
   */
  readonly signal: AbortSignal;
  /** 1 for the first try. */
  readonly attempt: number;
}

/** One try. The signal is made on first access: most functions never look at it, and it costs microseconds. */
export class AttemptContext implements ProcessContext {
  readonly attempt: number;
  #lease: Lease | null;
  #controller: AbortController | null = null;
  #aborted = false;
  #reason: unknown = undefined;
  #unfollow: (() => void) | null = null;

  constructor(attempt: number, lease: Lease) {
    this.attempt = attempt;
    this.#lease = lease;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      const controller = new AbortController();
      this.#controller = controller;
      if (this.#aborted) controller.abort(this.#reason);
      else if (this.#lease !== null) this.#follow(this.#lease.signal, controller);
    }
    return this.#controller.signal;
  }

  #follow(fenced: AbortSignal, controller: AbortController): void {
    if (fenced.aborted) {
      controller.abort(fenced.reason);
      return;
    }
    const listener = (): void => {
      controller.abort(fenced.reason);
    };
    fenced.addEventListener('abort', listener, { once: true });
    this.#unfollow = () => {
      fenced.removeEventListener('abort', listener);
    };
  }

  /** The try is over; its signal changes no more. */
  end(): void {
    this.#lease = null;
    this.#unfollow?.();
    this.#unfollow = null;
  }

  /** The try is not wanted any more. */
  abort(reason: unknown): void {
    this.end();
    this.#aborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
