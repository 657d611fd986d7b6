import { type World } from '../world.js';

/** Topics that get more partitions while everything works; in some worlds, with clients that look again soon. */
export class TopicGrowth {
  /** How often clients ask for metadata anew; undefined: as they would by themselves. */
  readonly metadataMaxAgeMs: number | undefined;
  readonly #world: World;
  readonly #chance;

  constructor(world: World) {
    this.#world = world;
    this.#chance = world.chance.fork('growth');
    this.metadataMaxAgeMs = this.#chance.happens(15) ? this.#chance.pick([500, 2000]) : undefined;
  }

  begin(topics: readonly string[]): void {
    if (this.metadataMaxAgeMs === undefined) return;
    for (let times = this.#chance.between(1, 2); times > 0; times--) {
      const topic = this.#chance.pick(topics);
      const more = this.#chance.between(1, 2);
      this.#world.after(this.#chance.between(1500, 9000), () => {
        const state = this.#world.state.topics.get(topic)!;
        this.#world.counts.add('topics grown');
        this.#world.trace.note(`${topic} grows by ${more}`);
        this.#world.state.extend(state, state.partitions.length + more);
      });
    }
  }
}
