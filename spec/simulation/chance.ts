import { seededRandom } from '../../src/testing/broker/seeded-random.js';

/** What a seed decides, drawn from a stream of its own for each purpose: more draws in one place change nothing in another. */
export class Chance {
  readonly random: () => number;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.random = seededRandom(seed);
  }

  fork(purpose: string): Chance {
    let mixed = this.#seed | 0;
    for (let at = 0; at < purpose.length; at++) mixed = Math.imul(mixed ^ purpose.charCodeAt(at), 0x01000193);
    return new Chance((mixed ^ (mixed >>> 13)) >>> 0);
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1));
  }

  happens(percent: number): boolean {
    return this.random() * 100 < percent;
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random() * from.length)]!;
  }
}
