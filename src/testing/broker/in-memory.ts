import { type SchedulerLike, VirtualTimeScheduler } from 'rxjs';
import { type Runtime, type Transport } from '../../model/runtime.js';
import { apiHandlers } from './api-handlers.js';
import { ClusterControls } from './cluster-controls.js';
import { type ClusterOptions, clusterSettings } from './cluster-options.js';
import { ClusterState } from './cluster-state.js';
import { checkNames } from './option-names.js';
import { seededRandom } from './seeded-random.js';
import { BrokerConnection } from './wire/broker-connection.js';
import { MemoryTransport, type Wire } from './wire/memory-transport.js';

/** A cluster in memory, and the time it lives in. @public */
export interface InMemoryOptions extends ClusterOptions {
  /** Time of client and brokers. @defaultValue a new `VirtualTimeScheduler` */
  readonly scheduler?: SchedulerLike | undefined;
  /** Decides everything that is left to chance on both sides. @defaultValue 1 */
  readonly seed?: number | undefined;
  /** Milliseconds since the epoch when the scheduler stands at 0. @defaultValue 1700000000000 */
  readonly wallClockMs?: number | undefined;
  /** How bytes travel. @defaultValue 1 ms one way, no jitter */
  readonly wire?: Partial<Wire> | undefined;
}

/**
 * A Kafka cluster in memory that is the `Runtime` of its clients: give it to `Kafka` with its `bootstrapServers`. Nothing
 * happens but when the scheduler runs, so the same seed and the same calls give the same trace.
 * @public
 */
export class InMemoryCluster extends ClusterControls implements Runtime {
  readonly scheduler: SchedulerLike;
  /** How bytes travel; may be changed at any time. */
  readonly wire: Wire;
  /** Added to the wall clock: change it to make the clock jump, which no deadline may notice. */
  wallClockOffsetMs = 0;
  readonly #wallClockMs: number;
  readonly #random: () => number;
  readonly #transports: Runtime;

  /** @internal */
  constructor(options: InMemoryOptions) {
    const scheduler = options.scheduler ?? new VirtualTimeScheduler();
    const seed = options.seed ?? 1;
    const wallClockMs = options.wallClockMs ?? 1_700_000_000_000;
    const random = seededRandom(seed ^ 0x5eed);
    // brokers draw from a stream of their own: what they draw does not depend on what clients ask for
    const brokers: Runtime = {
      scheduler,
      now: () => scheduler.now(),
      wallClock: () => this.wallClock(),
      random,
      connect: () => {
        throw new TypeError('Brokers connect to nobody');
      },
    };
    const settings = clusterSettings(options, ['scheduler', 'seed', 'wallClockMs', 'wire']);
    checkNames('The wire of a cluster in memory', options.wire ?? {}, ['latencyMs', 'jitterMs']);
    const state = new ClusterState(brokers, settings, (id) => ({ host: `broker-${id}`, port: 9092 }));
    super(state);
    this.scheduler = scheduler;
    this.#wallClockMs = wallClockMs;
    this.#random = seededRandom(seed);
    this.#transports = brokers;
    this.wire = { latencyMs: 1, jitterMs: 0, ...options.wire };
  }

  now(): number {
    return this.scheduler.now();
  }

  wallClock(): number {
    return this.#wallClockMs + this.wallClockOffsetMs + this.scheduler.now();
  }

  random(): number {
    return this.#random();
  }

  /** As `Runtime` has it: a channel to the broker of that address. */
  connect(host: string, port: number): Transport {
    const broker = [...this.state.brokers.values()].find((each) => each.host === host && each.port === port);
    return new MemoryTransport(this.#transports, this.wire, `${host}:${port}`, (peer) => {
      if (broker === undefined || broker.state === 'down') return 'refused';
      if (broker.isolated) return 'silent';
      return new BrokerConnection(this.state, broker, apiHandlers, peer, 'memory');
    });
  }
}

/**
 * A Kafka cluster in memory and virtual time.
 *
 * @example
 * ```ts
 * const scheduler = new VirtualTimeScheduler();
 * const cluster = inMemory({ scheduler, seed: 7 });
 * cluster.createTopic('orders', { partitions: 3 });
 * const kafka = new Kafka({ bootstrapServers: cluster.bootstrapServers, runtime: cluster });
 * kafka.producer({ valueSerializer: utf8 }).send({ topic: 'orders', value: 'one' }).subscribe();
 * scheduler.flush();
 * ```
 * @public
 */
export function inMemory(options: InMemoryOptions = {}): InMemoryCluster {
  return new InMemoryCluster(options);
}
