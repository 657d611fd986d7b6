import { type Chance } from './chance.js';
import { type World } from './world.js';

type Fault = readonly [name: string, strike: () => void];

const groupApis = ['JoinGroup', 'SyncGroup', 'Heartbeat', 'OffsetCommit', 'OffsetFetch', 'ConsumerGroupHeartbeat'];
const transactionApis = ['InitProducerId', 'AddPartitionsToTxn', 'AddOffsetsToTxn', 'TxnOffsetCommit', 'EndTxn'];
const recordApis = ['Produce', 'Fetch', 'ListOffsets', 'OffsetForLeaderEpoch'];
const clusterApis = ['Metadata', 'FindCoordinator', 'ApiVersions'];
const allApis = [...groupApis, ...transactionApis, ...recordApis, ...clusterApis];

/** Errors that a broker gives now and then, by API; a client must live with each. */
const passing: readonly (readonly [api: string, error: string])[] = [
  ['Produce', 'NOT_ENOUGH_REPLICAS'],
  ['Produce', 'NOT_LEADER_OR_FOLLOWER'],
  ['Produce', 'REQUEST_TIMED_OUT'],
  ['Fetch', 'NOT_LEADER_OR_FOLLOWER'],
  ['Fetch', 'UNKNOWN_LEADER_EPOCH'],
  ['Fetch', 'FETCH_SESSION_ID_NOT_FOUND'],
  ['Metadata', 'LEADER_NOT_AVAILABLE'],
  ['ListOffsets', 'LEADER_NOT_AVAILABLE'],
  ['FindCoordinator', 'COORDINATOR_NOT_AVAILABLE'],
  ['OffsetCommit', 'COORDINATOR_LOAD_IN_PROGRESS'],
  ['OffsetCommit', 'NOT_COORDINATOR'],
  ['OffsetFetch', 'COORDINATOR_LOAD_IN_PROGRESS'],
  ['JoinGroup', 'COORDINATOR_NOT_AVAILABLE'],
  ['SyncGroup', 'NOT_COORDINATOR'],
  ['Heartbeat', 'COORDINATOR_NOT_AVAILABLE'],
  ['ConsumerGroupHeartbeat', 'COORDINATOR_LOAD_IN_PROGRESS'],
  ['InitProducerId', 'CONCURRENT_TRANSACTIONS'],
  ['InitProducerId', 'COORDINATOR_LOAD_IN_PROGRESS'],
  ['AddPartitionsToTxn', 'CONCURRENT_TRANSACTIONS'],
  ['TxnOffsetCommit', 'COORDINATOR_LOAD_IN_PROGRESS'],
  ['EndTxn', 'NOT_COORDINATOR'],
  ['EndTxn', 'CONCURRENT_TRANSACTIONS'],
];

/** What goes wrong, drawn from the seed: one thing every now and then, some of it for a while, until it is told to be calm. */
export class Faults {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #groups: readonly string[];
  readonly #faults: readonly Fault[];
  readonly #lifting = new Set<() => void>();
  #down: number | null = null;

  constructor(world: World, groups: readonly string[]) {
    this.#world = world;
    this.#chance = world.chance.fork('faults');
    this.#groups = groups;
    const all = this.#all();
    // a seed knows some kinds of trouble only: what many kinds at once hide shows where there are few
    const kinds = this.#chance.between(2, 8);
    this.#faults = Array.from({ length: kinds }, () => this.#chance.pick(all));
  }

