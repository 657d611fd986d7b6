import { type Invariant } from '../invariant.js';
import { type World } from '../world.js';

/** No log holds a sequence number of a producer id and epoch twice. */
export class NoBatchTwice implements Invariant {
  readonly name = 'no batch twice';
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  finish(): void {
    for (const { name, partitions } of this.#world.state.topics.values()) {
      for (const { index, log } of partitions) {
        const seen = new Map<string, number>();
        for (const { header, baseOffset } of log.batches) {
          const { producerId, producerEpoch, baseSequence, lastOffsetDelta, isControl } = header;
          if (producerId < 0 || isControl) continue;
          for (let n = 0; n <= lastOffsetDelta; n++) {
            const key = `${producerId}/${producerEpoch}/${baseSequence + n}`;
            const before = seen.get(key);
            if (before !== undefined)
              this.#world.violate(this.name, `${name}/${index} has ${key} at ${before} and ${baseOffset + n}`);
            seen.set(key, baseOffset + n);
          }
        }
        this.#world.counts.add('sequences', seen.size);
      }
    }
  }
}
