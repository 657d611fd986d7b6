import { type Invariant } from '../invariant.js';
import { type World } from '../world.js';

/** After everything was closed no timer, no call and no connection of a client is left. */
export class NothingLeft implements Invariant {
  readonly name = 'nothing is left after close';
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  closed(): void {
    for (const { name, isAlive, scheduler, transports, calls } of this.#world.processes) {
      if (!isAlive) continue;
      const left = [
        ...(scheduler.pending > 0 ? [`${scheduler.pending} timers`] : []),
        ...(transports.size > 0 ? [`${transports.size} connections`] : []),
        ...calls.values(),
      ];
      if (left.length > 0) this.#world.violate(this.name, `${name} has ${left.join(', ')}`);
    }
  }
}
