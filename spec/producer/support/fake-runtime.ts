import { VirtualTimeScheduler } from 'rxjs';
import type { Runtime } from '../../../src/model/runtime.js';

/** Virtual time for specs of the producer alone: no transport. */
export class FakeRuntime implements Runtime {
  readonly scheduler: VirtualTimeScheduler = new VirtualTimeScheduler();
  /** Holders of keepAlive. */
  alive = 0;
  #seed: number;

  constructor(seed = 1) {
    this.#seed = seed;
  }

  now(): number {
    return this.scheduler.frame;
  }

  wallClock(): number {
    return 1_700_000_000_000 + this.scheduler.frame;
  }

  random(): number {
    // a linear congruential generator is enough to be different from seed to seed
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return this.#seed / 4294967296;
  }

  connect(): never {
    throw new Error('no transport in this runtime');
  }

  keepAlive(): () => void {
    this.alive++;
    let held = true;
    return () => {
      if (held) this.alive--;
      held = false;
    };
  }

  /** Runs everything that is due within the next milliseconds. */
  advance(ms: number): void {
    const until = this.scheduler.frame + ms;
    this.scheduler.maxFrames = until;
    this.scheduler.flush();
    this.scheduler.frame = until;
  }
}
