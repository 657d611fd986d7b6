import { type Invariant } from '../invariant.js';
import { type ProducerWork } from '../workload/producer-work.js';
import { type World } from '../world.js';

/**
 * What one producer wrote lies in a partition in the order in which it was sent: all of it where the producer is idempotent, else
 * what was acknowledged (a try that was given up may still arrive late).
 */
export class LogOrder implements Invariant {
  readonly name = 'order of writing';
  readonly #world: World;
  readonly #producers: readonly ProducerWork[];

  constructor(world: World, producers: readonly ProducerWork[]) {
    this.#world = world;
    this.#producers = producers;
  }

  finish(): void {
    const producers = new Map(this.#producers.map((producer) => [producer.process.name, producer]));
    for (const topic of new Set(this.#producers.flatMap(({ topics }) => topics))) {
      for (const { partition, records } of this.#world.logs(topic)) {
        const last = new Map<string, number>();
        for (const { value, offset } of records) {
          const [name, number] = value.split('#') as [string, string];
          const producer = producers.get(name);
          if (producer === undefined) continue;
          const sent = producer.sent[Number(number)]!;
          const counts = producer.promise === 'idempotent' || (sent.state === 'acknowledged' && sent.offset === offset);
          if (!counts) continue;
          const before = last.get(name) ?? -1;
          if (sent.number < before)
            this.#world.violate(this.name, `${topic}/${partition}@${offset} is ${value}, behind ${name}#${before}`);
          last.set(name, sent.number);
        }
      }
    }
  }
}
