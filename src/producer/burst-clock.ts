import { type Runtime } from '../model/runtime.js';

/** Records of one turn that share a reading, besides the one that took it. */
const sharedReadings = 15;

/**
 * Wall clock for records without a timestamp. Reading it costs as much as encoding a short record, so a burst shares a
 * reading as long as `sameTurn` holds.
 */
export class BurstClock {
  readonly #runtime: Runtime;
  readonly #sameTurn: () => boolean;
  #time = 0;
  #left = 0;

  /** @param sameTurn - false when the last reading may be of an earlier turn */
  constructor(runtime: Runtime, sameTurn: () => boolean) {
    this.#runtime = runtime;
    this.#sameTurn = sameTurn;
  }

  wallClock(): number {
    if (this.#left > 0 && this.#sameTurn()) {
      this.#left--;
      return this.#time;
    }
    this.#left = sharedReadings;
    // timestamps are whole milliseconds, whatever a runtime's clock gives
    return (this.#time = Math.floor(this.#runtime.wallClock()));
  }
}