  /** Strikes until then, with pauses of about so many milliseconds. */
  begin(pauseMs: number): void {
    this.#world.after(this.#chance.between(1, 2 * pauseMs), () => {
      if (this.#world.isCalm) return;
      const [name, strike] = this.#chance.pick(this.#faults);
      this.#world.counts.add(`fault: ${name}`);
      this.#world.trace.note(`fault: ${name}`);
      strike();
      this.begin(pauseMs);
    });
  }

  /** Everything works again. */
  calm(): void {
    const { cluster, processes } = this.#world;
    this.#raise();
    for (const lift of [...this.#lifting]) lift();
    for (const id of cluster.brokerIds) {
      cluster.startBroker(id);
      cluster.rejoinBroker(id);
    }
    for (const process of processes) process.heal();
  }

  #all(): readonly Fault[] {
    const { cluster } = this.#world;
    const chance = this.#chance;
    const ids = cluster.brokerIds;
    const { latencyMs, jitterMs } = cluster.wire;
    const broker = (): number => chance.pick(ids);
    // the only broker may be the one that is down: its successor is itself
    const running = (): number => chance.pick(ids.length > 1 ? ids.filter((id) => id !== this.#down) : ids);
    const catchSome = (api: string, what: Parameters<typeof cluster.intercept>[1]): void => {
      this.#for(5000, cluster.intercept(api, what, { times: chance.between(1, 3) }));
    };
    return [
      [
        'kill broker',
        () => {
          this.#strike((id) => {
            cluster.killBroker(id);
          });
        },
      ],
      [
        'stop broker',
        () => {
          this.#strike((id) => {
            cluster.stopBroker(id);
          });
        },
      ],
      [
        'pause broker',
        () => {
          this.#strike((id) => {
            cluster.pauseBroker(id);
          });
        },
      ],
      [
        'isolate broker',
        () => {
          this.#strike((id) => {
            cluster.isolateBroker(id);
          });
        },
      ],
      [
        'cut connections',
        () => {
          cluster.cutConnections(broker());
        },
      ],
      [
        'stand-still network',
        () => {
          const processes = this.#world.processes.filter(({ isAlive }) => isAlive);
          const id = broker();
          const address = `broker-${id}:9092`;
          const some = processes.filter(() => chance.happens(50));
          for (const process of some) process.stall(address);
          this.#for(chance.between(200, 8000), () => {
            for (const process of some) process.heal();
          });
        },
      ],
      [
        'move leader',
        () => {
          const { topic, partition } = this.#partition();
          const found = this.#world.state.partition(topic, partition)!;
          const to = found.isr.filter((id) => id !== this.#down && id !== found.leader);
          if (to.length > 0) cluster.moveLeader(topic, partition, chance.pick(to));
        },
      ],
      [
        'move group coordinator',
        () => {
          if (this.#groups.length === 0) return;
          const group = chance.pick(this.#groups);
          this.#moved(group);
          cluster.moveCoordinator('group', group, running());
        },
      ],
      [
        'move transaction coordinator',
        () => {
          const known = [...this.#world.state.transactions.transactions.keys()];
          if (known.length > 0) cluster.moveCoordinator('transaction', chance.pick(known), running());
        },
      ],
      [
        'expire member',
        () => {
          const group = this.#groups.length > 0 ? chance.pick(this.#groups) : '';
          const members = cluster.groupMembers(group);
          if (members.length > 0) cluster.expireMember(group, chance.pick(members));
        },
      ],
      [
        'drop request',
        () => {
          catchSome(chance.pick(allApis), { type: 'drop', when: 'before' });
        },
      ],
      [
        'drop answer',
        () => {
          catchSome(chance.pick(allApis), { type: 'drop', when: 'after' });
        },
      ],
      [
        'cut before',
        () => {
          catchSome(chance.pick(allApis), { type: 'cut', when: 'before' });
        },
      ],
      [
        'cut after',
        () => {
          catchSome(chance.pick(allApis), { type: 'cut', when: 'after' });
        },
      ],
      [
        'slow request',
        () => {
          catchSome(chance.pick(allApis), { type: 'delay', ms: chance.between(50, 4000), when: 'before' });
        },
      ],
      [
        'slow answer',
        () => {
          catchSome(chance.pick(allApis), { type: 'delay', ms: chance.between(50, 4000), when: 'after' });
        },
      ],
      [
        'error code',
        () => {
          const [api, error] = chance.pick(passing);
          catchSome(api, { type: 'error', error });
        },
      ],
      [
        'slow network',
        () => {
          const { wire } = cluster;
          wire.latencyMs = chance.between(5, 60);
          wire.jitterMs = chance.between(0, 200);
          this.#for(chance.between(500, 4000), () => {
            Object.assign(wire, { latencyMs, jitterMs });
          });
        },
      ],
      [
        'wall clock jumps',
        () => {
          // a broker refuses records from more than an hour ahead
          chance.pick(this.#world.processes).wallOffsetMs = chance.pick([-86_400_000, -60_000, 0, 1000, 3_000_000]);
        },
      ],
      [
        'damaged bytes',
        () => {
          const process = chance.pick(this.#world.processes);
          process.damage = chance.pick(['records read', 'records written', 'frame'] as const);
          this.#for(3000, () => {
            process.damage = null;
          });
        },
      ],
      [
        'throttle',
        () => {
          const api = chance.pick([null, 'Produce', 'Fetch', 'Metadata']);
          cluster.throttle(api, chance.between(100, 2000));
          this.#world.isThrottling = true;
          this.#for(chance.between(500, 3000), () => {
            cluster.throttle(api, 0);
          });
        },
      ],
    ];
  }

  /** Undone after a while, or when calm comes. */
  #for(ms: number, undo: () => void): void {
    const lift = (): void => {
      if (this.#lifting.delete(lift)) undo();
    };
    this.#lifting.add(lift);
    this.#world.after(ms, lift);
  }

  /** One broker at a time is away, so that nothing is lost that all others had. */
  #strike(how: (id: number) => void): void {
    this.#raise();
    const id = this.#chance.pick(this.#world.cluster.brokerIds);
    this.#down = id;
    const { cluster, forgotten } = this.#world;
    for (const group of this.#groups) if (cluster.coordinatorOf('group', group) === id) forgotten.add(group);
    how(id);
    this.#for(this.#chance.between(300, 6000), () => {
      if (this.#down === id) this.#raise();
    });
  }

  /** Groups that move with this one in the middle of a rebalance: what they have not written stays behind. */
  #moved(group: string): void {
    const { cluster, state, forgotten } = this.#world;
    const partition = state.coordinatorPartition('group', group);
    for (const each of this.#groups) {
      const isResting = ['Stable', 'Empty', null].includes(cluster.groupState(each));
      if (state.coordinatorPartition('group', each) === partition && !isResting) forgotten.add(each);
    }
  }

  #raise(): void {
    const id = this.#down;
    if (id === null) return;
    this.#down = null;
    this.#world.trace.note(`broker ${id} is back`);
    this.#world.cluster.startBroker(id);
    this.#world.cluster.rejoinBroker(id);
  }

  #partition(): { topic: string; partition: number } {
    const topics = [...this.#world.state.topics.values()].filter(({ internal }) => !internal);
    const { name, partitions } = this.#chance.pick(topics);
    return { topic: name, partition: this.#chance.between(0, partitions.length - 1) };
  }
}
