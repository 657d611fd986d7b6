import { type Invariant } from '../invariant.js';
import { type World } from '../world.js';
import { type ProducerWork } from '../workload/producer-work.js';

/**
 * What was acknowledged by all in-sync replicas is in the log, once where the producer is idempotent. What failed is there at most
 * once, and only where the error says that it may be.
 */
export class AcknowledgedIsKept implements Invariant {
  readonly name = 'acknowledged is kept';
  readonly #world: World;
  readonly #producers: readonly ProducerWork[];

  constructor(world: World, producers: readonly ProducerWork[]) {
    this.#world = world;
    this.#producers = producers;
  }

  finish(): void {
    const places = new Map<string, string[]>();
    for (const topic of new Set(this.#producers.flatMap(({ sent }) => sent.map((record) => record.topic)))) {
      for (const { partition, records } of this.#world.logs(topic)) {
        for (const { value, offset } of records) {
          const place = `${topic}/${partition}@${offset}`;
          const known = places.get(value);
          if (known === undefined) places.set(value, [place]);
          else known.push(place);
        }
      }
    }
    for (const { sent } of this.#producers) {
      for (const { value, state, promise, topic, partition, offset, mayHaveBeenWritten } of sent) {
        const found = places.get(value) ?? [];
        if (promise === 'idempotent' && found.length > 1)
          this.#wrong(`${value} is in the log at ${found.join(' and ')}`);
        if (state === 'acknowledged' && promise !== 'leader') {
          this.#world.counts.add('proved kept');
          const place = `${topic}/${partition}@${offset}`;
          if (found.length === 0) this.#wrong(`${value} was acknowledged at ${place} and is not in the log`);
          else if (offset >= 0 && !found.includes(place))
            this.#wrong(`${value} was acknowledged at ${place}, is at ${found.join()}`);
        }
        if (state === 'failed' && !mayHaveBeenWritten && found.length > 0)
          this.#wrong(`${value} failed as certainly not written and is at ${found.join()}`);
      }
    }
  }

  #wrong(text: string): void {
    this.#world.violate(this.name, text);
  }
}
