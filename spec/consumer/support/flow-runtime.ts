import { VirtualTimeScheduler } from 'rxjs';
import { type Runtime } from '../../../src/model/runtime.js';

/** Virtual time without a transport, for specs of the record flow alone. */
export class FlowRuntime implements Runtime {
  readonly scheduler: VirtualTimeScheduler = new VirtualTimeScheduler();
  /** Added to every reading of the clock: what a slow receiver takes. */
  spent = 0;
  #seed = 7;

  now(): number {
    return this.scheduler.frame + this.spent;
  }
  wallClock(): number {
    return 1_700_000_000_000 + this.scheduler.frame;
  }
  random(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return this.#seed / 4294967296;
  }
  connect(): never {
    throw new Error('no transport in this runtime');
  }

  /** Runs everything due within the next milliseconds; hops run too. */
  advance(ms: number): void {
    const until = this.scheduler.frame + ms;
    this.scheduler.maxFrames = until;
    this.scheduler.flush();
    this.scheduler.frame = until;
  }
  /** Runs the hops that are due. */
  hops(): void {
    this.advance(0);
  }
}
