import { type Consumer, cooperativeSticky, range } from '../../../src/index.js';
import { type ClientProcess } from '../client-process.js';
import { type World } from '../world.js';

/**
 * Two members of a group in one process, over one Kafka object. Once nothing goes wrong any more they share the topic and leave each
 * other alone: what one asks of the coordinator never waits behind the other.
 */
export class SharedProcess {
  readonly process: ClientProcess;
  readonly sessionTimeoutMs: number = 6000;
  readonly #world: World;
  readonly #topic: string;
  readonly #groupId: string;
  readonly #consumers: readonly Consumer<Uint8Array | null, Uint8Array | null>[];

  constructor(world: World, name: string, topic: string) {
    this.#world = world;
    this.#topic = topic;
    this.#groupId = name;
    const chance = world.chance.fork(`pair ${name}`);
    this.process = world.process(name);
    const kafka = this.process.kafka({ requestTimeoutMs: chance.pick([2000, 5000]), connectTimeoutMs: 2000 });
    const protocol = chance.pick(['eager', 'cooperative', 'consumer'] as const);
    const { sessionTimeoutMs } = this;
    this.#consumers = [0, 1].map(() =>
      kafka.consumer({
        topics: topic,
        groupId: name,
        commit: false,
        autoOffsetReset: 'latest',
        rebalanceTimeoutMs: 10_000,
        ...(protocol === 'consumer'
          ? { groupProtocol: protocol }
          : {
              assignors: [protocol === 'eager' ? range : cooperativeSticky],
              sessionTimeoutMs,
              heartbeatIntervalMs: chance.pick([500, 1000, 2000]),
            }),
      }),
    );
    for (const consumer of this.#consumers) {
      consumer.events$.subscribe(({ type }) => {
        world.trace.note(`${name} ${type}`);
      });
      this.process.user.schedule(
        () => {
          consumer.records$.subscribe({
            next: ({ lease }) => lease.ack(),
            error: (error: unknown) => {
              const text = error instanceof Error ? error.message : String(error);
              world.violate('no stream fails', `${name}: ${text}`);
            },
          });
        },
        chance.between(0, 4000),
      );
    }
  }

  /** What they lack for a group that has settled. */
  behind(): string[] {
    const { cluster, state } = this.#world;
    const partitions = state.topics.get(this.#topic)!.partitions.length;
    const held = this.#consumers.map(({ assignment }) => assignment.length);
    const members = cluster.groupMembers(this.#groupId).length;
    const isShared = held[0]! + held[1]! === partitions && Math.abs(held[0]! - held[1]!) <= 1;
    if (isShared && members === 2 && cluster.groupState(this.#groupId) === 'Stable') return [];
    return [`${this.#groupId} has ${members} members that hold ${held.join(' and ')} of ${partitions} partitions`];
  }
}
