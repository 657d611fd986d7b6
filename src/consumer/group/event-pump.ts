import { type Cancel } from '../../model/done.js';
import { type Runtime } from '../../model/runtime.js';
import { hop } from '../../runtime/timer.js';

/**
 * Hands events to a state machine, one after the other, each with everything it brings about, so that nothing nests. Commands
 * from outside are acted on in a turn of their own: the owner is not called back in the stack of its own call.
 */
export class EventPump<E> {
  readonly #runtime: Runtime;
  readonly #handle: (event: E) => void;
  readonly #events: E[] = [];
  #running = false;
  #closed = false;
  #cancelCommands: Cancel | null = null;

  constructor(runtime: Runtime, handle: (event: E) => void) {
    this.#runtime = runtime;
    this.#handle = handle;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** From outside. */
  command(event: E): void {
    if (this.#closed) return;
    this.#events.push(event);
    if (this.#running) return;
    this.#cancelCommands ??= hop(this.#runtime, () => {
      this.#run();
    });
  }

  /** From a timer or an answer, which have a turn of their own already. */
  now(event: E): void {
    if (this.#closed) return;
    this.#events.push(event);
    if (!this.#running) this.#run();
  }

  close(): void {
    this.#closed = true;
    this.#events.length = 0;
    this.#cancelCommands?.();
  }

  #run(): void {
    this.#cancelCommands?.();
    this.#cancelCommands = null;
    this.#running = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#handle(next);
    } finally {
      this.#running = false;
    }
  }
}
