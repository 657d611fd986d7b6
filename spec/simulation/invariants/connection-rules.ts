import { type Invariant } from '../invariant.js';
import { type SentRequest, type WireTap } from '../wire-tap.js';
import { type World } from '../world.js';

/** What a broker answers when it likes: whatever is behind it on the connection waits. */
const held: ReadonlySet<string> = new Set(['JoinGroup', 'SyncGroup', 'Fetch']);

/** Nothing is sent behind a request that the broker may hold, and nothing while it asked to be left alone (KIP-219). */
export class ConnectionRules implements Invariant {
  readonly name = 'connections';
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  sent(request: SentRequest, { inFlight, quietUntil, process, address }: WireTap): void {
    const { now } = this.#world.clock;
    if (now < quietUntil)
      this.#world.violate(
        this.name,
        `${process.name} sends ${request.api} to ${address}, which asked for silence until ${quietUntil}`,
      );
    for (const { api } of inFlight)
      if (held.has(api))
        this.#world.violate(this.name, `${process.name} sends ${request.api} to ${address} behind ${api}`);
    if (quietUntil > 0) this.#world.counts.add('sent after throttling');
  }
}
